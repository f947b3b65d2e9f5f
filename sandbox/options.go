package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/google/uuid"
)

// Defaults of what the documents leave open.
const (
	defaultAddress       = "127.0.0.1:0"
	defaultOrderDelay    = time.Second
	defaultTokenLifetime = 30 * time.Minute
	defaultSkew          = 30 * time.Second
	defaultMaxLifetime   = 5 * time.Minute
	defaultBodyLimit     = 1 << 20
	defaultKeptAnswers   = 1 << 30
	defaultReadTimeout   = 10 * time.Second
)

// Option changes one thing about a sandbox. Options are checked by New.
type Option func(*config) error

type config struct {
	address       string
	expose        bool
	listen        bool
	network       bool
	states        []State
	clients       []Client
	clock         *Clock
	machine       func() time.Time
	orderDelay    time.Duration
	accounts      map[uuid.UUID]uuid.UUID
	rateLimit     int
	tokenLifetime time.Duration
	skew          time.Duration
	maxLifetime   time.Duration
	bodyLimit     int64
	keptAnswers   int64
	readTimeout   time.Duration
	seed          *uint64
	control       bool
	later         bool
	responseCheck func(error)
}

// WithAddress sets the loopback address to listen on, such as "127.0.0.1:8080". Without it, a free port of 127.0.0.1 is taken.
func WithAddress(address string) Option {
	return func(c *config) error {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("address %q: expected host:port: %w", address, err)
		}
		c.address = address
		return nil
	}
}

// WithExposure lets the address be another than loopback, as a container needs it. Whoever reaches it can use the sandbox: its control
// endpoint asks for no credentials, and answers under any host name.
func WithExposure() Option {
	return func(c *config) error {
		c.expose = true
		return nil
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// WithoutListener makes a sandbox that is reached through Handler only. It starts no goroutine and has no timeouts of its own.
func WithoutListener() Option {
	return func(c *config) error {
		c.listen = false
		return nil
	}
}

// WithoutNetwork makes a sandbox that is reached through its Transport only: real HTTP over connections in memory. It works inside
// testing/synctest, where it has to be closed before the bubble ends.
func WithoutNetwork() Option {
	return func(c *config) error {
		c.network = false
		return nil
	}
}

// WithClients sets the API clients that the sandbox knows, instead of one random client. The state of each is its own.
func WithClients(clients ...Client) Option {
	return func(c *config) error {
		if len(clients) == 0 {
			return errors.New("clients: expected at least one")
		}
		for _, client := range clients {
			complete, err := client.complete()
			if err != nil {
				return err
			}
			c.clients = append(c.clients, complete)
		}
		return nil
	}
}

// WithClock sets the clock that orders, tokens and idempotency keys go by, instead of one that moves with the machine's.
func WithClock(clock *Clock) Option {
	return func(c *config) error {
		if clock == nil {
			return errors.New("clock: is nil, expected NewClock or NewMovingClock")
		}
		c.clock = clock
		return nil
	}
}

// WithMachineTime sets what signatures, nonces, rate limits and the Date header go by, instead of the machine's own time. The Clock does not
// move it, so that a client signs as ever after a jump of 24 hours.
func WithMachineTime(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return errors.New("machine time: is nil, expected a function such as time.Now")
		}
		c.machine = now
		return nil
	}
}

// WithLaterVersions plays what is known of versions of the API after that of openapi.yaml: liquidations of accounts in place of the
// liquidation request, under a scope of their own; DELETE of a configuration; the orders of a rebalancing; SETTLED, an order delay behind
// FILLED. Clients that name no scopes are allowed those of liquidations too.
func WithLaterVersions() Option {
	return func(c *config) error {
		c.later = true
		return nil
	}
}

// WithOrderDelay sets how long an order stays NEW, and then PROCESSING, before it moves on. The default is one second.
func WithOrderDelay(d time.Duration) Option {
	return func(c *config) error {
		c.orderDelay = d
		return atLeast("order delay", d, 0)
	}
}

// WithAccounts closes the world: only these accounts exist, each with the user who owns it. Without it every account and user exists.
func WithAccounts(owners map[uuid.UUID]uuid.UUID) Option {
	return func(c *config) error {
		for account, owner := range owners {
			if account == uuid.Nil || owner == uuid.Nil {
				return fmt.Errorf("accounts: account %s of user %s: the zero UUID names nothing", account, owner)
			}
		}
		c.accounts = map[uuid.UUID]uuid.UUID{}
		maps.Copy(c.accounts, owners)
		return nil
	}
}

