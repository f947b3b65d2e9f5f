package refresh

import (
	"context"
	"errors"
)

// Call is a function that runs in a separate goroutine.
type Call[T any] struct {
	done     chan struct{}
	value    T
	err      error
	panicked any
}

// errNoReturn is what comes of a function that ended its goroutine.
var errNoReturn = errors.New("the function ended its goroutine")

// Go starts a function. Whatever it does, the process goes on.
func Go[T any](f func() (T, error)) *Call[T] {
	c := &Call[T]{done: make(chan struct{}), err: errNoReturn}
	go func() {
		defer close(c.done)
		defer func() { c.panicked = recover() }()
		c.value, c.err = f()
	}()
	return c
}

// Wait returns what the function returned, or panics as it did. A caller whose context
// ends leaves; the function goes on.
func (c *Call[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-c.done:
		if c.panicked != nil {
			panic(c.panicked)
		}
		return c.value, c.err
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
}

// Done is closed when the function has ended.
func (c *Call[T]) Done() <-chan struct{} { return c.done }

// Slots bounds how many functions that know no context run at once: as many are left
// behind if they never return, and no more.
type Slots chan struct{}

// Within runs a function that knows no context, and leaves it when the context ends.
// While all slots are taken it waits.
func Within[T any](ctx context.Context, slots Slots, f func() (T, error)) (T, error) {
	if ctx == nil || ctx.Done() == nil {
		return f()
	}
	select {
	case slots <- struct{}{}:
	case <-ctx.Done():
		return *new(T), ctx.Err()
	}
	return Go(func() (T, error) {
		defer func() { <-slots }()
		return f()
	}).Wait(ctx)
}
