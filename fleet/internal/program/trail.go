package program

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
)

// export writes every line of a run with its result as CSV, in a form that fleet enqueue
// accepts.
func (v *invocation) export() func(context.Context) error {
	name := v.flags.String("run", "", "the `name` of the run")
	outcome := v.flags.String("outcome", "", "only lines with this `outcome`, such as refused")
	return func(ctx context.Context) error {
		run, err := v.run(ctx, *name)
		if err != nil {
			return err
		}
		o, err := operation.Named(run.Operation)
		if err != nil {
			return err
		}
		out := csv.NewWriter(v.out)
		// the CSV writer keeps its first error
		_ = out.Write(slices.Concat(o.Columns(), exported))
		err = v.ledger.Items(ctx, run.ID, func(item ledger.Item) error {
			if *outcome != "" && string(item.Outcome) != *outcome {
				return nil
			}
			resource := ""
			if item.Resource.Valid {
				resource = item.Resource.UUID.String()
			}
			result := []string{string(item.Outcome), resource, item.State, item.Detail}
			return out.Write(slices.Concat([]string{item.Subject.String()}, item.Fields, result))
		})
		out.Flush()
		return errors.Join(err, out.Error())
	}
}

// restored marks the ledger as restored from a dump, or lifts the mark.
func (v *invocation) restored() func(context.Context) error {
	since := v.flags.String("since", "", "the `time` of the dump, such as 2026-03-31T12:00:00Z")
	lift := v.flags.Bool(
		"lift",
		false,
		"lift the mark; use this after all runs since the time of the dump are decided and reconciled",
	)
	return func(ctx context.Context) error {
		at, err := parseTime("-since", *since)
		if err != nil {
			return err
		}
		switch {
		case at.IsZero() != *lift:
			return errors.New("use -since TIME or -lift")
		case *lift:
			if err := v.ledger.LiftRestored(ctx); err != nil {
				return err
			}
			_, err = fmt.Fprintln(v.out, "the mark is lifted: workers send lines without a lookup again")
			return errors.Join(err, v.record(ctx, "restored", "", "lifted"))
		}
		if err := v.ledger.MarkRestored(ctx, at); err != nil {
			return err
		}
		_, err = fmt.Fprintf(
			v.out,
			"until you run fleet restored -lift, workers send a line only after "+
				"a lookup that covers the time from %s on\n",
			*since,
		)
		return errors.Join(err, v.record(ctx, "restored", "", "since %s", *since))
	}
}

// audit prints the commands that changed something, with the user and the time of each
// command.
func (v *invocation) audit() func(context.Context) error {
	return func(ctx context.Context) error {
		out := csv.NewWriter(v.out)
		// the CSV writer keeps its first error
		_ = out.Write([]string{"at", "who", "command", "run", "detail"})
		err := v.ledger.Trail(ctx, func(e ledger.Entry) error {
			return out.Write([]string{e.At.UTC().Format(time.RFC3339), e.Who, e.Command, e.Run, e.Detail})
		})
		out.Flush()
		return errors.Join(err, out.Error())
	}
}
