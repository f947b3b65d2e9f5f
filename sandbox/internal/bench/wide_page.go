package main

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// widePage reads a page of 1,000 orders with 1,000 individual orders each, and measures
// how much additional memory is in use while the page is sent.
func widePage() ([]row, error) {
	const width = 1000
	s, err := newServer(sandbox.WithOrderDelay(0))
	if err != nil {
		return nil, err
	}
	instruments := make([]string, width)
	for i := range instruments {
		instruments[i] = instrument(fmt.Sprintf("DE%010d", i), "0.001")
	}
	accounts, err := s.follow(strings.Join(instruments, ","), 1)
	if err != nil {
		return nil, err
	}
	for range width {
		if err := s.post("/portfolios/orders", order(accounts[0]), &struct{}{}); err != nil {
			return nil, err
		}
	}
	read := func() (size float64, err error) {
		r, err := s.request(http.MethodGet, "/portfolios/orders?limit=1000", "", "")
		if err != nil {
			return 0, err
		}
		err = s.serve(&received{count: func(bytes int) { size += float64(bytes) }}, r)
		return size, err
	}
	// The orders become FILLED when they are read for the first time.
	if _, err := read(); err != nil {
		return nil, err
	}
	// A low GC percentage keeps garbage out of the measured memory.
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	before := heap()
	stop := make(chan struct{})
	peak := make(chan float64)
	go watchHeap(stop, peak)
	size, err := read()
	close(stop)
	more := <-peak - before
	return []row{{
		what:   "memory while a page of 1,000 orders with 1,000 instruments each is sent",
		figure: fmt.Sprintf("%.0f MB for a body of %.0f MB", more/1e6, size/1e6),
		target: "less than the body",
		met:    more < size,
	}}, err
}

// watchHeap watches the number of bytes in use until stop is closed, and then sends the
// highest number to peak.
func watchHeap(stop <-chan struct{}, peak chan<- float64) {
	highest := 0.0
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	for {
		metrics.Read(sample)
		highest = max(highest, float64(sample[0].Value.Uint64()))
		select {
		case <-stop:
			peak <- highest
			return
		case <-time.After(time.Millisecond):
		}
	}
}
