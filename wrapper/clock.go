package wrapper

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// largeSkew is the difference between two clocks from which on a signature may be refused for its time. The Date header counts whole
	// seconds and takes time to arrive, so less than this says nothing.
	largeSkew = 5 * time.Second
	// maxSkew bounds what is believed of a Date: a signature that was made for a far-off time could be used then.
	maxSkew = 24 * time.Hour
)

// clock is the local clock and how far the server's is ahead of it, as far as a success has proved. A refused attempt gives a guess, which
// is good for the one attempt that follows.
type clock struct {
	local func() time.Time
	ahead *atomic.Int64 // nanoseconds
}

func (c *clock) skew() time.Duration { return time.Duration(c.ahead.Load()) }

// share learns together with another clock of this host.
func (c *clock) share(other *clock) { c.ahead = other.ahead }

// guess returns what a refusal says of the server's clock, by a Date header that no cache can have kept, and whether that differs from what
// the refused attempt went by.
func (c *clock) guess(header http.Header, used time.Duration) (time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return 0, false
	}
	ahead := date.Sub(c.local())
	switch {
	case ahead.Abs() < largeSkew:
		ahead = 0
	case ahead.Abs() > maxSkew:
		return 0, false
	}
	return ahead, (ahead - used).Abs() >= largeSkew
}

// prove keeps a skew that an attempt succeeded with.
func (c *clock) prove(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// review gives a skew up where the Date of a success agrees with the local clock.
func (c *clock) review(header http.Header) {
	if ahead, differs := c.guess(header, c.skew()); differs && ahead == 0 {
		c.prove(0)
	}
}

func describeSkew(ahead time.Duration) string {
	switch difference := ahead.Abs().Round(time.Second); {
	case ahead > 0:
		return fmt.Sprintf("the local clock is %s behind the server's", difference)
	case ahead < 0:
		return fmt.Sprintf("the local clock is %s ahead of the server's", difference)
	}
	return "the local clock agrees with the server's again"
}
