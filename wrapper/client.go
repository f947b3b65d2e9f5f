package wrapper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
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

// CloseIdleConnections closes the connections that no call is using, as [http.Client.CloseIdleConnections] does: for a client that is not
// needed any more, or to dial anew.
func (c *Client) CloseIdleConnections() { c.core.doer.CloseIdleConnections() }

// core is what the services share: the call path and all its parts.
type core struct {
	secret    func() string // a closure, so that no verb of fmt can print it
	baseURL   string
	generated *portfolios.Client
	doer      transport.Doer
	signer    *Signer
	tokens    oauth2.TokenSource
	asking    refresh.Slots
	common    []portfolios.RequestEditorFn // what every request carries, the one for a token included
	clock     *clock.Clock
	random    randomSource
	budget    *retry.Budget
	limiter   Limiter
	observe   func(context.Context, Attempt)
	settings  settings
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
		secret:   func() string { return credentials.ClientSecret },
		baseURL:  strings.TrimRight(credentials.BaseURL, "/"),
		clock:    clock.New(cfg.local),
		random:   randomSource{Reader: cfg.random},
		budget:   retry.NewBudget(),
		limiter:  cfg.limiter,
		settings: cfg.settings,
		tokens:   cfg.tokens,
		asking:   make(refresh.Slots, maxAsking),
		common: []portfolios.RequestEditorFn{
			VersionEditor(), ClientIDEditor(credentials.ClientID), AcceptEditor(), headerEditor("User-Agent", transport.UserAgent(cfg.userAgent)),
		},
		observe: func(ctx context.Context, attempt Attempt) {
			for _, observer := range cfg.observers {
				observer(ctx, attempt)
			}
		},
	}
	signerOptions := append([]SignerOption{WithSignatureNonce(c.random.Nonce)}, cfg.signer...)
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
		cfg.client = transport.DefaultClient()
	}
	c.doer = transport.NewDoer(cfg.client, c.secret)
	c.generated, err = portfolios.NewClient(c.baseURL, portfolios.WithHTTPClient(c.doer), func(generated *portfolios.Client) error {
		generated.RequestEditors = c.common
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("make the generated client: %w", err)
	}
	switch shared, ok := c.tokens.(*TokenSource); {
	case ok:
		c.clock.Share(shared.clock)
	case c.tokens == nil:
		c.tokens = newTokenSource(c, credentials)
	}
	return c, nil
}
