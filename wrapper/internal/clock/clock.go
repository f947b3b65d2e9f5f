// Package clock measures the difference between the local clock and the server's clock.
package clock

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// largeSkew is the smallest difference between the clocks that Guess corrects,
	// because a server may refuse a signature for such a difference.
	largeSkew = 5 * time.Second
	// maxSkew limits the offset that is taken from the Date of a response, because a
	// signature that is dated in the future could be used again at that time.
	maxSkew = 24 * time.Hour
	// tolerance allows for the resolution of a Date, which is one second.
	tolerance = time.Second
	// slowest is the longest duration of an exchange whose Date is used, because the
	// longer an exchange takes, the less certain it is when the server wrote the Date.
	slowest = 5 * time.Second
)

// Clock holds the local clock, and how far the server's clock is ahead of it (the
// offset). After a refused attempt, the next attempt can use a guess instead of this
// offset. If that attempt succeeds, the guess becomes the offset.
type Clock struct {
	Local func() time.Time
	ahead *atomic.Int64 // nanoseconds
}

// New makes a Clock without an offset.
func New(local func() time.Time) *Clock { return &Clock{Local: local, ahead: new(atomic.Int64)} }

// Skew returns the offset, which is zero until Prove stores one.
func (c *Clock) Skew() time.Duration { return time.Duration(c.ahead.Load()) }

// Share makes the clock use the offset of the other clock. Both clocks must be for the
// same server.
func (c *Clock) Share(other *Clock) { c.ahead = other.ahead }

// Reading is the Date of a response, together with the times (by the local clock) at
// which the request was sent and the header was received. The zero value shows nothing
// about the server's clock.
type Reading struct{ date, sent, received time.Time }

// Read reads the header of a response that has just arrived. It ignores the Date if a
// cache may have stored the response, if the response took more than five seconds, or if
// the local clock was set to a time before the request. If the Date agrees with the local
// clock, Read resets the offset to zero.
func (c *Clock) Read(header http.Header, sent time.Time) Reading {
	// Round removes the monotonic clock reading, because the local clock may have been
	// set since the request was sent.
	r := Reading{sent: sent.Round(0), received: c.Local()}
	took := r.received.Sub(r.sent)
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header.Get("Age") != "" || took < 0 || took > slowest {
		return Reading{}
	}
	r.date = date
	if r.distance(0).Abs() <= tolerance {
		c.ahead.Store(0)
	}
	return r
}

func (r Reading) isEmpty() bool { return r.date.IsZero() }

// distance returns how far the Date lies outside the period from sending to receiving, if
// the server's clock is ahead by the given offset.
func (r Reading) distance(ahead time.Duration) time.Duration {
	earliest := r.sent.Add(ahead)
	latest := r.received.Add(ahead)
	switch {
	case r.date.Before(earliest):
		return r.date.Sub(earliest)
	case r.date.After(latest):
		return r.date.Sub(latest)
	}
	return 0
}

// Guess returns the offset that the response to a refused attempt shows: zero if the
// clocks differ by less than five seconds. It also reports whether the Date differs by
// five seconds or more from the time that the attempt assumed. Guess returns zero and
// false for an empty Reading, and if the clocks differ by more than 24 hours.
func (r Reading) Guess(used time.Duration) (time.Duration, bool) {
	if r.isEmpty() {
		return 0, false
	}
	ahead := r.distance(0)
	switch {
	case ahead.Abs() > maxSkew:
		return 0, false
	case ahead.Abs() < largeSkew:
		ahead = 0
	}
	return ahead, r.distance(used).Abs() >= largeSkew
}

// Prove stores the offset that a successful attempt used, unless the Date of the response
// contradicts that offset.
func (c *Clock) Prove(ahead time.Duration, response Reading) {
	if response.isEmpty() || response.distance(ahead).Abs() < largeSkew {
		c.ahead.Store(int64(ahead))
	}
}

// Describe returns an offset in words.
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
