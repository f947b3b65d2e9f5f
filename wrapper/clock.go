package wrapper

import (
	"net/http"
	"sync/atomic"
	"time"
)

// largeSkew is the difference between two clocks from which on a signature may be refused for its time. The Date header counts whole
// seconds and takes time to arrive, so less than this says nothing.
const largeSkew = 5 * time.Second

// clock is the local clock, corrected by what the server's Date headers taught.
type clock struct {
	local  func() time.Time
	offset atomic.Int64 // nanoseconds that the server is ahead
}

func (c *clock) now() time.Time { return c.local().Add(time.Duration(c.offset.Load())) }

// skew returns how far the server's clock is ahead, by a Date header that no cache can have kept.
func (c *clock) skew(header http.Header) (ahead time.Duration, known bool) {
	if header.Get("Age") != "" {
		return 0, false
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || date.Unix() <= 0 { // a signature has no negative times
		return 0, false
	}
	return date.Sub(c.local()), true
}

// learn takes over the server's time after a refusal for want of a valid signature, and reports whether that changes anything.
func (c *clock) learn(header http.Header) bool {
	ahead, known := c.skew(header)
	if !known || (ahead-time.Duration(c.offset.Load())).Abs() < largeSkew {
		return false
	}
	c.offset.Store(int64(ahead))
	return true
}

// restore takes back what was learnt since the offset was read.
func (c *clock) restore(offset int64) { c.offset.Store(offset) }

// unlearn returns to the local time once the clocks agree.
func (c *clock) unlearn(header http.Header) {
	if c.offset.Load() == 0 {
		return
	}
	if ahead, known := c.skew(header); known && ahead.Abs() < largeSkew {
		c.offset.Store(0)
	}
}
