package pager

import (
	"context"
	"runtime"
	"slices"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
)

// pages requests pages, some of them before they are needed. It owns the goroutines that
// request pages ahead.
type pages[T any] struct {
	List[T]
	// last is the page that was read last. Its number of rows determines the distance
	// between the offsets of the next pages, and its total determines the last of these
	// offsets.
	last    Page[T]
	pending []pending[T]
}

type pending[T any] struct {
	offset int32
	cancel context.CancelFunc
	call   *refresh.Call[Page[T]]
}

func (p *pages[T]) fetch(ctx context.Context, offset int32, wait func()) (Page[T], error) {
	page, err := p.Fetch(ctx, offset, p.Limit, wait)
	page.offset = offset
	return page, err
}

// read returns the page at an offset, and requests the pages that should follow. If the
// pages that were requested ahead do not begin at this offset, it cancels their requests.
func (p *pages[T]) read(ctx context.Context, offset int32) (Page[T], error) {
	if p.Ahead == 0 {
		return p.fetch(ctx, offset, func() {})
	}
	if len(p.pending) == 0 || p.pending[0].offset != offset {
		p.close()
		p.request(ctx, offset)
	}
	requested := p.pending[0]
	p.requestUpTo(ctx, p.Ahead+1)
	page, err := requested.call.Wait(ctx)
	requested.cancel()
	if err != nil {
		return page, err
	}
	p.last = page
	// The distance between pages is unknown until the first page has arrived, so request
	// more pages now.
	p.requestUpTo(ctx, p.Ahead+1)
	p.pending = p.pending[1:]
	return page, nil
}

// joinPrevious adds the previous row to a page of one row, if the server still returns
// pages of one row. It does so because a page without an overlap does not show its
// position in the list.
func (p *pages[T]) joinPrevious(
	ctx context.Context, page Page[T],
) (joined Page[T], isJoined bool, err error) {
	former, err := p.fetch(ctx, page.offset-1, func() {})
	if err != nil {
		return Page[T]{}, false, err
	}
	if len(former.Rows) != 1 {
		return page, false, nil
	}
	page.Rows = slices.Concat(former.Rows, page.Rows)
	page.offset--
	return page, true, nil
}

// requestUpTo requests the following pages until the given number of pages is pending, or
// until the total that the server reports is reached.
func (p *pages[T]) requestUpTo(ctx context.Context, most int) {
	if len(p.last.Rows) == 0 {
		return
	}
	stride := max(int32(len(p.last.Rows))-1, 1)
	offset := p.pending[len(p.pending)-1].offset + stride
	// An offset that overflows is negative.
	for len(p.pending) < most && offset > 0 && (p.last.Total <= 0 || int(offset) < p.last.Total) {
		p.request(ctx, offset)
		offset += stride
	}
}

func (p *pages[T]) request(ctx context.Context, offset int32) {
	ctx, cancel := context.WithCancel(ctx)
	wait := p.turn(ctx)
	call := refresh.Go(func() (Page[T], error) { return p.fetch(ctx, offset, wait) })
	p.pending = append(p.pending, pending[T]{offset: offset, cancel: cancel, call: call})
}

// turn returns the function that waits until the next page may be decoded. At most
// GOMAXPROCS pages are decoded at the same time, roughly in order. Otherwise the
// processors could decode pages that are needed later, while the reader, which requests
// the next pages, waits for an earlier page.
func (p *pages[T]) turn(ctx context.Context) (wait func()) {
	before := len(p.pending) - runtime.GOMAXPROCS(0)
	if before < 0 {
		return func() {}
	}
	ready := p.pending[before].call.Done()
	return func() {
		select {
		case <-ready:
		case <-ctx.Done():
		}
		// Reading rows and receiving responses take less time than decoding, so let the
		// goroutines that read or receive run first.
		runtime.Gosched()
	}
}

// close cancels the pending requests, and waits until they have ended.
func (p *pages[T]) close() {
	for _, pending := range p.pending {
		pending.cancel()
	}
	for _, pending := range p.pending {
		<-pending.call.Done()
	}
	p.pending = nil
}
