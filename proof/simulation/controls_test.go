package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// defect is a mistake that a control adds to the client, to its callers or to the server.
// The judge must find the defect.
type defect struct {
	name     string
	found    string // part of the text that the judge reports
	in       string // the only kind of step to simulate; empty means all kinds
	first    uint64 // the first month to simulate; earlier months do not show the defect
	options  optionsMaker
	wrap     func(l line, log *logbook) http.RoundTripper
	sabotage func(response *http.Response)
	// Defects of callers that resume a write:
	newKeys   bool // repeat the write with a new key
	keysAlone bool // repeat the write with its key, but without Resume
	forgetful bool // lose the key after a resumed call that sent no request
}

// optionsMaker returns the options that a defect adds to the options of a host's clients.
type optionsMaker func(
	h *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption

// transport is a function that implements [http.RoundTripper].
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// source is a token source without a method to invalidate a token.
type source func() (*oauth2.Token, error)

// Token implements [oauth2.TokenSource].
func (s source) Token() (*oauth2.Token, error) { return s() }

// deaf is a limiter that ignores the cancellation of the caller's context.
type deaf struct{ *limiter }

// Wait implements [upvest.Limiter].
func (d deaf) Wait(ctx context.Context) error { return d.limiter.Wait(context.WithoutCancel(ctx)) }

// hasty is a token source that waits at most one second for a token.
type hasty struct{ *upvest.TokenSource }

// TokenContext returns a token, or an error after one second.
func (h hasty) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return h.TokenSource.TokenContext(ctx)
}

const failedWhileHealthy = "failed although the server is healthy"

var defects = []defect{
	{name: "each call requests its own token", found: "token requests", options: withUnsharedTokens},
	{name: "refused tokens are reused", in: "revocation", found: failedWhileHealthy, options: withKeptTokens},
	{name: "calls wait only one second for a token", found: failedWhileHealthy, options: withHastyTokens},
	{name: "the Date of any 401 sets the clock permanently", found: failedWhileHealthy, wrap: trustEveryDate},
	{
		name:  "calls are attempted twenty times",
		found: "made too many attempts",
		options: func(*host, upvest.Credentials, []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 20})}
		},
	},
	{
		name: "only fast responses correct the clock", in: "mild fault", found: failedWhileHealthy,
		wrap: withoutDates(func(_ *http.Response, took time.Duration) bool { return took > time.Second }),
	},
	{
		name: "a matching Date does not end a correction of the clock",
		in:   "single wrong Date", found: "although the Date of an earlier response matched",
		wrap: withoutDates(func(resp *http.Response, _ time.Duration) bool {
			return resp.StatusCode != http.StatusUnauthorized
		}),
	},
	{
		name: "tokens are fetched before the limiter admits the call",
		in:   "slow limiter", found: "with an expired token",
		options: withEarlyTokens,
	},
	{
		name: "callers lose the idempotency key after a resumed call that sent no request",
		in:   "resume chains", found: "took effect 2 times in total", forgetful: true,
	},
	{
		name: "callers resume with the key instead of Resume",
		in:   "resume chains", found: "although the outcome was unknown", keysAlone: true,
	},
	{name: "callers resume with a new key", found: "took effect 2 times in total", newKeys: true},
	{
		name: "the client mistakes proxy pages for API responses",
		in:   "outage", found: "reported success without an effect", first: 3,
		sabotage: func(response *http.Response) {
			response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
		},
	},
	{
		name: "the server reports a refusal for a write that took effect",
		in:   "outage", found: "reported a refusal although it took effect",
		sabotage: func(response *http.Response) {
			switch response.StatusCode {
			case http.StatusBadGateway, http.StatusGatewayTimeout:
				response.StatusCode = http.StatusBadRequest
				// The client accepts a refusal only with a request ID.
				response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
			}
		},
	},
	{
		name: "the client mistakes 404 pages of gateways for API responses",
		in:   "outage", found: "reported a refusal although it took effect", first: 8,
		sabotage: func(response *http.Response) {
			if response.StatusCode == http.StatusNotFound {
				response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
			}
		},
	},
	{
		name: "every call sends a refused secret again",
		in:   "refused secret", found: "with a refused secret",
		options: withUnsharedTokens,
	},
	{
		name:  "the limiter ignores the deadline of a call",
		in:    "limiter hangs",
		found: "exceeded its deadline",
		options: func(h *host, _ upvest.Credentials, _ []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithLimiter(deaf{h.limiter})}
		},
	},
	{
		name:    "calls wait for a renewal while their token is valid",
		in:      "lost renewals",
		found:   "although its token was valid",
		options: withForegroundRenewals,
	},
	{name: "tokens are logged", found: "the log contains a secret", wrap: logging("Authorization")},
	{name: "signatures are logged", found: "the log contains a secret", wrap: logging("Signature")},
	{
		name:  "requests leak goroutines",
		found: "goroutines remain",
		wrap: func(l line, _ *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				go time.Sleep(time.Hour)
				return l.RoundTrip(req)
			})
		},
	},
	{
		name:  "response bodies are not closed",
		found: "connections remain open",
		wrap: func(l line, _ *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				resp, err := l.RoundTrip(req)
				if err == nil {
					resp.Body = http.NoBody
				}
				return resp, err
			})
		},
	},
}

// withUnsharedTokens makes each call request its own token.
func withUnsharedTokens(
	_ *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	return []upvest.ClientOption{upvest.WithTokenSource(source(func() (*oauth2.Token, error) {
		alone, err := upvest.NewTokenSource(credentials, options...)
		if err != nil {
			return nil, err
		}
		return alone.Token()
	}))}
}

