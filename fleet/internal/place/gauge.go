package place

import (
	"sync"
	"time"
)

// mostFailures is how many failures in a row hold a run. It does not count failures that
// the items caused.
const mostFailures = 20

// Gauge counts for each run how many items have failed in a row in this process, without
// being the cause. It is safe for concurrent use.
type Gauge struct {
	mu   sync.Mutex
	runs map[int64]*reading
}

type reading struct {
	failures  int
	successes uint64
	last      time.Time // of the last success
}

// NewGauge returns a gauge without readings.
func NewGauge() *Gauge { return &Gauge{runs: map[int64]*reading{}} }

func (g *Gauge) of(run int64) *reading {
	r := g.runs[run]
	if r == nil {
		r = new(reading)
		g.runs[run] = r
	}
	return r
}

// Succeed counts an item to which the API itself responded.
func (g *Gauge) Succeed(run int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.of(run)
	r.failures = 0
	r.successes++
	r.last = time.Now()
}

// Fail counts a failure, and reports whether the caller has to hold the run.
func (g *Gauge) Fail(run int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.of(run)
	r.failures++
	if r.failures < mostFailures {
		return false
	}
	r.failures = 0
	r.last = time.Time{}
	return true
}

// Successes returns the number of items to which the API itself has responded.
func (g *Gauge) Successes(run int64) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of(run).successes
}

// SucceededWithin reports whether an item has succeeded in the period of the length last
// that ends now. Successes from before the run was held do not count.
func (g *Gauge) SucceededWithin(run int64, last time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.of(run)
	return !r.last.IsZero() && time.Since(r.last) < last
}
