package program

import (
	"context"
	"fmt"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// status says how far a run is, once or every second.
func (c *command) status() func(context.Context) error {
	run := c.flags.String("run", "", "the run, the latest by default")
	watch := c.flags.Bool("watch", false, "go on until every order is decided")
	return func(ctx context.Context) (err error) {
		if *run == "" {
			if *run, err = c.ledger.Latest(ctx); err != nil {
				return err
			}
		}
		counts, err := c.ledger.Count(ctx, *run)
		switch {
		case err != nil:
			return err
		case counts.Total() == 0:
			return fmt.Errorf("there is no run %s", *run)
		case *watch:
			c.watch(ctx, *run, counts)
			return nil
		}
		return c.print(*run, counts)
	}
}

func (c *command) print(run string, n ledger.Counts) error {
	_, err := fmt.Fprintf(c.out, `run %s: %d of %d orders decided
  placed    %9d  the server said so
  adopted   %9d  found among the account's orders
  refused   %9d  see reconcile for the reasons
  review    %9d  a person decides
  unknown   %9d  begun, outcome not known yet
  waiting   %9d  not begun
  given up  %9d  jobs that failed too often: enqueue the file again, or retry them on River's page
`, run, n.Done(), n.Total(), n.Placed, n.Adopted, n.Refused, n.Review, n.Unknown, n.Waiting, n.GivenUp)
	return err
}

// watch shows a bar until the run is done. The rate is that of the last ten seconds.
func (c *command) watch(ctx context.Context, run string, n ledger.Counts) {
	type point struct {
		at   time.Time
		done int
	}
	points := []point{{time.Now(), n.Done()}}
	progress := &progress{out: c.out}
	defer progress.end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		first, last := points[0], points[len(points)-1]
		rate, left := 0.0, "?"
		if last.done > first.done {
			rate = float64(last.done-first.done) / last.at.Sub(first.at).Seconds()
			left = (time.Duration(float64(n.Total()-n.Done())/rate) * time.Second).String()
		}
		progress.show("%s %s %d of %d, %.0f/s, %s left, %d refused, %d unknown, %d to review, %d given up", run,
			bar(n.Done(), n.Total()), n.Done(), n.Total(), rate, left, n.Refused, n.Unknown, n.Review, n.GivenUp)
		if n.Done() == n.Total() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		next, err := c.ledger.Count(ctx, run)
		if err != nil {
			progress.show("%s: %v", run, err) // the database may come back
			continue
		}
		n = next
		points = append(points, point{time.Now(), n.Done()})
		points = points[max(0, len(points)-11):]
	}
}
