package wrapper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// Client calls the portfolios operations. It is safe for concurrent use; make one and share it.
type Client struct {
	Allocations    *Allocations
	Configurations *Configurations
	Orders         *Orders
	Rebalancings   *Rebalancings

	core *core
}

// New makes a Client. It sends nothing; credentials and options are checked, and the error names each that is missing or malformed,
// with the fix.
func New(credentials Credentials, options ...ClientOption) (*Client, error) {
	c, err := newCore(credentials, options)
	if err != nil {
		return nil, fmt.Errorf("make an Upvest client: %w", err)
	}
	return &Client{
		Allocations:    &Allocations{c},
		Configurations: &Configurations{c},
		Orders:         &Orders{c},
		Rebalancings:   &Rebalancings{c},
		core:           c,
	}, nil
}

// TokenSource returns the source of this client's tokens, to share it with another client of the same credentials.
func (c *Client) TokenSource() oauth2.TokenSource { return c.core.tokens }

// core is what the services share: the call path and all its parts.
type core struct {
	clientID  uuid.UUID
	secret    func() string // a closure, so that no verb of fmt can print it
	baseURL   string
	userAgent string
	generated *portfolios.Client
	doer      doer
	signer    *Signer
	tokens    oauth2.TokenSource
	clock     *clock
	random    randomSource
	budget    *budget
	limiter   Limiter
	observe   func(context.Context, Attempt)
	settings  settings
}

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
		return orError(name != "" && isQuotable(name), "user agent: use printable ASCII, as in my-service/1.2")
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

func orError(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}

func newCore(credentials Credentials, options []ClientOption) (*core, error) {
	cfg := config{local: time.Now, random: rand.Reader}
	problems := []error{credentials.check()}
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("an option is nil"))
			continue
		}
		problems = append(problems, option.applyToClient(&cfg))
	}
	c := &core{
		clientID:  credentials.ClientID,
		secret:    func() string { return credentials.ClientSecret },
		baseURL:   strings.TrimRight(credentials.BaseURL, "/"),
		userAgent: userAgent(cfg.userAgent),
		clock:     &clock{local: cfg.local},
		random:    randomSource{cfg.random},
		budget:    newBudget(),
		limiter:   cfg.limiter,
		settings:  cfg.settings,
		tokens:    cfg.tokens,
		observe: func(ctx context.Context, attempt Attempt) {
			for _, observer := range cfg.observers {
				observer(ctx, attempt)
			}
		},
	}
	signerOptions := append([]SignerOption{WithSignatureClock(c.clock.now), WithSignatureNonce(c.random.nonce)}, cfg.signer...)
	var err error
	if c.signer, err = NewSigner(credentials.KeyID, credentials.PrivateKey, signerOptions...); err != nil {
		problems = append(problems, err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if c.baseURL == "" {
		c.baseURL = portfolios.ServerURLSandbox
	}
	if cfg.client == nil {
		cfg.client = defaultHTTPClient()
	}
	c.doer = newDoer(cfg.client)
	if c.generated, err = portfolios.NewClient(c.baseURL, portfolios.WithHTTPClient(c.doer)); err != nil {
		return nil, fmt.Errorf("make the generated client: %w", err)
	}
	if c.tokens == nil {
		c.tokens = newTokenSource(c, credentials)
	}
	return c, nil
}
