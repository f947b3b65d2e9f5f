package sandbox

import (
	"sync"
	"time"
)

// Clock provides the time for orders, tokens, idempotency keys and the journals.
// Signatures, nonces, rate limits and the Date header use the machine's time instead. A
// Clock is safe for concurrent use.
type Clock struct {
	mu    sync.Mutex
	time  time.Time
	moves bool
	// since is the machine's time at which the field `time` was set.
	since time.Time
}

// NewClock returns a clock that shows start until Advance or Set moves it.
func NewClock(start time.Time) *Clock {
	return &Clock{time: start.UTC()}
}

// NewMovingClock returns a clock that shows start at first, and then moves with the
// machine's time. Advance and Set make the clock jump.
func NewMovingClock(start time.Time) *Clock {
	return &Clock{time: start.UTC(), moves: true, since: time.Now()}
}

// Now returns the sandbox's time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(c.now().Add(d))
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(t)
}

func (c *Clock) now() time.Time {
	if !c.moves {
		return c.time
	}
	return c.time.Add(time.Since(c.since))
}

func (c *Clock) set(t time.Time) {
	c.time = t.UTC()
	if c.moves {
		c.since = time.Now()
	}
}
