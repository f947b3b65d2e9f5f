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

// errNoReturn is the error of a function that ended its goroutine with [runtime.Goexit]
// instead of returning.
var errNoReturn = errors.New("the function ended its goroutine")

// Go runs a function in a new goroutine. A panic of the function does not end the
// process; Wait repeats the panic.
func Go[T any](f func() (T, error)) *Call[T] {
	c := &Call[T]{done: make(chan struct{}), err: errNoReturn}
	go func() {
		defer close(c.done)
		defer func() { c.panicked = recover() }()
		c.value, c.err = f()
	}()
	return c
}

// Wait returns what the function returned. If the function panicked, Wait panics with the
// same value. If the context ends first, Wait returns the error of the context, and the
// function continues.
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

// Done returns a channel that is closed when the function has ended.
func (c *Call[T]) Done() <-chan struct{} { return c.done }

// Slots limits how many functions [Within] runs in goroutines at the same time, and
// thereby how many goroutines remain if the functions never return.
type Slots chan struct{}

// Within runs a function that takes no context, and stops waiting for it when the context
// ends. While all slots are taken, it waits for a free slot. If the context is nil or can
// never end, Within calls the function directly, without a slot.
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