// WithRateLimit sets how many requests per second each client may send, with bursts of as many. More gives 429. Without it there is no
// limit; Upvest's own sandbox documents 300.
func WithRateLimit(perSecond int) Option {
	return func(c *config) error {
		if perSecond < 1 {
			return fmt.Errorf("rate limit: %d requests per second, expected at least 1", perSecond)
		}
		c.rateLimit = perSecond
		return nil
	}
}

// WithTokenLifetime sets how long an access token is good for, in whole seconds. The default is 30 minutes.
func WithTokenLifetime(d time.Duration) Option {
	return func(c *config) error {
		c.tokenLifetime = d
		return atLeast("token lifetime", d, time.Second)
	}
}

// WithSignatureWindow sets how far a client's clock may be off (the default is 30 seconds), and the longest time from created to expires
// (the default is 5 minutes).
func WithSignatureWindow(skew, maxLifetime time.Duration) Option {
	return func(c *config) error {
		c.skew, c.maxLifetime = skew, maxLifetime
		return errors.Join(atLeast("signature skew", skew, 0), atLeast("signature lifetime", maxLifetime, time.Second))
	}
}

// WithBodyLimit sets the largest request body in bytes. A larger one gives 413. The default is 1 MiB.
func WithBodyLimit(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1 {
			return fmt.Errorf("body limit: %d bytes, expected at least 1", bytes)
		}
		c.bodyLimit = bytes
		return nil
	}
}

// WithKeptAnswers sets how many bytes the answers may take that are kept for the repetition of a request, for 24 hours each. When they are
// full, a write with a new idempotency key gives 503: none is forgotten early. The default is 1 GiB, some two million small answers.
func WithKeptAnswers(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1 {
			return fmt.Errorf("kept answers: %d bytes, expected at least 1", bytes)
		}
		c.keptAnswers = bytes
		return nil
	}
}

// WithReadTimeout sets how long a request may take to arrive, on the clock of the system. A slower one is cut off,
// with 408 if its headers were complete. The default is 10 seconds.
func WithReadTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.readTimeout = d
		return atLeast("read timeout", d, time.Millisecond)
	}
}

// WithSeed makes the ids of resources repeat from run to run: the same requests in the same order get the same ids.
func WithSeed(seed uint64) Option {
	return func(c *config) error {
		c.seed = &seed
		return nil
	}
}

// WithControl opens the control endpoint under /_sandbox/, for tests in other languages. It asks for no credentials.
func WithControl() Option {
	return func(c *config) error {
		c.control = true
		return nil
	}
}

// WithResponseCheck holds every answer against openapi.yaml before it is sent, and reports each that differs. Answers that a Fault spoilt
// are left out. The report is called from the goroutine of the request.
func WithResponseCheck(report func(error)) Option {
	return func(c *config) error {
		if report == nil {
			return errors.New("response check: the report function is nil")
		}
		c.responseCheck = report
		return nil
	}
}

func atLeast(what string, d, least time.Duration) error {
	if d < least {
		return fmt.Errorf("%s: %s, expected at least %s", what, d, least)
	}
	return nil
}

// allScopes returns the scopes of a client that names none.
func (c config) allScopes() []string {
	if c.later {
		return []string{ScopeAdmin, ScopeRead, ScopeLiquidationsAdmin, ScopeLiquidationsRead}
	}
	return []string{ScopeAdmin, ScopeRead}
}

// configure applies the options, and fills in what depends on others.
func configure(options []Option) (config, error) {
	c := config{
		address: defaultAddress, listen: true, network: true, orderDelay: defaultOrderDelay, tokenLifetime: defaultTokenLifetime, skew: defaultSkew,
		maxLifetime: defaultMaxLifetime, bodyLimit: defaultBodyLimit, keptAnswers: defaultKeptAnswers, readTimeout: defaultReadTimeout,
	}
	for _, option := range options {
		if err := option(&c); err != nil {
			return c, err
		}
	}
	if host, _, err := net.SplitHostPort(c.address); err == nil && !c.expose && !isLoopback(host) {
		return c, fmt.Errorf("address %q: expected a loopback address such as 127.0.0.1:8080; any other has to be asked for (WithExposure, -expose)", c.address)
	}
	if c.machine == nil {
		c.machine = time.Now
	}
	if c.clock == nil {
		c.clock = NewMovingClock(time.Now())
	}
	if len(c.clients) == 0 {
		client, err := NewClient()
		if err != nil {
			return c, err
		}
		if client, err = client.complete(); err != nil {
			return c, err
		}
		c.clients = []Client{client}
	}
	seen := map[uuid.UUID]bool{}
	for i, client := range c.clients {
		if len(client.Scopes) == 0 {
			c.clients[i].Scopes = c.allScopes()
		}
		if seen[client.ID] {
			return c, fmt.Errorf("clients: %s is there twice", client.ID)
		}
		seen[client.ID] = true
	}
	return c, nil
}
