package wrapper

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
)

// RetryPolicy determines how often a call is retried, and how long it waits before each
// retry. Each field that is zero has its default value.
//
// The client retries network failures (but not after an invalid certificate), the
// statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530, and 2xx responses whose body
// ends too early. Every attempt is built, dated and signed anew, and all attempts of a
// POST or PATCH carry the same idempotency key. The client does not begin a wait that
// would outlast the deadline of the context or the limit of [WithTimeout].
//
// All calls of a client share a budget of 100 retries. Each retry takes one, each success
// puts back a fifth, and each second puts back one, up to 100. While the budget is empty,
// a call that fails is not retried, see [ErrRetryBudget]. The retrievals of [Orders.Wait]
// share a separate budget of the same size. The extra attempt after a 401 is not a retry:
// a call makes it at most once, as soon as it has a token, and it does not use the
// budget.
type RetryPolicy struct {
	// MaxAttempts limits the number of attempts, including the first, but without the
	// extra attempt after a 401. The default is 4, and 1 turns retries off.
	MaxAttempts int
	// BaseDelay is the upper bound of the first wait; the bound doubles with each further
	// wait. The default is 250 ms. Waits are drawn evenly from 0 to the bound (full
	// jitter).
	BaseDelay time.Duration
	// MaxDelay limits the bound of each wait; the default is 8 s, or BaseDelay if that is
	// longer.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest Retry-After that the client waits for; a longer
	// Retry-After ends the call immediately. The default is 30 s. The client adds a
	// random time of up to a quarter of Retry-After, or up to 250 ms if that is more, so
	// that calls that were refused together are not repeated together.
	MaxRetryAfter time.Duration
	// AttemptTimeout limits one attempt including the reading of its response; the
	// default is 30 s.
	AttemptTimeout time.Duration
	// Retry, if set, replaces the rules above that determine what is retried: it decides
	// from the status and error of a failed attempt whether the client may retry. It
	// decides neither about a 401 nor about an attempt that was not sent.
	Retry func(Attempt) bool
}

// leastSpread is the smallest upper bound of the jitter that is added to Retry-After.
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

// delay returns the wait before a retry. The parameter number is 1 for the first retry of
// a call. If Retry-After is longer than MaxRetryAfter, delay returns Retry-After and
// false.
func (p RetryPolicy) delay(
	number int, header http.Header, now time.Time, source randomSource,
) (time.Duration, bool) {
	bound := p.MaxDelay
	shift := number - 1
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
