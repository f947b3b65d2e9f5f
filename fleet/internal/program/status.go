package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// status says how far a run is, once or every second.
func (c *command) status(ctx context.Context, arguments []string) error {
	run := c.flags.String("run", "", "the run, the latest by default")
	watch := c.flags.Bool("watch", false, "go on until every order is decided")
	if err := c.parse(arguments, 0); err != nil {
		return err
	}
	l, err := c.open(ctx, 1)
	if err != nil {
		return err
	}
	defer l.Close()
	if *run == "" {
		runs, err := l.Runs(ctx)
		if err != nil {
			return err
		}
		if len(runs) == 0 {
			return errors.New("there is no run yet")
		}
		*run = runs[0]
	}
	counts, err := l.Count(ctx, *run)
	if err == nil && counts.Total() == 0 {
		err = fmt.Errorf("there is no run %s", *run)
	}
	if err != nil || !*watch {
		return errors.Join(err, c.print(*run, counts, err == nil))
	}
	return c.watch(ctx, l, *run, counts)
}

func (c *command) print(run string, n ledger.Counts, known bool) error {
	if !known {
		return nil
	}
	_, err := fmt.Fprintf(c.out, "run %s: %d of %d orders decided\n", run, n.Done(), n.Total())
	for _, part := range []struct {
		name, meaning string
		count         int
	}{
		{"placed", "the server said so", n.Placed},
		{"adopted", "found among the account's orders", n.Adopted},
		{"refused", "see reconcile for the reasons", n.Refused},
		{"review", "a person decides", n.Review},
		{"unknown", "begun, outcome not known yet", n.Unknown},
		{"waiting", "not begun", n.Waiting},
		{"given up", "jobs that failed too often: retry them on River's page", n.GivenUp},
	} {
		if err == nil {
			_, err = fmt.Fprintf(c.out, "  %-9s %9d  %s\n", part.name, part.count, part.meaning)
		}
	}
	return err
}

// watch shows a bar until the run is done. The rate is that of the last ten seconds.
func (c *command) watch(ctx context.Context, l *ledger.Ledger, run string, counts ledger.Counts) error {
	type point struct {
		at   time.Time
		done int
	}
	points := []point{{time.Now(), counts.Done()}}
	progress := &progress{out: c.out, every: 0}
	defer progress.end()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		first, last := points[0], points[len(points)-1]
		rate, left := 0.0, "?"
		if passed := last.at.Sub(first.at).Seconds(); passed > 0 {
			rate = float64(last.done-first.done) / passed
		}
		if rate > 0 {
			left = (time.Duration(float64(counts.Total()-counts.Done())/rate) * time.Second).String()
		}
		progress.show(fmt.Sprintf("%s %s %d of %d, %.0f/s, %s left, %d refused, %d unknown, %d to review, %d given up", run,
			bar(counts.Done(), counts.Total()), counts.Done(), counts.Total(), rate, left, counts.Refused, counts.Unknown, counts.Review, counts.GivenUp))
		if counts.Done() == counts.Total() {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		next, err := l.Count(ctx, run)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			progress.show(fmt.Sprintf("%s: %v", run, err)) // the database may come back
			continue
		}
		counts = next
		if points = append(points, point{time.Now(), counts.Done()}); len(points) > 11 {
			points = points[1:]
		}
	}
}

// progress rewrites one line of a terminal.
type progress struct {
	out   io.Writer
	every time.Duration
	last  time.Time
	width int
}

func (c *command) newProgress() *progress {
	return &progress{out: c.errors, every: 200 * time.Millisecond}
}

func (p *progress) show(text string) {
	if time.Since(p.last) < p.every {
		return
	}
	p.last = time.Now()
	_, _ = fmt.Fprintf(p.out, "\r%-*s", p.width, text)
	p.width = len([]rune(text))
}

func (p *progress) end() {
	if p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
}

// bar draws how much of a whole is done.
func bar(done, total int) string {
	const width = 24
	filled := width * done / max(total, 1)
	return "[" + strings.Repeat("#", filled) + strings.Repeat(".", width-filled) + fmt.Sprintf("] %3d %%", 100*done/max(total, 1))
}
