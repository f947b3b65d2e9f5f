package wrapper

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/clock"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/retry"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
)

// Client calls the portfolios operations with its services, and any other operation with
// [Client.Do]. It is safe for concurrent use; create one and share it.
type Client struct {
	Allocations    *Allocations
	Configurations *Configurations
	Orders         *Orders
	Rebalancings   *Rebalancings

	core *core
}

// New creates a Client. It checks the credentials and the options, and sends nothing. The
// error has a line for each problem that New finds in them.
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

// NewTokenSource creates a TokenSource. Use the source with [TokenEditor] and the plain
// generated client, or share it between clients. NewTokenSource accepts the same options
// as [New]. Options that concern only calls, such as [WithTimeout] and [WithHeader], have
// no effect on token requests.
func NewTokenSource(credentials Credentials, options ...ClientOption) (*TokenSource, error) {
	c, err := newCore(credentials, options)
	if err != nil {
		return nil, fmt.Errorf("make an Upvest token source: %w", err)
	}
	return newTokenSource(c, credentials), nil
}

// TokenSource returns the source of this client's tokens, so that other clients with the
// same credentials can share the source.
func (c *Client) TokenSource() oauth2.TokenSource {
	core := c.coreOrNil()
	if core == nil {
		return (*TokenSource)(nil) // its method Token returns an error
	}
	return core.tokens()
}

// Close closes the idle connections of the client's transport, even if the caller gave
// the transport. It also cancels the request that renews the token in the background,
// unless the token source comes from [WithTokenSource]. It does not interrupt calls in
// progress. Later calls return an error. If the method All is reading a list, it ends
// with an error when it has to request another page. A TokenSource that other clients
// share stays usable.
func (c *Client) Close() {
	core := c.coreOrNil()
	if core == nil {
		return
	}
	core.closed.Store(true)
	if ours, ok := core.tokens().(*TokenSource); ok && ours.clock == core.clock {
		ours.tokens.CancelBackground()
	}
	core.doer.CloseIdleConnections()
}

func (c *Client) coreOrNil() *core {
	if c == nil {
		return nil
	}
	return c.core
}

func newCore(credentials Credentials, options []ClientOption) (*core, error) {
	cfg := config{clock: time.Now, random: rand.Reader}
	problems := []error{credentials.check()}
	for _, option := range options {
		if option == nil {
			problems = append(problems, errors.New("an option is nil"))
			continue
		}
		problems = append(problems, option.applyToClient(&cfg))
	}
	random := randomSource{reader: cfg.random}
	signer, err := NewSigner(SignerConfig{
		KeyID:         credentials.KeyID,
		PrivateKey:    credentials.PrivateKey,
		Nonce:         random.nonce,
		SignatureBase: cfg.signatureBase,
	})
	problems = append(problems, err)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	c := &core{
		secret:     func() string { return credentials.ClientSecret },
		baseURL:    strings.TrimRight(credentials.BaseURL, "/"),
		signer:     signer,
		clock:      clock.New(cfg.clock),
		random:     random,
		budget:     retry.NewBudget(),
		pollBudget: retry.NewBudget(),
		limiter:    cfg.limiter,
		observers:  cfg.observers,
		settings:   cfg.settings,
		tokenSlots: make(refresh.Slots, maxTokenRequests),
		common: []portfolios.RequestEditorFn{
			VersionEditor(),
			ClientIDEditor(credentials.ClientID),
			AcceptEditor(),
			headerEditor("User-Agent", transport.UserAgent(cfg.userAgent)),
		},
	}
	if c.baseURL == "" {
		c.baseURL = portfolios.ServerURLSandbox
	}
	if err := c.connect(cfg.client); err != nil {
		return nil, err
	}
	c.useTokens(cfg.tokens, credentials)
	return c, nil
}

// connect makes the generated client. It sends with a copy of the given HTTP client, or
// with the default client if client is nil.
func (c *core) connect(client *http.Client) error {
	if client == nil {
		client = transport.DefaultClient()
	}
	c.doer = transport.NewDoer(client, c.secret)
	withEditors := func(generated *portfolios.Client) error {
		generated.RequestEditors = c.common
		return nil
	}
	generated, err := portfolios.NewClient(c.baseURL, portfolios.WithHTTPClient(c.doer), withEditors)
	if err != nil {
		return fmt.Errorf("make the generated client: %w", err)
	}
	c.generated = generated
	return nil
}

// useTokens makes the core use the caller's token source, or a new one if the caller gave
// none. Clients that share a TokenSource also share the offset between the local clock
// and the server's clock.
func (c *core) useTokens(source oauth2.TokenSource, credentials Credentials) {
	if source == nil {
		source = newTokenSource(c, credentials)
	}
	c.tokens = func() oauth2.TokenSource { return source }
	if shared, ok := source.(*TokenSource); ok {
		c.clock.Share(shared.clock)
	}
}
