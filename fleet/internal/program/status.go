package program

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/reconcile"
)

// standing is the state of a run. The command fleet status -json prints it as JSON.
type standing struct {
	Run       string          `json:"run"`
	Operation string          `json:"operation"`
	State     ledger.RunState `json:"state"`
	Priority  int             `json:"priority"`
	// Held is the reason why the fleet holds this run or all runs.
	Held string `json:"held,omitempty"`
	// Restored is the time of the dump if the ledger is marked as restored.
	Restored string `json:"restored,omitempty"`
	Total    int    `json:"total"`
	Decided  int    `json:"decided"`
	ledger.Counts
	// WithoutJob is how many undecided lines have no job.
	WithoutJob int `json:"without_job"`
	// UnderWay is how many confirmed lines have a state at the server that is not final,
	// or that the fleet has not read yet.
	UnderWay int `json:"under_way"`
	// CancelledOrders is how many of the confirmed orders the server has cancelled.
	CancelledOrders int `json:"cancelled_orders"`
	// FollowedAt is when a worker last began to read the states of orders from the
	// server.
	FollowedAt string `json:"followed_at,omitempty"`
}

// moves reports whether workers still have lines of the run to decide.
func (s standing) moves() bool {
	return s.Decided < s.Total && s.State != ledger.Paused && s.WithoutJob < s.Total-s.Decided
}

// status prints the state of a run once or, with the flag -watch, repeatedly until the
// workers have nothing left to do.
func (v *invocation) status() func(context.Context) error {
	name := v.flags.String("run", "", "the `name` of the run, the latest by default")
	watch := v.flags.Bool("watch", false, "repeat until the workers have nothing left to do")
	asJSON := v.flags.Bool("json", false, "print JSON")
	return func(ctx context.Context) error {
		run, err := v.ledger.Run(ctx, *name)
		if err != nil {
			return err
		}
		s, err := v.standing(ctx, run)
		if err != nil {
			return err
		}
		if *watch {
			s = v.watch(ctx, s)
		}
		if *asJSON {
			encoder := json.NewEncoder(v.out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(s)
		}
		if *watch {
			return nil
		}
		return s.print(v.out)
	}
}

func (v *invocation) standing(ctx context.Context, run ledger.Run) (s standing, err error) {
	o, err := operation.Named(run.Operation)
	if err != nil {
		return s, err
	}
	s = standing{
		Run:       run.Name,
		Operation: run.Operation,
		State:     run.State,
		Priority:  run.Priority,
		Held:      run.Held,
	}
	// The jobs are counted before the lines. If a job ends between the counts, the number
	// of lines without a job is too small. It is too large only if a command adds lines
	// between the counts.
	live, err := queue.Live(ctx, v.ledger, run.ID)
	if err != nil {
		return s, err
	}
	counts, err := v.ledger.Count(ctx, run.ID)
	if err != nil {
		return s, err
	}
	s.Counts = counts
	settings, err := v.ledger.Settings(ctx)
	if err != nil {
		return s, err
	}
	if settings.Halted != "" {
		s.Held = settings.Halted
	}
	if !settings.Restored.IsZero() {
		s.Restored = settings.Restored.UTC().Format(time.RFC3339)
	}
	if !run.Followed.IsZero() {
		s.FollowedAt = run.Followed.UTC().Format(time.RFC3339)
	}
	s.Total = counts.Total()
	s.Decided = counts.Decided()
	s.WithoutJob = max(0, counts.Open()-live)
	s.UnderWay = reconcile.UnderWay(o, counts)
	if o.MakesOrders() {
		s.CancelledOrders = s.States[operation.StateCancelled]
	}
	return s, nil
}

func (s standing) print(out io.Writer) error {
	state := string(s.State)
	if s.Held != "" {
		state += ", held: " + s.Held
	}
	if s.Restored != "" {
		state += ", restored from a dump of " + s.Restored + ": every line is looked up before it is sent"
	}
	followed := "not read from the server yet"
	if s.FollowedAt != "" {
		followed = "as of " + s.FollowedAt
	}
	_, err := fmt.Fprintf(out, `run %s (%s, priority %d): %d of %d lines decided
  state        %s
  done         %9d  confirmed by the server
  found        %9d  found at the server by a lookup or by a person
  refused      %9d  refused and not carried out; fleet retry sends them again
  review       %9d  a person has to decide them with fleet decide
  cancelled    %9d  cancelled and not sent, or sent without effect
  unknown      %9d  sent, but not known yet whether carried out
  waiting      %9d  not sent yet, or sent without effect
  without job  %9d  unknown or waiting without a job; enqueue the file again
  under way    %9d  done or found, but not settled at the server (%s)
  withdrawn    %9d  done or found, but cancelled at the server since then
`, s.Run, s.Operation, s.Priority, s.Decided, s.Total, state, s.Done, s.Found, s.Refused, s.Review,
		s.Cancelled,
		s.Unknown, s.Waiting, s.WithoutJob, s.UnderWay, followed, s.CancelledOrders)
	return err
}

// watch shows a progress bar until the workers have nothing left to do, and returns the
// last state of the run.
func (v *invocation) watch(ctx context.Context, s standing) standing {
	var speed speedometer
	shown := newProgress(v.out)
	defer shown.end()
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		rate, left := speed.read(s.Decided, s.Total)
		text := fmt.Sprintf(
			"%s %s %d of %d, %.0f/s, %s left, %d refused, %d unknown, %d to review, %d without job",
			s.Run,
			bar(s.Decided, s.Total),
			s.Decided,
			s.Total,
			rate,
			left,
			s.Refused,
			s.Unknown,
			s.Review,
			s.WithoutJob,
		)
		if s.Held != "" {
			text += ", held: " + s.Held
		}
		if s.State != ledger.Running {
			text += ", " + string(s.State)
		}
		shown.showf("%s", text)
		if !s.moves() {
			return s
		}
		select {
		case <-ctx.Done():
			return s
		case <-ticks.C:
		}
		run, err := v.ledger.Run(ctx, s.Run)
		if err == nil {
			var next standing
			next, err = v.standing(ctx, run)
			if err == nil {
				s = next
			}
		}
		if err != nil {
			// the next attempt may reach the database
			shown.showf("%s: %v", s.Run, err)
		}
	}
}

// speedometer measures the lines decided per second, averaged over the last ten seconds.
type speedometer struct {
	at   []time.Time
	done []int
}

func (m *speedometer) read(done, total int) (rate float64, left string) {
	m.at = append(m.at, time.Now())
	m.done = append(m.done, done)
	if len(m.at) > 11 {
		m.at = m.at[1:]
		m.done = m.done[1:]
	}
	advance := done - m.done[0]
	if advance <= 0 {
		return 0, "?"
	}
	rate = float64(advance) / time.Since(m.at[0]).Seconds()
	return rate, (time.Duration(float64(total-done)/rate) * time.Second).String()
}
