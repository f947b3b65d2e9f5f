package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// statementTimeout limits how long a shared statement may take.
const statementTimeout = 5 * time.Second

// rowKey identifies an item.
type rowKey struct {
	run     int64
	subject uuid.UUID
}

// gather lets many items share round trips and commits: while one statement runs, it
// collects the calls for the next statement.
type gather[In, Out any] struct {
	write   func(context.Context, []In) (map[rowKey]Out, error)
	running sync.WaitGroup
	turn    sync.Mutex // held while a statement runs
	mu      sync.Mutex // guards the next calls, and the results
	next    *gathered[In, Out]
}

type gathered[In, Out any] struct {
	in   []In
	out  map[rowKey]Out
	err  error
	done chan struct{}
}

// do adds a call for a row to the next statement, waits for the statement, and returns
// the result for the row, or the zero value if the row has no result. If several calls
// are for the same row, only one of them gets the result.
func (g *gather[In, Out]) do(ctx context.Context, key rowKey, in In) (out Out, err error) {
	g.mu.Lock()
	b := g.next
	if b == nil {
		b = &gathered[In, Out]{done: make(chan struct{})}
		g.next = b
		g.running.Go(func() { g.runNext(context.WithoutCancel(ctx)) })
	}
	b.in = append(b.in, in)
	g.mu.Unlock()
	select {
	case <-b.done:
	case <-ctx.Done():
		return out, fmt.Errorf("wait for the shared statement: %w", ctx.Err())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	defer delete(b.out, key)
	return b.out[key], b.err
}

func (g *gather[In, Out]) runNext(ctx context.Context) {
	g.turn.Lock()
	defer g.turn.Unlock()
	g.mu.Lock()
	b := g.next
	g.next = nil
	g.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, statementTimeout)
	defer cancel()
	b.out, b.err = g.write(ctx, b.in)
	close(b.done)
}
