package simulation_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// defect is what a control breaks.
type defect struct {
	name     string
	found    string // what the judge says
	options  func(h *host, credentials upvest.Credentials, options []upvest.ClientOption) []upvest.ClientOption
	wrap     func(l line, log *logbook) http.RoundTripper
	sabotage func(answer *http.Response)
	newKeys  bool // callers take up with a new key what is unknown
}

// transport makes a function an http.RoundTripper.
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// source is a token source that cannot be told to forget.
type source func() (*oauth2.Token, error)

// Token implements [oauth2.TokenSource].
func (s source) Token() (*oauth2.Token, error) { return s() }

// hasty is a token source that waits for a second.
type hasty struct{ *upvest.TokenSource }

// TokenContext is what the client asks by.
func (h hasty) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return h.TokenSource.TokenContext(ctx)
}

var defects = []defect{
	{
		name: "renewals are not shared", found: "token requests",
		options: func(_ *host, credentials upvest.Credentials, options []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithTokenSource(source(func() (*oauth2.Token, error) {
				alone, err := upvest.NewTokenSource(credentials, options...)
				if err != nil {
					return nil, err
				}
				return alone.Token()
			}))}
		},
	},
	{
		name: "refused tokens are kept", found: "failed though the server is healthy",
		options: func(_ *host, credentials upvest.Credentials, options []upvest.ClientOption) []upvest.ClientOption {
			shared, err := upvest.NewTokenSource(credentials, options...)
			return []upvest.ClientOption{upvest.WithTokenSource(source(func() (*oauth2.Token, error) {
				if err != nil {
					return nil, err
				}
				return shared.Token()
			}))}
		},
	},
	{
		name: "tokens are waited for a second", found: "failed though the server is healthy",
		options: func(_ *host, credentials upvest.Credentials, options []upvest.ClientOption) []upvest.ClientOption {
			shared, err := upvest.NewTokenSource(credentials, options...)
			if err != nil {
				return nil
			}
			return []upvest.ClientOption{upvest.WithTokenSource(hasty{shared})}
		},
	},
	{
		name: "every Date is believed for good", found: "failed though the server is healthy",
		wrap: func(l line, _ *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				resp, err := l.RoundTrip(req)
				if err == nil && resp.StatusCode == http.StatusUnauthorized {
					if date, bad := http.ParseTime(resp.Header.Get("Date")); bad == nil {
						l.process.host.ahead.Store(int64(time.Until(date)))
					}
				}
				return resp, err
			})
		},
	},
	{
		name: "calls are tried twenty times", found: "took too many attempts",
		options: func(*host, upvest.Credentials, []upvest.ClientOption) []upvest.ClientOption {
			return []upvest.ClientOption{upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 20})}
		},
	},
	{name: "callers take up with a new key", found: "acted 2 times in all", newKeys: true},
	{name: "pages of proxies pass for the API's", found: "was told that it acted", sabotage: func(answer *http.Response) {
		answer.Header.Set("Upvest-Request-Id", "7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0")
	}},
	{name: "what acted is refused", found: "was told that it was refused", sabotage: func(answer *http.Response) {
		if answer.StatusCode == http.StatusBadGateway || answer.StatusCode == http.StatusGatewayTimeout {
			answer.StatusCode = http.StatusBadRequest
		}
	}},
	{
		name: "tokens are logged", found: "the log shows a secret",
		wrap: func(l line, log *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				_, err := fmt.Fprintln(log, req.Header.Get("Authorization"))
				resp, failed := l.RoundTrip(req)
				return resp, errors.Join(err, failed)
			})
		},
	},
	{
		name: "signatures are logged", found: "the log shows a secret",
		wrap: func(l line, log *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				_, err := fmt.Fprintln(log, req.Header.Get("Signature"))
				resp, failed := l.RoundTrip(req)
				return resp, errors.Join(err, failed)
			})
		},
	},
	{
		name: "requests leave goroutines behind", found: "goroutines are left",
		wrap: func(l line, _ *logbook) http.RoundTripper {
			return transport(func(req *http.Request) (*http.Response, error) {
				go time.Sleep(time.Hour)
				return l.RoundTrip(req)
			})
		},
	},
	{
		name: "bodies stay open", found: "connections are left open",
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

// TestDefectsAreFound puts defects beside the client, each of which a few months have to find.
func TestDefectsAreFound(t *testing.T) {
	const months = 30
	for _, broken := range defects {
		t.Run(broken.name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(months) {
				if run(t, seed+1, broken).finds(broken) {
					t.Logf("found by seed %d", seed+1)
					return
				}
			}
			t.Errorf("%d months did not find it", months)
		})
	}
}

// A seed makes the same month again: its calls begin and end at the same instants, and are told the same. Of a list only the beginning is
// compared, since its pages ahead race each other.
func TestMonthsRepeat(t *testing.T) {
	var months [2]string
	for i := range months {
		for _, c := range run(t, max(*seed, 1), defect{}).all {
			months[i] += fmt.Sprint(c.op.id, c.host.name, c.started)
			if c.target.ahead == 0 || !c.op.many {
				months[i] += fmt.Sprint(c.ended, c.verdict(), c.sent, len(c.acted))
			}
			months[i] += "\n"
		}
	}
	if months[0] == months[1] {
		return
	}
	first, second := strings.Split(months[0], "\n"), strings.Split(months[1], "\n")
	for i := range min(len(first), len(second)) {
		if first[i] != second[i] {
			t.Fatalf("the months differ from call %d on:\n%s\n%s", i, first[i], second[i])
		}
	}
	t.Errorf("the months have %d and %d calls", len(first), len(second))
}
