// Package clock keeps the difference between the local clock and the server's.
package clock

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// largeSkew is the difference between two clocks from which on a signature may be
	// refused for its time. The Date header counts whole seconds and takes time to
	// arrive, so less than this says nothing.
	largeSkew = 5 * time.Second
	// maxSkew bounds what is believed of a Date: a signature that was made for a far-off
	// time could be used then.
	maxSkew = 24 * time.Hour
)

// Clock is the local clock and how far the server's is ahead of it, as far as a success
// has proved. A refused attempt gives a guess, which is good for the one attempt that
// follows.
type Clock struct {
	Local func() time.Time
	ahead *atomic.Int64 // nanoseconds
}

// New makes a Clock that knows of no difference.
func New(local func() time.Time) *Clock { return &Clock{Local: local, ahead: new(atomic.Int64)} }

// Skew is how far the server is ahead of the local clock.
func (c *Clock) Skew() time.Duration { return time.Duration(c.ahead.Load()) }

// Share learns together with another clock of this host.
func (c *Clock) Share(other *Clock) { c.ahead = other.ahead }

// Guess returns what a refusal says of the server's clock, by a Date header that no cache
// can have kept, and whether that differs from what the refused attempt went by.
func (c *Clock) Guess(header http.Header, used time.Duration) (time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" {
		return 0, false
	}
	ahead := date.Sub(c.Local())
	switch {
	case ahead.Abs() < largeSkew:
		ahead = 0
	case ahead.Abs() > maxSkew:
		return 0, false
	}
	return ahead, (ahead - used).Abs() >= largeSkew
}

// Prove keeps a skew that an attempt succeeded with.
func (c *Clock) Prove(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

// Review gives a skew up where the Date of a success agrees with the local clock.
func (c *Clock) Review(header http.Header) {
	if ahead, differs := c.Guess(header, c.Skew()); differs && ahead == 0 {
		c.Prove(0)
	}
}

// Describe says a skew in words.
func Describe(ahead time.Duration) string {
	difference := ahead.Abs().Round(time.Second)
	switch {
	case ahead > 0:
		return fmt.Sprintf("the local clock is %s behind the server's", difference)
	case ahead < 0:
		return fmt.Sprintf("the local clock is %s ahead of the server's", difference)
	}
	return "the local clock agrees with the server's again"
}
