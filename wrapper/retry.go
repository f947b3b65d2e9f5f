package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
)

// RetryPolicy determines how often and how fast a call is retried. The zero value of a
// field means its default.
//
// The client retries network failures, the statuses 408, 429, 500, 502, 503, 504, 520 to
// 526 and 530, and a 2xx whose body breaks off. Every attempt is built, dated and signed
// anew, and all attempts of a POST or PATCH carry one idempotency key. A wait that would
// outlast the deadline of the context is not begun.
//
// All calls of a client share a budget of 100 retries. Each success adds a fifth of a
// retry to it, and each second adds one. While it is empty, a call ends with its first
// failure, see [ErrRetryBudget]. The repetition after a 401 is not a retry: it happens
// once, without a wait, and does not use the budget.
type RetryPolicy struct {
	// MaxAttempts is the number of attempts including the first; the default is 4, and 1
	// turns retries off.
	MaxAttempts int
	// BaseDelay is the upper bound of the first wait, which doubles with each further
	// one; the default is 250 ms. Waits are drawn evenly from 0 to the bound (full
	// jitter).
	BaseDelay time.Duration
	// MaxDelay limits that bound; the default is 8 s.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that the client waits for; a longer one
	// ends the call at once. The default is 30 s. The client adds a random time of up to
	// a quarter of Retry-After, or up to 250 ms if that is more, so that calls that were
	// refused together are not repeated together.
	MaxRetryAfter time.Duration
	// AttemptTimeout limits one attempt including the reading of its response; the
	// default is 30 s.
	AttemptTimeout time.Duration
	// Retry, if set, replaces the list of statuses above: it decides whether another
	// attempt follows a failed one, by its status and error.
	Retry func(Attempt) bool
}

// leastSpread is the smallest range of the jitter that is added to Retry-After.
const leastSpread = 250 * time.Millisecond

func (p RetryPolicy) check() error {
	for _, field := range []struct {
		name  string
		value int64
	}{
		{"MaxAttempts", int64(p.MaxAttempts)},
		{"BaseDelay", int64(p.BaseDelay)},
		{"MaxDelay", int64(p.MaxDelay)},
		{"MaxRetryAfter", int64(p.MaxRetryAfter)},
		{"AttemptTimeout", int64(p.AttemptTimeout)},
	} {
		if field.value < 0 {
			return fmt.Errorf("retry policy: %s is negative: use 0 for the default", field.name)
		}
	}
	if p.MaxDelay > 0 && p.BaseDelay > p.MaxDelay {
		return errors.New("retry policy: BaseDelay is longer than MaxDelay")
	}
	return nil
}

func (p RetryPolicy) withDefaults() RetryPolicy {
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 4
	}
	if p.BaseDelay == 0 {
		p.BaseDelay = 250 * time.Millisecond
	}
	if p.MaxDelay == 0 {
		p.MaxDelay = max(8*time.Second, p.BaseDelay)
	}
	if p.MaxRetryAfter == 0 {
		p.MaxRetryAfter = 30 * time.Second
	}
	if p.AttemptTimeout == 0 {
		p.AttemptTimeout = 30 * time.Second
	}
	return p
}

// delay returns the wait after an attempt, counted from 1, and whether Retry-After allows
// another attempt.
func (p RetryPolicy) delay(
	attempt int, header http.Header, now time.Time, source randomSource,
) (time.Duration, bool) {
	bound := p.MaxDelay
	shift := attempt - 1
	if p.BaseDelay < p.MaxDelay>>shift {
		bound = p.BaseDelay << shift
	}
	wait := source.upTo(bound)
	after, ok := retry.After(header, now)
	switch {
	case !ok:
		return wait, true
	case after > p.MaxRetryAfter:
		return after, false
	}
	return max(wait, after+source.upTo(max(after/4, leastSpread))), true
}

func isRetryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return cloudflare[status] != ""
}
