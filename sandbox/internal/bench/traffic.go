package main

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// caller sends orders to a server, one at a time per CPU.
type caller struct {
	*server
	accounts []uuid.UUID
	longest  time.Duration // the duration of the slowest request so far
}

func newCaller() (*caller, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	accounts, err := s.follow(instrument("IE00B0M62Q58", "0.5")+","+instrument("US0378331005", "0.5"), few)
	return &caller{server: s, accounts: accounts}, err
}

// place places orders and returns how long that took, without the time for signing.
func (c *caller) place(orders int) (time.Duration, error) {
	requests := make([]*http.Request, orders)
	errs := make([]error, runtime.GOMAXPROCS(0))
	longest := make([]time.Duration, len(errs))
	parallel(func(worker int) {
		for i := worker; i < orders && errs[worker] == nil; i += len(errs) {
			requests[i], errs[worker] = c.request(http.MethodPost, "/portfolios/orders", "application/json",
				order(c.accounts[i%len(c.accounts)]))
		}
	})
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	from := time.Now()
	parallel(func(worker int) {
		for i := worker; i < orders && errs[worker] == nil; i += len(errs) {
			sent := time.Now()
			errs[worker] = c.serve(&received{}, requests[i])
			longest[worker] = max(longest[worker], time.Since(sent))
		}
	})
	took := time.Since(from)
	c.longest = max(c.longest, slices.Max(longest))
	return took, errors.Join(errs...)
}

func parallel(work func(worker int)) {
	var group sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		group.Go(func() { work(worker) })
	}
	group.Wait()
}

// traffic compares a sandbox that has 300,000 orders with a sandbox that has none before
// the measurement.
func traffic() ([]row, error) {
	const (
		held    = 300_000
		batches = 21
		size    = 500
	)
	full, err := newCaller()
	if err != nil {
		return nil, err
	}
	for placed := 0; placed < held; placed += 5000 {
		if _, err := full.place(5000); err != nil {
			return nil, err
		}
	}
	empty, err := newCaller()
	if err != nil {
		return nil, err
	}
	var took [2][]time.Duration
	for range batches {
		for i, c := range []*caller{empty, full} {
			d, err := c.place(size)
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], d)
		}
	}
	var rates [2]float64
	for i := range took {
		rates[i] = size / median(took[i]).Seconds()
	}
	ratio := rates[1] / rates[0]
	return []row{
		{
			what:   "rate of POST with 300,000 orders vs. an empty sandbox",
			figure: fmt.Sprintf("%.2f × (%.0f/s, %.0f/s)", ratio, rates[1], rates[0]),
			target: "at least 0.8 ×",
			met:    ratio >= 0.8,
		},
		{
			what:   "the longest POST request in the sandbox with 300,000 orders",
			figure: fmt.Sprintf("%.1f ms", float64(full.longest)/1e6),
			target: "below 250 ms",
			met:    full.longest < 250*time.Millisecond,
		},
	}, nil
}