// withKeptTokens makes the client reuse each token until the token expires, even if the
// server refuses the token.
func withKeptTokens(
	_ *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	shared, err := upvest.NewTokenSource(credentials, options...)
	return []upvest.ClientOption{upvest.WithTokenSource(source(func() (*oauth2.Token, error) {
		if err != nil {
			return nil, err
		}
		return shared.Token()
	}))}
}

// withForegroundRenewals makes calls wait for a renewal while their token is still valid.
func withForegroundRenewals(
	h *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	turn := make(chan struct{}, 1)
	var token *oauth2.Token
	return []upvest.ClientOption{upvest.WithTokenSource(source(func() (*oauth2.Token, error) {
		turn <- struct{}{}
		defer func() { <-turn }()
		if token != nil {
			life := time.Duration(token.ExpiresIn) * time.Second
			if token.Expiry.Sub(h.now()) > life/2 {
				return token, nil
			}
		}
		alone, err := upvest.NewTokenSource(credentials, options...)
		if err != nil {
			return nil, err
		}
		token, err = alone.Token()
		return token, err
	}))}
}

// withHastyTokens makes calls wait at most one second for a token.
func withHastyTokens(
	_ *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	shared, err := upvest.NewTokenSource(credentials, options...)
	if err != nil {
		return nil
	}
	return []upvest.ClientOption{upvest.WithTokenSource(hasty{shared})}
}

// early is a limiter that is also a token source. It fetches the token for a call before
// the call waits for the limiter.
type early struct {
	*limiter
	*upvest.TokenSource
	tokens sync.Map // the *oauth2.Token for each *call
}

// Wait fetches a token for the call, and then waits for the limiter.
func (e *early) Wait(ctx context.Context) error {
	if c, ok := ctx.Value(ofCall{}).(*call); ok {
		token, err := e.TokenSource.TokenContext(ctx)
		if err != nil {
			return err
		}
		e.tokens.Store(c, token)
	}
	return e.limiter.Wait(ctx)
}

// TokenContext returns the token that Wait fetched for the call.
func (e *early) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	token, ok := e.tokens.Load(ctx.Value(ofCall{}))
	if !ok {
		return nil, errors.New("no token was fetched")
	}
	return token.(*oauth2.Token), nil
}

// withEarlyTokens makes the client fetch the token for each call before the limiter
// admits the call.
func withEarlyTokens(
	h *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	shared, err := upvest.NewTokenSource(credentials, options...)
	if err != nil {
		return nil
	}
	both := &early{limiter: h.limiter, TokenSource: shared}
	return []upvest.ClientOption{upvest.WithTokenSource(both), upvest.WithLimiter(both)}
}

// withoutDates returns a function that makes a transport. The transport removes the Date
// header from each response for which `from` returns true.
func withoutDates(
	from func(resp *http.Response, took time.Duration) bool,
) func(l line, _ *logbook) http.RoundTripper {
	return func(l line, _ *logbook) http.RoundTripper {
		return transport(func(req *http.Request) (*http.Response, error) {
			sent := time.Now()
			resp, err := l.RoundTrip(req)
			if err == nil && from(resp, time.Since(sent)) {
				resp.Header.Del("Date")
			}
			return resp, err
		})
	}
}

// trustEveryDate returns a transport that sets the clock of the host to the Date of each
// 401 response.
func trustEveryDate(l line, _ *logbook) http.RoundTripper {
	return transport(func(req *http.Request) (*http.Response, error) {
		resp, err := l.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusUnauthorized {
			return resp, err
		}
		if date, invalid := http.ParseTime(resp.Header.Get("Date")); invalid == nil {
			l.process.host.ahead.Store(int64(time.Until(date)))
		}
		return resp, nil
	})
}

// logging returns a function that makes a transport. The transport writes the given
// header of each request to the log.
func logging(header string) func(l line, log *logbook) http.RoundTripper {
	return func(l line, log *logbook) http.RoundTripper {
		return transport(func(req *http.Request) (*http.Response, error) {
			_, errLog := fmt.Fprintln(log, req.Header.Get(header))
			resp, err := l.RoundTrip(req)
			return resp, errors.Join(errLog, err)
		})
	}
}

// TestDefectsAreFound requires that the judge reports each defect within 30 simulated
// months.
func TestDefectsAreFound(t *testing.T) {
	t.Parallel()
	const months = 30
	for _, broken := range defects {
		t.Run(broken.name, func(t *testing.T) {
			t.Parallel()
			for seed := max(broken.first, 1); seed <= months; seed++ {
				if run(t, seed, broken).finds(broken) {
					t.Logf("the judge found the defect with seed %d", seed)
					return
				}
			}
			t.Errorf("the judge did not find the defect in %d months, want a problem that contains %q",
				months, broken.found)
		})
	}
}

// TestSameSeedRepeatsMonth simulates the month of one seed twice. It requires that each
// call has the same start, end and result in both simulations. For a list with prefetched
// pages, the test compares only the start, because prefetched pages arrive in any order.
func TestSameSeedRepeatsMonth(t *testing.T) {
	var months [2][]string
	for i := range months {
		for _, c := range run(t, max(*seed, 1), defect{}).all {
			line := fmt.Sprint(c.op.id, c.host.name, c.started)
			if c.target.ahead == 0 || !c.op.many {
				line += fmt.Sprint(c.ended, c.verdict(), c.sent, len(c.effects))
			}
			months[i] = append(months[i], line)
		}
	}
	first := months[0]
	second := months[1]
	for i := range min(len(first), len(second)) {
		if first[i] != second[i] {
			t.Fatalf("the two simulations differ from call %d on, want equal calls:\n%s\n%s",
				i, first[i], second[i])
		}
	}
	if len(first) != len(second) {
		t.Errorf("the two simulations made %d and %d calls, want equal numbers",
			len(first), len(second))
	}
}
