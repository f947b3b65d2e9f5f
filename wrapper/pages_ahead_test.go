package wrapper_test

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// gauge counts the requests in progress, and keeps the largest count.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

// over returns a transport that counts each request while next handles the request.
func (g *gauge) over(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		g.add(1)
		defer g.add(-1)
		return next(req)
	}
}

func (g *gauge) add(change int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now += change
	g.most = max(g.most, g.now)
}

func TestPagesAheadAreRequestedConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{rows: ids(46)}
		var inProgress gauge
		client := newTestClient(t, inProgress.over(slow(time.Second, server.serve)))
		rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(2))
		if err != nil || !slices.Equal(rows, server.rows) {
			t.Errorf("got %d rows and the error %v, want all 46 rows in order", len(rows), err)
		}
		if inProgress.most != 3 {
			t.Errorf("got %d requests at the same time, want 3: the next page and 2 prefetched pages",
				inProgress.most)
		}
	})
}

// If the server's pages are smaller than requested, All adapts its requests for
// prefetched pages to the smaller size. It never has more of these requests in progress
// than the caller chose.
func TestPagesAheadAdaptToSmallerPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &listServer{rows: ids(400), capacity: 10}
		var inProgress gauge
		client := newTestClient(t, inProgress.over(slow(time.Second, server.serve)))
		rows, err := collectOrders(t, client, ordersParams(0, 100), upvest.WithPagesAhead(16))
		if err != nil || !slices.Equal(rows, server.rows) {
			t.Errorf("got %d rows and the error %v, want all 400 rows in order", len(rows), err)
		}
		if inProgress.most > 17 || len(server.requests) > 46 {
			t.Errorf("got %d requests at the same time and %d in all, want at most 17 and 46",
				inProgress.most, len(server.requests))
		}
	})
}

// All ignores the error of a prefetched page if the list ends before that page.
func TestErrorsOfPagesAheadBeyondTheEndAreIgnored(t *testing.T) {
	server := &listServer{rows: ids(5)}
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("offset") != "0" {
			return problem(http.StatusBadRequest)(req)
		}
		return server.serve(req)
	})
	rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(4))
	if err != nil || len(rows) != 5 {
		t.Errorf("got %d rows and the error %v, want 5 rows and no error", len(rows), err)
	}
}

// The client begins to decode pages in the order of the list, even if later pages arrive
// first. With two processors, it decodes up to two pages at the same time. The duration
// of an attempt does not include the time that its page waits to be decoded.
func TestPagesAheadAreDecodedInOrder(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	synctest.Test(t, func(t *testing.T) {
		const pages = 17
		// a page of ten rows begins with the last row of the previous page
		const stride = 9
		latency := func(page int) time.Duration { return time.Duration(100-page) * time.Millisecond }
		server := &listServer{rows: ids(pages * stride)}
		serve := func(req *http.Request) (*http.Response, error) {
			offset, err := queryNumber(req, "offset")
			if err != nil {
				return nil, err
			}
			page := offset / stride
			time.Sleep(latency(page))
			resp, err := server.serve(req)
			if err == nil {
				resp.Header.Set("Upvest-Request-Id", strconv.Itoa(page))
			}
			return resp, err
		}
		var seen recorder
		client := newTestClient(t, serve,
			upvest.WithTokenSource(staticToken("token")), upvest.WithAttemptHook(seen.hook))
		rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(16))
		if err != nil || !slices.Equal(rows, server.rows) {
			t.Fatalf("got %d rows and the error %v, want all %d rows in order",
				len(rows), err, len(server.rows))
		}
		var decoded []int
		for _, attempt := range seen.attempts {
			if attempt.RequestID == "" { // the cancelled request of a page beyond the end
				continue
			}
			page, err := strconv.Atoi(attempt.RequestID)
			if err != nil {
				t.Fatal(err)
			}
			decoded = append(decoded, page)
			if attempt.Duration != latency(page) {
				t.Errorf("the attempt for page %d took %s, want %s", page, attempt.Duration, latency(page))
			}
		}
		if len(decoded) != pages {
			t.Fatalf("the pages %v were decoded, want %d pages", decoded, pages)
		}
		for page := 2; page < pages; page++ {
			if slices.Index(decoded, page) < slices.Index(decoded, page-2) {
				t.Errorf("the pages were decoded in the order %v, want page %d before page %d",
					decoded, page-2, page)
			}
		}
	})
}

// If the caller's code panics while a page is prefetched, the panic reaches the goroutine
// that reads the list.
func TestPanicDuringAPageAheadReachesTheReader(t *testing.T) {
	var attempts atomic.Int32
	hook := func(context.Context, upvest.Attempt) {
		if attempts.Add(1) > 3 {
			panic("of a hook")
		}
	}
	client := newTestClient(t, (&listServer{rows: ids(100)}).serve, upvest.WithAttemptHook(hook))
	defer func() {
		if cause := recover(); cause != "of a hook" {
			t.Errorf("got the panic %v, want the panic of the hook", cause)
		}
	}()
	rows, err := collectOrders(t, client, ordersParams(0, 10), upvest.WithPagesAhead(4))
	t.Errorf("All returned %d rows and the error %v, want a panic", len(rows), err)
}
