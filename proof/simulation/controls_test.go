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

// defect is a mistake that a control adds to the client or its callers.
type defect struct {
	name     string
	found    string // part of what the judge reports
	in       string // the kind of steps that finds it; empty for any
	first    uint64 // the first month to simulate, because earlier ones do not find it
	options  optionsMaker
	wrap     func(l line, log *logbook) http.RoundTripper
	sabotage func(response *http.Response)
	// What callers do wrong when they resume a write:
	newKeys   bool // they repeat it with a new key
	keysAlone bool // they repeat it with its key, but without Resume
	forgetful bool // they forget the key of an attempt that was never sent
}

// optionsMaker returns options that the clients of a host get in addition to the given
// ones.
type optionsMaker func(
	h *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption

// transport makes a function an [http.RoundTripper].
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// source is a token source that cannot drop a token.
type source func() (*oauth2.Token, error)

// Token implements [oauth2.TokenSource].
func (s source) Token() (*oauth2.Token, error) { return s() }

// deaf is a limiter that ignores the end of its context.
type deaf struct{ *limiter }

// Wait implements [upvest.Limiter].
func (d deaf) Wait(ctx context.Context) error { return d.limiter.Wait(context.WithoutCancel(ctx)) }

// hasty is a token source that waits for a token for a second only.
type hasty struct{ *upvest.TokenSource }

// TokenContext is the method that the client calls.
func (h hasty) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return h.TokenSource.TokenContext(ctx)
}

const failedWhileHealthy = "failed though the server is healthy"

var defects = []defect{
	{name: "renewals are not shared", found: "token requests", options: withUnsharedTokens},
	{name: "refused tokens are kept", in: "revocation", found: failedWhileHealthy, options: withKeptTokens},
	{name: "tokens are waited for a second", found: failedWhileHealthy, options: withHastyTokens},
	{name: "every Date sets the clock for good", found: failedWhileHealthy, wrap: trustEveryDate},
	{
		name:  "calls are tried twenty times",
		found: "took too many attempts",
		options: func(*host, upvest.Credentials, []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 20})}
		},
	},
	{
		name: "quick responses alone set the clock", in: "mild fault", found: failedWhileHealthy,
		wrap: withoutDates(func(_ *http.Response, took time.Duration) bool { return took > time.Second }),
	},
	{
		name: "no Date ends a correction of the clock",
		in:   "single wrong Date", found: "though a Date agreed",
		wrap: withoutDates(func(resp *http.Response, _ time.Duration) bool {
			return resp.StatusCode != http.StatusUnauthorized
		}),
	},
	{
		name: "tokens are fetched before the limiter's turn",
		in:   "slow limiter", found: "with an expired token",
		options: withEarlyTokens,
	},
	{
		name: "tries that never left lose the key",
		in:   "resume chains", found: "acted 2 times in all", forgetful: true,
	},
	{
		name: "callers resume with the key alone",
		in:   "resume chains", found: "after an unknown outcome", keysAlone: true,
	},
	{name: "callers resume with a new key", found: "acted 2 times in all", newKeys: true},
	{
		name: "pages of proxies pass for the API's",
		in:   "outage", found: "reports that it acted", first: 3,
		sabotage: func(response *http.Response) {
			response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
		},
	},
	{
		name: "what acted is refused",
		in:   "outage", found: "reports that it was refused",
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
		name: "404 pages of gateways pass for the API's",
		in:   "outage", found: "reports that it was refused", first: 8,
		sabotage: func(response *http.Response) {
			if response.StatusCode == http.StatusNotFound {
				response.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
			}
		},
	},
	{
		name: "refused secrets are sent by every call",
		in:   "refused secret", found: "with a refused secret",
		options: withUnsharedTokens,
	},
	{
		name: "limiters outlast their context", in: "limiter hangs", found: "outlasted its deadline",
		options: func(h *host, _ upvest.Credentials, _ []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithLimiter(deaf{h.limiter})}
		},
	},
	{
		name: "calls wait for renewals", in: "lost renewals", found: "though its token was valid",
		options: withForegroundRenewals,
	},
	{name: "tokens are logged", found: "the log shows a secret", wrap: logging("Authorization")},
	{name: "signatures are logged", found: "the log shows a secret", wrap: logging("Signature")},
	{
		name:  "requests leave goroutines behind",
		found: "goroutines are left",
		wrap: func(l line, _ *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				go time.Sleep(time.Hour)
				return l.RoundTrip(req)
			})
		},
	},
	{
		name:  "bodies stay open",
		found: "connections are left open",
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

// withUnsharedTokens requests a token for each call.
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

// withKeptTokens never drops a token before it expires.
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

// withForegroundRenewals lets a call wait for the renewal of a token that is still valid.
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

// withHastyTokens waits a second for a token.
func withHastyTokens(
	_ *host, credentials upvest.Credentials, options []upvest.ClientOption,
) []upvest.ClientOption {
	shared, err := upvest.NewTokenSource(credentials, options...)
	if err != nil {
		return nil
	}
	return []upvest.ClientOption{upvest.WithTokenSource(hasty{shared})}
}

// early fetches a token before a call waits for its turn.
type early struct {
	*limiter
	*upvest.TokenSource
	tokens sync.Map // of *call, *oauth2.Token
}

// Wait implements [upvest.Limiter].
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

// TokenContext is the method that the client calls.
func (e *early) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	token, ok := e.tokens.Load(ctx.Value(ofCall{}))
	if !ok {
		return nil, errors.New("no token was fetched")
	}
	return token.(*oauth2.Token), nil
}

