package ledger

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// statementTimeout is how long a statement for many orders may take.
const statementTimeout = 5 * time.Second

// rowKey identifies an item.
type rowKey struct {
	run     int64
	subject uuid.UUID
}

// gather joins the calls that come while a statement is under way into the next one:
// orders share round trips and commits.
type gather[In, Out any] struct {
	write   func(context.Context, []In) (map[rowKey]Out, error)
	running sync.WaitGroup
	turn    sync.Mutex // of the statement under way
	mu      sync.Mutex // of what is next, and of what came out
	next    *gathered[In, Out]
}

type gathered[In, Out any] struct {
	in   []In
	out  map[rowKey]Out
	err  error
	done chan struct{}
}

// do returns what comes out for a row, the zero value if nothing does. It comes out once,
// however many ask for it.
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
		return out, fmt.Errorf("wait for the statement that many items share: %w", ctx.Err())
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
