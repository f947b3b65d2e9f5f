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
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// WithHTTPClient sends requests with a copy of the given HTTP client, and thus with its
// transport, cookie jar and timeout. The given client stays unchanged. Redirects are
// never followed.
//
// An [http.Transport] reports to the client when it uses a connection, but a protocol
// that you registered for https with its method RegisterProtocol may not do so. If it
// does not, and the response to a write is lost, the client returns the outcome refused,
// although the server may have carried out the write. To prevent this, wrap the transport
// in a type of your own.
func WithHTTPClient(client *http.Client) ClientOption {
	return clientOption(func(c *config) error {
		c.client = client
		return validate.Unless(client != nil, "HTTP client: nil pointer")
	})
}

// WithTokenSource takes tokens from the given source, such as the source of another
// client. If the source also has the method TokenContext of [TokenSource], the client
// calls that method with the context of the call. If the source has the method Forget,
// and the server responds to a call with 401, the client calls Forget with the refused
// token before it makes the extra attempt.
func WithTokenSource(source oauth2.TokenSource) ClientOption {
	return clientOption(func(c *config) error {
		c.tokens = source
		return validate.Unless(!validate.IsNil(source), "token source: nil")
	})
}

// WithLimiter makes every attempt of the client wait for the limiter, including the
// attempts of its token requests. Requests of a source from [WithTokenSource] do not wait
// for it.
func WithLimiter(limiter Limiter) ClientOption {
	return clientOption(func(c *config) error {
		c.limiter = limiter
		return validate.Unless(!validate.IsNil(limiter), "limiter: nil")
	})
}

// WithUserAgent puts the name of the caller's program before the client's own name in the
// header user-agent.
func WithUserAgent(name string) ClientOption {
	return clientOption(func(c *config) error {
		c.userAgent = name
		ok := name != "" && httpsig.IsQuotable(name)
		return validate.Unless(ok, "user agent: use printable ASCII without quotation mark and backslash, "+
			"as in my-service/1.2")
	})
}

// WithLogger logs every attempt: failures and retries as warnings, successes at debug
// level. The log contains no secrets, keys or bodies, but it can contain the title and
// detail of the response to a failed token request.
func WithLogger(logger *slog.Logger) ClientOption {
	return clientOption(func(c *config) error {
		if logger == nil {
			return errors.New("logger: nil pointer")
		}
		c.observers = append(c.observers, logAttempts(logger))
		return nil
	})
}

// WithAttemptHook calls a function after every attempt, including the attempts of the
// client's own token requests. Use it to record metrics and traces. The client waits
// until the function returns. The function must be safe for concurrent use.
func WithAttemptHook(hook func(context.Context, Attempt)) ClientOption {
	return clientOption(func(c *config) error {
		c.observers = append(c.observers, hook)
		return validate.Unless(hook != nil, "attempt hook: nil function")
	})
}

// WithSignatureBase calls a function with the base of every signature, before it is
// signed: the text that is signed, with the access token masked. The function must be
// safe for concurrent use. If the server refuses a signature, compare the base of that
// signature with the base that the server expects.
func WithSignatureBase(show func(base string)) ClientOption {
	return clientOption(func(c *config) error {
		c.signatureBase = show
		return validate.Unless(show != nil, "signature base: nil function")
	})
}

// WithClock replaces [time.Now] for tests: in the dates of signatures, the lifetimes of
// tokens, the age limit of [Error.Resume], the retry budget, and each [Attempt]. Timers
// and deadlines still use the real time.
func WithClock(now func() time.Time) ClientOption {
	return clientOption(func(c *config) error {
		c.clock = now
		return validate.Unless(now != nil, "clock: nil function")
	})
}

// WithRandom replaces crypto/rand as the source of nonces, idempotency keys and jitter,
// for tests. The reader must be safe for concurrent use.
func WithRandom(reader io.Reader) ClientOption {
	return clientOption(func(c *config) error {
		c.random = reader
		return validate.Unless(!validate.IsNil(reader), "random source: nil")
	})
}
