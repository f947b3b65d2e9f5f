package ledger

import (
	"context"
	"sync"
	"time"
)

// statementTimeout is how long a statement for many orders may take.
const statementTimeout = 5 * time.Second

// gather joins the calls that come while a statement is under way into the next one: orders share round trips and commits.
type gather[In, Out any] struct {
	write   func(context.Context, []In) ([]Out, error)
	running sync.WaitGroup
	turn    sync.Mutex // of the statement under way
	mu      sync.Mutex // of what is next
	next    *gathered[In, Out]
}

type gathered[In, Out any] struct {
	in   []In
	out  []Out
	err  error
	done chan struct{}
}

func (g *gather[In, Out]) do(ctx context.Context, in In) (out Out, err error) {
	g.mu.Lock()
	b := g.next
	if b == nil {
		b = &gathered[In, Out]{done: make(chan struct{})}
		g.next = b
		g.running.Go(func() { g.runNext(context.WithoutCancel(ctx)) })
	}
	at := len(b.in)
	b.in = append(b.in, in)
	g.mu.Unlock()
	select {
	case <-b.done:
	case <-ctx.Done():
		return out, ctx.Err()
	}
	if b.err != nil {
		return out, b.err
	}
	return b.out[at], nil
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
