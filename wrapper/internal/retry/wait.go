// Package retry reads the header Retry-After, waits before another attempt, and limits
// the retries of a client by a budget.
package retry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// After returns the wait that the header Retry-After requests, in seconds or as a date.
// It returns false if the header is missing or malformed. Seconds may have a fraction,
// and are rounded up. The wait until a date is counted from the Date of the response, or
// from the parameter now if the Date is missing or malformed.
func After(header http.Header, now time.Time) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, ok := wholeSeconds(text); ok {
		return seconds, true
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

// wholeSeconds reads digits, with or without decimals after a point, as seconds, rounded
// up. A number that is too large becomes 136 years.
func wholeSeconds(text string) (time.Duration, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	if strings.Trim(fraction, "0123456789") != "" {
		return 0, false
	}
	count, err := strconv.ParseUint(whole, 10, 32)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	seconds := time.Duration(count) * time.Second
	if strings.Trim(fraction, "0") != "" {
		seconds += time.Second
	}
	return seconds, true
}

// Fits returns an error if a wait would outlast the deadline of the context.
func Fits(ctx context.Context, wait time.Duration) error {
	if deadline, bounded := ctx.Deadline(); bounded && wait > 0 && time.Until(deadline) < wait {
		return fmt.Errorf("a wait of %s would outlast the deadline of the call: %w",
			wait.Round(time.Millisecond), context.DeadlineExceeded)
	}
	return nil
}

// Sleep waits for the given time or until the context ends. If the wait would outlast the
// deadline, Sleep returns an error immediately.
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
