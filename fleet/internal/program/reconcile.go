package program

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/reconcile"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// meanings explains each kind of finding.
var meanings = map[reconcile.Kind]string{
	reconcile.Missing: "the line is not decided yet",
	reconcile.Similar: "the server has an order that matches an undecided line",
	reconcile.Double:  "the server has a second order that matches the line",
	reconcile.Stray: "an account of the run has an order that belongs to no line, " +
		"neither similar nor double",
	reconcile.Ghost:     "the line was carried out, but its order or configuration is missing or differs",
	reconcile.Cancelled: "the order was placed, but is now cancelled at the server",
	reconcile.Failed:    "the server accepted the cancellation, but the order is FILLED or SETTLED",
	reconcile.Review:    "a person has to decide the line with fleet decide",
	reconcile.Refused:   "the line is refused; a person must act if more than one percent of the lines are",
}

// reconcile compares a run with the orders or configurations at the server, and prints a
// report.
func (v *invocation) reconcile() func(context.Context) error {
	name := v.flags.String("run", "", "the `name` of the run")
	path := v.flags.String(
		"csv",
		os.DevNull,
		"the `file` for all findings, as CSV with the columns finding,subject,order,detail",
	)
	until := v.flags.String(
		"until",
		"",
		"ignore orders that were created after this `time`, such as 2026-03-31T00:00:00Z",
	)
	return func(ctx context.Context) (err error) {
		run, err := v.run(ctx, *name)
		if err != nil {
			return err
		}
		end, err := parseTime("-until", *until)
		if err != nil {
			return err
		}
		client, err := newClient(upvest.WithLimiter(pace.New(v.ledger)))
		if err != nil {
			return err
		}
		out, err := os.Create(*path)
		if err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		report := newReport(out)
		shown := newProgress(v.errors)
		r := reconcile.Reconciliation{
			Ledger: v.ledger, Client: client, Run: run, Until: end, Found: report.add,
			Progress: func(read int) { shown.showf("%d read from the server", read) },
		}
		read, err := r.All(ctx)
		shown.end()
		if err != nil {
			return err
		}
		if err := report.flush(); err != nil {
			return err
		}
		counts, err := v.ledger.Count(ctx, run.ID)
		if err != nil {
			return err
		}
		return report.print(v.out, run, counts, read)
	}
}

func parseTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf(
			"%s %s is not a time such as 2026-03-31T12:00:00Z",
			name,
			operation.Quote(text),
		)
	}
	return at, nil
}

// report counts findings, and writes each one to a CSV file.
type report struct {
	counts map[reconcile.Kind]int
	csv    *csv.Writer
}

func newReport(out io.Writer) *report {
	r := &report{counts: map[reconcile.Kind]int{}, csv: csv.NewWriter(out)}
	// flush reports the first error of the writer
	_ = r.csv.Write([]string{"finding", "subject", "order", "detail"})
	return r
}

func (r *report) add(f reconcile.Finding) error {
	r.counts[f.Kind]++
	order := ""
	if f.Order.Valid {
		order = f.Order.UUID.String()
	}
	return r.csv.Write([]string{string(f.Kind), f.Subject.String(), order, f.Detail})
}

func (r *report) flush() error {
	r.csv.Flush()
	if err := r.csv.Error(); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	return nil
}

// print prints the report, and returns errPerson if a person has to act on a finding.
func (r *report) print(out io.Writer, run ledger.Run, counts ledger.Counts, read int) error {
	o, err := operation.Named(run.Operation)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(
		out,
		"run %s: %d lines, %d done, %d found, %d of these under way; %d read from the server\n",
		run.Name,
		counts.Total(),
		counts.Done,
		counts.Found,
		reconcile.UnderWay(o, counts),
		read,
	)
	needsPerson := counts.Refused*100 > counts.Total()
	for _, kind := range reconcile.Kinds() {
		if err == nil {
			_, err = fmt.Fprintf(out, "  %-9s  %9d  %s\n", kind, r.counts[kind], meanings[kind])
		}
		if kind != reconcile.Refused && r.counts[kind] > 0 {
			needsPerson = true
		}
	}
	if err == nil && needsPerson {
		return errPerson
	}
	return err
}
