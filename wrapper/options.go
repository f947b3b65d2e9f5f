package wrapper

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
)

// config is what options set.
type config struct {
	settings  settings
	client    *http.Client
	tokens    oauth2.TokenSource
	local     func() time.Time
	random    io.Reader
	limiter   Limiter
	userAgent string
	signer    []SignerOption
	observers []func(context.Context, Attempt)
}

// Limiter delays each attempt, the token's included, until it may be sent; golang.org/x/time/rate has one that fits.
type Limiter interface {
	Wait(ctx context.Context) error
}

// WithHTTPClient sends through a client of the caller's: its transport, cookie jar and time-out. It is copied and stays unchanged;
// redirects are never followed.
func WithHTTPClient(client *http.Client) ClientOption {
	return clientOption(func(c *config) error {
		c.client = client
		return orError(client != nil, "HTTP client: nil pointer")
	})
}

// WithTokenSource takes tokens from another source, such as that of another client. One that also has the methods of [TokenSource] is
// asked with the context of the call, and told about tokens that the server refused.
func WithTokenSource(source oauth2.TokenSource) ClientOption {
	return clientOption(func(c *config) error {
		c.tokens = source
		return orError(source != nil, "token source: nil")
	})
}

// WithLimiter paces the client.
func WithLimiter(limiter Limiter) ClientOption {
	return clientOption(func(c *config) error {
		c.limiter = limiter
		return orError(limiter != nil, "limiter: nil")
	})
}

// WithUserAgent puts the name of the caller's program in front of this client's own in the header user-agent.
func WithUserAgent(name string) ClientOption {
	return clientOption(func(c *config) error {
		c.userAgent = name
		return orError(name != "" && httpsig.IsQuotable(name), "user agent: use printable ASCII, as in my-service/1.2")
	})
}

// WithLogger logs every attempt: failures and retries as warnings, the rest at debug level. No secret, key or body is ever logged.
func WithLogger(logger *slog.Logger) ClientOption {
	return clientOption(func(c *config) error {
		if logger == nil {
			return errors.New("logger: nil pointer")
		}
		c.observers = append(c.observers, logAttempts(logger))
		return nil
	})
}

// WithAttemptHook calls a function after every attempt, those of token requests included: for metrics and traces. It delays the call, and
// may be called by several goroutines at once.
func WithAttemptHook(hook func(context.Context, Attempt)) ClientOption {
	return clientOption(func(c *config) error {
		c.observers = append(c.observers, hook)
		return orError(hook != nil, "attempt hook: nil function")
	})
}

// WithSignatureBase hands out the base of every signature, with the token masked, to find out why a server refuses one.
func WithSignatureBase(debug func(base string)) ClientOption {
	return clientOption(func(c *config) error {
		c.signer = append(c.signer, WithSignatureDebug(debug))
		return orError(debug != nil, "signature base: nil function")
	})
}

// WithClock replaces time.Now, for tests.
func WithClock(now func() time.Time) ClientOption {
	return clientOption(func(c *config) error {
		c.local = now
		return orError(now != nil, "clock: nil function")
	})
}

// WithRandom replaces crypto/rand as the source of nonces, idempotency keys and jitter, for tests. It has to be safe for concurrent use.
func WithRandom(reader io.Reader) ClientOption {
	return clientOption(func(c *config) error {
		c.random = reader
		return orError(reader != nil, "random source: nil")
	})
}