// withEarlyTokens fetches tokens before the limiter's turn.
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

// withoutDates takes the Date from some responses, by how long they took.
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

// trustEveryDate sets the host's clock by the Date of each 401.
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

// logging writes a header of each request to the log.
func logging(header string) func(l line, log *logbook) http.RoundTripper {
	return func(l line, log *logbook) http.RoundTripper {
		return transport(func(req *http.Request) (*http.Response, error) {
			_, errLog := fmt.Fprintln(log, req.Header.Get(header))
			resp, err := l.RoundTrip(req)
			return resp, errors.Join(errLog, err)
		})
	}
}

// TestDefectsAreFound adds a defect to the client or its callers. The simulation of a few
// months has to find it.
func TestDefectsAreFound(t *testing.T) {
	t.Parallel()
	const months = 30
	for _, broken := range defects {
		t.Run(broken.name, func(t *testing.T) {
			t.Parallel()
			for seed := max(broken.first, 1); seed <= months; seed++ {
				if run(t, seed, broken).finds(broken) {
					t.Logf("found by seed %d", seed)
					return
				}
			}
			t.Errorf("%d months did not find it", months)
		})
	}
}

// TestMonthsRepeat simulates one seed twice: its calls begin and end at the same
// instants, and report the same. Only the beginning of a list is compared, because pages
// that are read ahead arrive in any order.
func TestMonthsRepeat(t *testing.T) {
	var months [2][]string
	for i := range months {
		for _, c := range run(t, max(*seed, 1), defect{}).all {
			line := fmt.Sprint(c.op.id, c.host.name, c.started)
			if c.target.ahead == 0 || !c.op.many {
				line += fmt.Sprint(c.ended, c.verdict(), c.sent, len(c.acted))
			}
			months[i] = append(months[i], line)
		}
	}
	first := months[0]
	second := months[1]
	for i := range min(len(first), len(second)) {
		if first[i] != second[i] {
			t.Fatalf("the months differ from call %d on:\n%s\n%s", i, first[i], second[i])
		}
	}
	if len(first) != len(second) {
		t.Errorf("the months have %d and %d calls", len(first), len(second))
	}
}
