package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
)

// RetryPolicy says how often and how fast a call is tried again. The zero value of a field means its default.
//
// Tried again are network failures, the statuses 408, 429, 500, 502, 503 and 504, and a 2xx whose body breaks off. Every attempt is
// built, dated and signed afresh, and all attempts of a write carry one idempotency key. A wait that would outlast the deadline of the
// context is not begun.
//
// All calls of a client share a budget of 100 retries: each success puts a fifth of one back, each second one. A call that finds it empty
// ends with its first failure, see [ErrRetryBudget]. The repeat after a 401 is not a retry: it comes once, without a wait, and costs nothing.
type RetryPolicy struct {
	// MaxAttempts is the number of attempts in all, the first included; the default is 4, 1 turns retries off.
	MaxAttempts int
	// BaseDelay bounds the first wait; the bound doubles with each further one. The default is 250 ms. Waits are drawn evenly from 0 to
	// the bound (full jitter).
	BaseDelay time.Duration
	// MaxDelay is where the bound stops growing; the default is 8 s.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that is waited for; a longer one ends the call at once. The default is 30 s.
	MaxRetryAfter time.Duration
	// AttemptTimeout bounds one attempt with the reading of its answer; the default is 30 s.
	AttemptTimeout time.Duration
	// Retry, if set, decides in place of the list above whether a failed attempt is followed by another. It sees status and error.
	Retry func(Attempt) bool
}

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
	orDefault := func(field *time.Duration, value time.Duration) {
		if *field == 0 {
			*field = value
		}
	}
	if p.MaxAttempts == 0 {
		p.MaxAttempts = 4
	}
	orDefault(&p.BaseDelay, 250*time.Millisecond)
	orDefault(&p.MaxDelay, max(8*time.Second, p.BaseDelay))
	orDefault(&p.MaxRetryAfter, 30*time.Second)
	orDefault(&p.AttemptTimeout, 30*time.Second)
	return p
}

// delay returns the wait after an attempt, counted from 1, and whether Retry-After allows one at all.
func (p RetryPolicy) delay(attempt int, header http.Header, now time.Time, source randomSource) (time.Duration, bool) {
	bound := p.MaxDelay
	if shift := attempt - 1; shift < 32 && p.BaseDelay < p.MaxDelay>>shift {
		bound = p.BaseDelay << shift
	}
	wait := source.UpTo(bound)
	if after, ok := retry.After(header, now); ok {
		if after > p.MaxRetryAfter {
			return after, false
		}
		wait = max(wait, after)
	}
	return wait, true
}

func isRetryable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
