package program

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	// A group of goroutines writes several chunks at once, and stops at the first
	// failure.
	"golang.org/x/sync/errgroup"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// enqueue writes the lines of a file to the ledger. If any line is invalid, enqueue
// instead reports all invalid lines and writes nothing.
func (v *invocation) enqueue() func(context.Context) error {
	name := v.flags.String("run", "",
		"the `name` of the run; never change it, because it determines the idempotency keys of the lines")
	kind := v.flags.String(
		"operation",
		operation.CreateOrders{}.Name(),
		"the `operation` to carry out; fleet help lists all operations",
	)
	priority := v.flags.Int("priority", 2, "how urgent a new run is, from 1 (the most urgent) to 4")
	dryRun := v.flags.Bool(
		"dry-run",
		false,
		"write nothing; report invalid lines and accounts without a configuration",
	)
	return func(ctx context.Context) error {
		o, err := operation.Named(*kind)
		if err != nil {
			return err
		}
		if err := errors.Join(checkRunName(*name), checkPriority(*priority)); err != nil {
			return err
		}
		f, err := v.readLines(ctx, *name, o)
		if err != nil {
			return err
		}
		if *dryRun {
			return v.dryRun(ctx, f, o)
		}
		run := ledger.Run{Name: *name, Operation: o.Name(), Priority: *priority, Hash: f.hash, Who: who()}
		return v.add(ctx, run, f)
	}
}

func checkPriority(priority int) error {
	if priority < 1 || priority > 4 {
		return errors.New("-priority: use 1 to 4")
	}
	return nil
}

// readLines reads a file, and reports every invalid line. A line is invalid if it is
// malformed, if its subject appears in an earlier line, or if it differs from the line
// that the run already has for the same subject.
func (v *invocation) readLines(ctx context.Context, run string, o operation.Operation) (*file, error) {
	f, err := readFile(v.flags.Arg(0), o, v.errors)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(f.lines, chunk) {
		present, err := v.ledger.Present(ctx, run, some)
		if err != nil {
			return nil, err
		}
		if len(present) == 0 {
			continue
		}
		asked := make(map[uuid.UUID][]string, len(some))
		for _, line := range some {
			asked[line.Subject] = line.Fields
		}
		for _, line := range present {
			if !o.IsSame(line.Fields, asked[line.Subject]) {
				f.complain(
					v.errors,
					f.first[line.Subject],
					fmt.Errorf(
						"%s %s already has a different line in the run %s",
						o.Columns()[0],
						line.Subject,
						run,
					),
				)
			}
		}
	}
	switch {
	case f.bad > 0:
		return nil, fmt.Errorf("%d invalid lines; nothing was written", f.bad)
	case len(f.lines) == 0:
		return nil, errors.New("the file has no lines")
	}
	return f, nil
}

func (v *invocation) add(ctx context.Context, run ledger.Run, f *file) error {
	q, err := v.queue()
	if err != nil {
		return err
	}
	total := len(f.lines)
	started := time.Now()
	added, err := v.write(ctx, q, run, f.lines)
	if err != nil {
		return fmt.Errorf("after %d lines: %w; run the command again to continue", added, err)
	}
	rate := float64(total) / time.Since(started).Seconds()
	run, err = v.ledger.Run(ctx, run.Name)
	if err != nil {
		return err
	}
	renewed := 0
	if added < total {
		renewed, err = q.Renew(ctx, run)
		if err != nil {
			return err
		}
	}
	if err := q.Analyze(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(v.out, "run %s: %d lines added, %d existed already (%.0f a second), "+
		"%d without a job got one\n", run.Name, added, total-added, rate, renewed)
	return errors.Join(
		err,
		v.record(ctx, "enqueue", run.Name, "%s: %d lines, %d added, %d renewed, sha256 %s",
			run.Operation, total, added, renewed, f.hash),
	)
}

// writers is the number of chunks that the program writes concurrently: it prepares one
// chunk while the database stores the other.
const writers = 2

// write adds lines to the ledger in chunks, and returns how many lines are new.
func (v *invocation) write(
	ctx context.Context, q *queue.Queue, run ledger.Run, lines []ledger.Line,
) (added int, err error) {
	shown := newProgress(v.errors)
	defer shown.end()
	var mu sync.Mutex
	seen := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for some := range slices.Chunk(lines, chunk) {
		group.Go(func() error {
			fresh, err := q.Add(ctx, run, some)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			seen += len(some)
			added += fresh
			shown.showf("%s %d of %d", bar(seen, len(lines)), seen, len(lines))
			return nil
		})
	}
	err = group.Wait()
	return added, err
}

// dryRun reports the accounts of a file that have no configuration. Upvest would refuse
// orders for these accounts, and changes of their configuration. If the lines have no
// accounts or create configurations, dryRun only reports the number of lines.
func (v *invocation) dryRun(ctx context.Context, f *file, o operation.Operation) error {
	if o.Columns()[0] != "account" || o.ID() == (operation.CreateConfigurations{}).ID() {
		_, err := fmt.Fprintf(v.out, "%d lines are well-formed; nothing was written\n", len(f.lines))
		return err
	}
	client, err := newClient(upvest.WithLimiter(pace.New(v.ledger)))
	if err != nil {
		return err
	}
	limit := portfolios.Limit(chunk)
	params := portfolios.ListPortfoliosConfigurationsParams{Limit: &limit}
	progress := newProgress(v.errors)
	defer progress.end()
	read := 0
	for configuration, err := range client.Configurations.All(ctx, params, upvest.WithPagesAhead(2)) {
		if err != nil {
			return fmt.Errorf("read the configurations: %w", err)
		}
		read++
		delete(f.first, configuration.AccountID)
		progress.showf("%d configurations read", read)
	}
	progress.end()
	for _, line := range f.lines {
		if number, isMissing := f.first[line.Subject]; isMissing {
			f.complain(v.errors, number, fmt.Errorf("account %s has no configuration", line.Subject))
		}
	}
	_, err = fmt.Fprintf(
		v.out,
		"%d lines are well-formed, %d accounts have no configuration; nothing was written\n",
		len(f.lines),
		f.bad,
	)
	if err == nil && f.bad > 0 {
		return errPerson
	}
	return err
}
