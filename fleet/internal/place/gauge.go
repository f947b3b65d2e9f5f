package place

import (
	"sync"
	"time"
)

// mostFailures is the number of failures in a row after which a run is held. Failures
// that the items caused do not count.
const mostFailures = 20

// Gauge counts, for each run, the consecutive failures in this process that the items did
// not cause. It is safe for concurrent use.
type Gauge struct {
	mu   sync.Mutex
	runs map[int64]*reading
}

type reading struct {
	failures  int
	successes uint64
	last      time.Time // the time of the last success
}

// NewGauge returns a gauge that has counted no failures.
func NewGauge() *Gauge { return &Gauge{runs: map[int64]*reading{}} }

func (g *Gauge) of(run int64) *reading {
	r := g.runs[run]
	if r == nil {
		r = new(reading)
		g.runs[run] = r
	}
	return r
}

// Succeed counts a request that worked: the API accepted or refused an item, or responded
// to a lookup. It resets the count of failures.
func (g *Gauge) Succeed(run int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.of(run)
	r.failures = 0
	r.successes++
	r.last = time.Now()
}

// Fail counts a failure, and reports whether the caller must hold the run. If so, the
// count of failures restarts at zero, and the time of the last success is forgotten.
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

// Successes returns how often [Gauge.Succeed] was called for the run.
func (g *Gauge) Successes(run int64) uint64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.of(run).successes
}

// SucceededWithin reports whether the last success of a run is less than the duration
// `last` ago. Successes from before the run was held do not count.
func (g *Gauge) SucceededWithin(run int64, last time.Duration) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.of(run)
	return !r.last.IsZero() && time.Since(r.last) < last
}
