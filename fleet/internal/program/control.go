package program

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
)

// run checks the name in the flag -run, and returns the run with that name.
func (v *invocation) run(ctx context.Context, name string) (ledger.Run, error) {
	if err := checkRunName(name); err != nil {
		return ledger.Run{}, err
	}
	return v.ledger.Run(ctx, name)
}

// onRun registers the flag -run, and returns a function that calls `do` with the named
// run. The audit trail records the command with the detail that `do` returns.
func (v *invocation) onRun(
	command string, do func(context.Context, *queue.Queue, ledger.Run) (detail string, err error),
) func(context.Context) error {
	name := v.flags.String("run", "", "the `name` of the run")
	return func(ctx context.Context) error {
		run, err := v.run(ctx, *name)
		if err != nil {
			return err
		}
		q, err := v.queue()
		if err != nil {
			return err
		}
		detail, err := do(ctx, q, run)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(v.out, "run %s: %s\n", run.Name, detail)
		return errors.Join(err, v.record(ctx, command, run.Name, "%s", detail))
	}
}

// pause stops sending the lines of a run until an operator resumes the run.
func (v *invocation) pause() func(context.Context) error {
	return v.onRun("pause", func(ctx context.Context, _ *queue.Queue, run ledger.Run) (string, error) {
		return "paused: results of requests in progress are still recorded", v.ledger.SetState(
			ctx,
			run.ID,
			ledger.Paused,
		)
	})
}

// resume resumes a run that was paused, or that the fleet itself holds.
func (v *invocation) resume() func(context.Context) error {
	return v.onRun("resume", func(ctx context.Context, _ *queue.Queue, run ledger.Run) (string, error) {
		return "running", errors.Join(
			v.ledger.SetState(ctx, run.ID, ledger.Running),
			v.ledger.Unhold(ctx, run.ID),
		)
	})
}

// cancel cancels a run for good, and drops the open lines that no attempt can have
// carried out. In a database that is marked as restored, it drops no line.
func (v *invocation) cancel() func(context.Context) error {
	return v.onRun("cancel", func(ctx context.Context, q *queue.Queue, run ledger.Run) (string, error) {
		dropped, err := q.Cancel(ctx, run)
		return fmt.Sprintf(
			"cancelled %d lines; lines that may have been carried out are still looked up",
			dropped,
		), err
	})
}

// priority sets how urgent a run is.
func (v *invocation) priority() func(context.Context) error {
	priority := v.flags.Int("priority", 0, "`priority` from 1 (the most urgent) to 4")
	return v.onRun("priority", func(ctx context.Context, _ *queue.Queue, run ledger.Run) (string, error) {
		if err := checkPriority(*priority); err != nil {
			return "", err
		}
		return fmt.Sprintf("priority %d", *priority), v.ledger.SetPriority(ctx, run.ID, *priority)
	})
}

// retry reopens the refused lines of a run, so that workers resend these lines.
func (v *invocation) retry() func(context.Context) error {
	refused := v.flags.Bool("refused", false, "retry the refused lines; this flag is required")
	return v.onRun("retry", func(ctx context.Context, q *queue.Queue, run ledger.Run) (string, error) {
		if !*refused {
			return "", errors.New("-refused is missing: set it, because only refused lines can be retried")
		}
		retried, err := q.Retry(ctx, run)
		return fmt.Sprintf("%d refused lines will be sent again", retried), err
	})
}

// decide decides a line that needs review.
func (v *invocation) decide() func(context.Context) error {
	subject := v.flags.String("subject", "", "the `id` of the line: its account, or the order to cancel")
	order := v.flags.String("order", "", "the line is done, and this `order` belongs to it")
	done := v.flags.Bool("done", false, "the line is done and has no order")
	refused := v.flags.Bool("refused", false, "the line is refused and will not be sent")
	send := v.flags.Bool("send", false, "no attempt has acted: send the line again")
	return v.onRun("decide", func(ctx context.Context, q *queue.Queue, run ledger.Run) (string, error) {
		id, err := operation.ParseID(*subject)
		if err != nil {
			return "", fmt.Errorf("-subject: %w", err)
		}
		end, err := decision(*order, *done, *refused, *send)
		if err != nil {
			return "", err
		}
		kind, err := operation.Named(run.Operation)
		if err != nil {
			return "", err
		}
		if *done && kind.MakesOrders() {
			return "", errors.New("-done is for lines without an order: " +
				"name the order of this line with -order")
		}
		end.Detail = "decided by " + who()
		return fmt.Sprintf(
				"%s was decided as %s, order %q",
				id,
				end.Outcome,
				*order,
			), q.Decide(
				ctx,
				run,
				id,
				end,
			)
	})
}

// decision returns the decision that the four flags express. It returns an error unless
// exactly one of them is set.
func decision(order string, done, refused, send bool) (end ledger.End, err error) {
	chosen := 0
	if order != "" {
		chosen++
		id, err := operation.ParseID(order)
		if err != nil {
			return end, fmt.Errorf("-order: %w", err)
		}
		end = ledger.End{Outcome: ledger.Found, Resource: uuid.NullUUID{UUID: id, Valid: true}}
	}
	for outcome, isChosen := range map[ledger.Outcome]bool{
		ledger.Found: done, ledger.Refused: refused, ledger.Open: send,
	} {
		if isChosen {
			chosen++
			end.Outcome = outcome
		}
	}
	if chosen != 1 {
		return end, errors.New("use exactly one of -order, -done, -refused and -send")
	}
	return end, nil
}
