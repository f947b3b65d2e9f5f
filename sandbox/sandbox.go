// Package sandbox is a look-alike of the portfolios part of the Upvest Investment API, to
// write integration tests against without credentials from Upvest. It checks what the
// public documents (docs.upvest.co) describe that a server checks: tokens, request
// signatures, scopes, versions, idempotency keys, bodies and parameters. It keeps its
// state in memory, and fails on demand.
package sandbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/control"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/exchange"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// maxNonces bounds the used nonces that are kept. The oldest are dropped first.
const maxNonces = 1_000_000

// serverless is the URL of a sandbox without a listener.
const serverless = "http://127.0.0.1"

// Sandbox is a running sandbox. It is safe for concurrent use. Close it when done.
type Sandbox struct {
	config   config
	contract *openapi.Contract
	tokens   *tokens.Tokens
	world    atomic.Pointer[world.World]
	handler  http.Handler
	// stop ends the delays of faults.
	stop context.CancelFunc

	server    *http.Server
	transport *http.Transport
	url       string
	served    chan struct{}
	serveErr  error
}

// New starts a sandbox. It listens on a free loopback port and knows one random client,
// unless the options change that.
func New(options ...Option) (*Sandbox, error) {
	c, err := configure(options)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s, err := start(c)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	return s, nil
}

func start(c config) (*Sandbox, error) {
	var extend []func(*openapi3.T) error
	if c.later {
		extend = append(extend, later.Extend)
	}
	contract, err := openapi.Load(extend...)
	if err != nil {
		return nil, err
	}
	if err := checkScopes(c.clients, contract.Scopes); err != nil {
		return nil, err
	}
	s := &Sandbox{
		config:    c,
		contract:  contract,
		tokens:    tokens.New(c.tokenLifetime, contract.Scopes),
		transport: &http.Transport{},
		url:       serverless,
	}
	worldOptions, err := s.worldOptions()
	if err != nil {
		return nil, err
	}
	first, err := world.New(worldOptions)
	if err != nil {
		return nil, err
	}
	s.world.Store(first)
	stopping, stop := context.WithCancel(context.Background())
	s.stop = stop
	s.handler = s.newHandler(stopping.Done())
	if c.listen {
		if err := s.serve(); err != nil {
			stop()
			return nil, err
		}
	}
	return s, nil
}

// newHandler returns the handler of the API, and of the control endpoint if it is open.
func (s *Sandbox) newHandler(stopping <-chan struct{}) http.Handler {
	c := s.config
	api := &exchange.Handler{
		Contract: s.contract,
		Signatures: signature.NewVerifier(signature.Rules{
			Now: c.machine, Skew: c.skew, MaxLifetime: c.maxLifetime, MaxNonces: maxNonces,
		}),
		Tokens:        s.tokens,
		Clients:       exchangeClients(c),
		World:         s.world.Load,
		Now:           c.clock.Now,
		MachineTime:   c.machine,
		Stopping:      stopping,
		BodyLimit:     c.bodyLimit,
		ReadTimeout:   c.readTimeout,
		ResponseCheck: c.responseCheck,
	}
	if !c.control {
		return api
	}
	endpoint := &control.Endpoint{
		World:        s.world.Load,
		Clock:        c.clock,
		Reset:        s.Reset,
		RevokeTokens: s.RevokeTokens,
		BodyLimit:    c.bodyLimit,
		AnyHost:      c.expose || !c.listen || !c.network,
	}
	opened := endpoint.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A mux would change the paths, which the checks must receive as they were sent.
		if strings.HasPrefix(r.URL.Path, control.Prefix) {
			opened.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// URL returns the base URL of the sandbox, without a slash at the end. Nothing listens on
// the URL of a sandbox WithoutListener.
func (s *Sandbox) URL() string { return s.url }

// Handler returns the sandbox as a handler, to call in process or to serve elsewhere. If
// a server does not support hijacking, a fault that cuts the connection panics with
// [http.ErrAbortHandler].
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Client returns the first of the clients that the sandbox knows.
func (s *Sandbox) Client() Client { return s.config.clients[0] }

// Clients returns all clients that the sandbox knows.
func (s *Sandbox) Clients() []Client { return slices.Clone(s.config.clients) }

// Clock returns the clock of the sandbox.
func (s *Sandbox) Clock() *Clock { return s.config.clock }

// RevokeTokens makes every access token that was granted so far invalid.
func (s *Sandbox) RevokeTokens() { s.tokens.Revoke() }

// newIDs returns the source of resource ids. Request ids do not come from it, so that an
// additional read changes no id.
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
