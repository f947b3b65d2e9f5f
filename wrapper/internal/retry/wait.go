// Package retry decides how long to wait before another attempt, and whether a client may
// make one.
package retry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// After reads Retry-After in both its forms. A date counts from the server's own Date,
// where there is one.
func After(header http.Header, now time.Time) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(seconds) * time.Second, true
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0, false
	}
	if theirs, err := http.ParseTime(header.Get("Date")); err == nil {
		now = theirs
	}
	return max(date.Sub(now), 0), true
}

// Fits says no to a wait that would outlast the context's deadline: the answer is known
// already.
func Fits(ctx context.Context, wait time.Duration) error {
	if deadline, bounded := ctx.Deadline(); bounded && wait > 0 && time.Until(deadline) < wait {
		return fmt.Errorf("a wait of %s would outlast the deadline of the call: %w",
			wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// Sleep waits for a time or for the end of the context, and does not begin what would
// outlast its deadline.
func Sleep(ctx context.Context, wait time.Duration) error {
	if err := Fits(ctx, wait); err != nil {
		return err
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
