package wrapper

import (
	"context"
	"sync"
)

// readAhead reads pages in order, some of them before they are asked for. It owns the goroutines that do so.
type readAhead[T any] struct {
	ctx     context.Context
	cancel  context.CancelFunc
	fetch   fetchPage[T]
	calls   []CallOption
	size    int32
	ahead   int
	running sync.WaitGroup
	pending []*pendingPage[T]
}

type pendingPage[T any] struct {
	offset int32
	done   chan struct{}
	page   page[T]
	err    error
}

func newReadAhead[T any](ctx context.Context, settings allSettings, size int32, fetch fetchPage[T]) *readAhead[T] {
	ctx, cancel := context.WithCancel(ctx)
	return &readAhead[T]{ctx: ctx, cancel: cancel, fetch: fetch, calls: settings.calls, size: size, ahead: settings.ahead}
}

func (r *readAhead[T]) close() {
	r.cancel()
	r.running.Wait()
}

// readAlone reads one page without a thought of what may come next.
func (r *readAhead[T]) readAlone(offset int32) (page[T], error) {
	rows, meta, err := r.fetch(r.ctx, offset, r.size, r.calls)
	return page[T]{rows: rows, meta: meta, offset: offset}, err
}

// read returns a page and sees to it that those that should follow are on their way. Pages that turn out to be the wrong ones are left
// to finish unheard.
func (r *readAhead[T]) read(offset int32) (page[T], error) {
	if r.ahead == 0 {
		return r.readAlone(offset)
	}
	if len(r.pending) == 0 || r.pending[0].offset != offset {
		r.pending = nil
		r.request(offset)
	}
	wanted := r.pending[0]
	for len(r.pending) <= r.ahead {
		r.request(r.pending[len(r.pending)-1].offset + r.size - 1)
	}
	r.pending = r.pending[1:]
	<-wanted.done
	return wanted.page, wanted.err
}

func (r *readAhead[T]) request(offset int32) {
	pending := &pendingPage[T]{offset: offset, done: make(chan struct{})}
	r.pending = append(r.pending, pending)
	r.running.Go(func() {
		defer close(pending.done)
		pending.page, pending.err = r.readAlone(offset)
	})
}
