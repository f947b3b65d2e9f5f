package pager

import (
	"context"
	"runtime"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
)

// pages reads pages, some of them before they are asked for. It owns the goroutines that do so.
type pages[T any] struct {
	List[T]
	ctx     context.Context
	last    Page[T] // that was read: its rows say how far the next ones are apart, its total where they end
	pending []pending[T]
}

type pending[T any] struct {
	offset int32
	cancel context.CancelFunc
	call   *refresh.Call[Page[T]]
}

func (p *pages[T]) fetch(ctx context.Context, offset int32, turn func(context.Context)) (Page[T], error) {
	page, err := p.Fetch(ctx, offset, p.Limit, turn)
	page.offset = offset
	return page, err
}

// read returns a page, and sees to it that those that should follow are on their way. Those that turn out to be the wrong ones are cancelled.
func (p *pages[T]) read(offset int32) (Page[T], error) {
	if p.Ahead == 0 {
		return p.fetch(p.ctx, offset, nil)
	}
	if len(p.pending) == 0 || p.pending[0].offset != offset {
		p.close()
		p.request(offset)
	}
	wanted := p.pending[0]
	p.requestUpTo(p.Ahead + 1)
	page, err := wanted.call.Wait(p.ctx)
	wanted.cancel()
	if err != nil {
		return page, err
	}
	p.last = page
	p.requestUpTo(p.Ahead + 1) // the first page tells how to go on
	p.pending = p.pending[1:]
	return page, nil
}

// requestUpTo requests what follows until so many pages are pending, as far as the server says that there is more.
func (p *pages[T]) requestUpTo(most int) {
	stride := max(int32(len(p.last.Rows))-1, 1)
	for offset := p.pending[len(p.pending)-1].offset + stride; len(p.pending) < most && len(p.last.Rows) > 0; offset += stride {
		if p.last.Total > 0 && int(offset) >= p.last.Total {
			return
		}
		p.request(offset)
	}
}

func (p *pages[T]) request(offset int32) {
	ctx, cancel := context.WithCancel(p.ctx)
	turn := p.nextTurn()
	call := refresh.Go(func() (Page[T], error) { return p.fetch(ctx, offset, turn) })
	p.pending = append(p.pending, pending[T]{offset, cancel, call})
}

// nextTurn returns what the next page waits for before it is decoded, nil for nothing: the page as many places before it as there are
// processors has to be ready. Else they would work on pages that are wanted late, while the reader, who requests the next ones, waits for
// an early one.
func (p *pages[T]) nextTurn() func(context.Context) {
	before := len(p.pending) - runtime.GOMAXPROCS(0)
	if before < 0 {
		return nil
	}
	ready := p.pending[before].call.Done()
	return func(ctx context.Context) {
		select {
		case <-ready:
		case <-ctx.Done():
		}
		runtime.Gosched() // to the reader, and to answers that have come: they take less time than decoding
	}
}

// close ends what is under way, and waits for it.
func (p *pages[T]) close() {
	for _, pending := range p.pending {
		pending.cancel()
	}
	for _, pending := range p.pending {
		<-pending.call.Done()
	}
	p.pending = nil
}
