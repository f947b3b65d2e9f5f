// Package sandbox is a look-alike of the portfolios part of the Upvest Investment API, to write integration tests against without
// credentials from Upvest. It checks what the public documents (docs.upvest.co) say that a server checks: tokens, request signatures,
// scopes, versions, idempotency keys, bodies and parameters. It keeps its state in memory, and breaks on demand.
package sandbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/history"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

// Bounds on what is remembered. The oldest goes first.
const (
	maxNonces         = 1_000_000
	maxLoggedRequests = 10_000
	maxLoggedBytes    = 64 << 20
	maxHeaderBytes    = 64 << 10
	writeTimeout      = 30 * time.Second
)

// serverless is the URL of a sandbox that listens nowhere.
const serverless = "http://127.0.0.1"

// Sandbox is a running sandbox. It is safe for concurrent use. Close it when done.
type Sandbox struct {
	config     config
	clients    map[uuid.UUID]*client
	contract   *openapi.Contract
	signatures *signature.Verifier
	tokens     *tokens.Tokens
	world      atomic.Pointer[world]
	faults     faults
	requests   *history.Log[Request]
	handler    http.Handler

	// stopping ends the delays of faults.
	stopping  context.Context
	stop      context.CancelFunc
	server    *http.Server
	transport *http.Transport
	url       string
	served    chan struct{}
	serveErr  error
}

// New starts a sandbox. It listens on a free loopback port and knows one random client, unless the options say otherwise.
func New(options ...Option) (*Sandbox, error) {
	c, err := configure(options)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	var extend []func(*openapi3.T) error
	if c.later {
		extend = append(extend, later.Extend)
	}
	contract, err := openapi.Load(extend...)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	if err := checkScopes(c.clients, contract.Scopes); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s := &Sandbox{
		config: c, url: serverless, clients: newClients(c), contract: contract,
		signatures: signature.NewVerifier(signature.Rules{Now: c.machine, Skew: c.skew, MaxLifetime: c.maxLifetime, MaxNonces: maxNonces}),
		tokens:     tokens.New(c.tokenLifetime, contract.Scopes),
		requests:   history.New[Request](maxLoggedRequests, maxLoggedBytes),
		transport:  &http.Transport{},
	}
	world, err := s.newWorld()
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s.world.Store(world)
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.handler = s.newHandler()
	if c.listen {
		if err := s.serve(); err != nil {
			return nil, fmt.Errorf("start the sandbox: %w", err)
		}
	}
	return s, nil
}

// URL returns the base URL of the sandbox, without a slash at the end. A sandbox WithoutListener has one that nothing listens on.
func (s *Sandbox) URL() string { return s.url }

// Handler returns the sandbox as a handler, to be called in process or served elsewhere. To a server that cannot give a connection away, a
// fault that cuts the connection is the panic http.ErrAbortHandler.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Client returns the first of the clients that the sandbox knows.
func (s *Sandbox) Client() Client { return s.config.clients[0] }

// Clients returns all clients that the sandbox knows.
func (s *Sandbox) Clients() []Client { return slices.Clone(s.config.clients) }

// Clock returns the clock of the sandbox.
func (s *Sandbox) Clock() *Clock { return s.config.clock }

// RevokeTokens makes every access token that was granted so far worthless.
func (s *Sandbox) RevokeTokens() { s.tokens.Revoke() }

// newIDs returns the source of resource ids. Request ids do not come from it, so that a read in between changes no id.
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

// owner is nil for an open world.
func (c config) owner() func(uuid.UUID) (uuid.UUID, bool) {
	if c.accounts == nil {
		return nil
	}
	return func(account uuid.UUID) (uuid.UUID, bool) {
		user, known := c.accounts[account]
		return user, known
	}
}
