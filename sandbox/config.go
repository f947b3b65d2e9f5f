package sandbox

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/control"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// Defaults of settings that Upvest's documents do not specify.
const (
	defaultAddress       = "127.0.0.1:0"
	defaultOrderDelay    = time.Second
	defaultTokenLifetime = 30 * time.Minute
	defaultSkew          = 30 * time.Second
	defaultMaxLifetime   = 5 * time.Minute
	defaultBodyLimit     = 1 << 20
	defaultKeptResponses = 1 << 30
	defaultReadTimeout   = 10 * time.Second
)

type config struct {
	address       string
	url           string
	certificate   *tls.Certificate
	nested        bool // true for an additional world of a sandbox
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
	keptResponses int64
	readTimeout   time.Duration
	seed          *uint64
	control       bool
	later         bool
	responseCheck func(error)
}

// configure applies the options to the defaults, and checks the options that depend on
// each other. It adds a clock and a client if the options contain none.
func configure(options []Option) (config, error) {
	c := config{
		address:       defaultAddress,
		listen:        true,
		network:       true,
		orderDelay:    defaultOrderDelay,
		tokenLifetime: defaultTokenLifetime,
		skew:          defaultSkew,
		maxLifetime:   defaultMaxLifetime,
		bodyLimit:     defaultBodyLimit,
		keptResponses: defaultKeptResponses,
		readTimeout:   defaultReadTimeout,
	}
	for _, option := range options {
		if err := option(&c); err != nil {
			return c, err
		}
	}
	host, _, err := net.SplitHostPort(c.address)
	if err == nil && !c.expose && !control.IsLoopback(host) {
		return c, fmt.Errorf("address %q: expected a loopback address such as 127.0.0.1:8080; "+
			"any other address requires WithExposure or -expose", c.address)
	}
	if c.machine == nil {
		c.machine = time.Now
	}
	if c.clock == nil {
		c.clock = NewMovingClock(time.Now())
	}
	if err := c.checkURLAndTLS(); err != nil {
		return c, err
	}
	err = c.completeClients()
	return c, err
}

// completeClients adds a random client if there are no clients, and gives all scopes to
// each client without scopes. It refuses two clients with the same id.
func (c *config) completeClients() error {
	if len(c.clients) == 0 {
		made, err := NewClient()
		if err != nil {
			return err
		}
		complete, err := made.complete()
		if err != nil {
			return err
		}
		c.clients = []Client{complete}
	}
	seen := map[uuid.UUID]bool{}
	for i, client := range c.clients {
		if len(client.Scopes) == 0 {
			c.clients[i].Scopes = c.allScopes()
		}
		if seen[client.ID] {
			return fmt.Errorf("clients: %s appears twice", client.ID)
		}
		seen[client.ID] = true
	}
	return nil
}

// secrets returns the secrets of all clients.
func (c *config) secrets() []string {
	var secrets []string
	for _, client := range c.clients {
		secrets = append(secrets, client.Secret)
	}
	return secrets
}

// allScopes returns the scopes that a client gets if its Scopes are empty.
func (c *config) allScopes() []string {
	if c.later {
		return []string{ScopeAdmin, ScopeRead, ScopeLiquidationsAdmin, ScopeLiquidationsRead}
	}
	return []string{ScopeAdmin, ScopeRead}
}

// owner returns the function that looks up the user who owns an account. It
// returns nil if every account exists.
func (c *config) owner() func(uuid.UUID) (uuid.UUID, bool) {
	if c.accounts == nil {
		return nil
	}
	return func(account uuid.UUID) (uuid.UUID, bool) {
		user, known := c.accounts[account]
		return user, known
	}
}

// worldOptions returns the options with which the sandbox creates its world.
func (c *config) worldOptions(contract *openapi.Contract) (world.Options, error) {
	options := world.Options{
		Contract:      contract,
		Now:           c.clock.Now,
		NewIDs:        func() func() uuid.UUID { return newIDs(c.seed) },
		Random:        newRandom(c.seed),
		Clients:       c.hasClient,
		OrderDelay:    c.orderDelay,
		Accounts:      c.owner(),
		Later:         c.later,
		KeptResponses: c.keptResponses,
	}
	for _, state := range c.states {
		if state.ClientID == uuid.Nil {
			state.ClientID = c.clients[0].ID
		}
		if !c.hasClient(state.ClientID) {
			return options, fmt.Errorf("state: %s is not a client of this sandbox", state.ClientID)
		}
		options.States = append(options.States,
			world.State{ClientID: state.ClientID, Prices: state.Prices, State: state.load()})
	}
	return options, nil
}

func (c *config) hasClient(id uuid.UUID) bool {
	return slices.ContainsFunc(c.clients, func(known Client) bool { return known.ID == id })
}

// newRandom returns the function that generates the random part of each latency: a number
// from 0 to n-1.
func newRandom(seed *uint64) func(n int64) int64 {
	if seed == nil {
		return rand.Int64N
	}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(*seed, 1))
	return func(n int64) int64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Int64N(n)
	}
}

// newIDs returns the function that generates the ids of resources. It does not generate
// request ids, so a read does not change the ids of the resources that are created after
// it.
func newIDs(seed *uint64) func() uuid.UUID {
	if seed == nil {
		return uuid.New
	}
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(*seed, 0))
	return func() uuid.UUID {
		mu.Lock()
		defer mu.Unlock()
		var id uuid.UUID
		for i := range id {
			id[i] = byte(random.Uint32())
		}
		id[6] = id[6]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
		return id
	}
}
