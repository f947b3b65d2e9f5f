// Package sandbox is a look-alike of the portfolios part of the Upvest Investment API, to write integration tests against without
// credentials from Upvest. It checks what the public documents (docs.upvest.co) say that a server checks: tokens, request signatures,
// scopes, versions, idempotency keys, bodies and parameters. It keeps its state in memory, and breaks on demand.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/history"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
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

// Sandbox is a running sandbox. It is safe for concurrent use. Close it when done.
type Sandbox struct {
	config     config
	clients    map[uuid.UUID]*client
	contract   *openapi.Contract
	signatures *signature.Verifier
	tokens     *tokens.Tokens
	replays    *replays.Replays
	ledger     *ledger.Ledger
	operations operations
	faults     faults
	requests   *history.Log[Request]
	handler    http.Handler

	// stopping ends the delays of faults.
	stopping context.Context
	stop     context.CancelFunc
	server   *http.Server
	url      string
	served   chan struct{}
	serveErr error
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
		config: c, url: "http://127.0.0.1", clients: newClients(c), contract: contract,
		signatures: signature.NewVerifier(signature.Rules{Now: c.machine, Skew: c.skew, MaxLifetime: c.maxLifetime, MaxNonces: maxNonces}),
		tokens:     tokens.New(c.tokenLifetime, contract.Scopes),
		replays:    replays.New(c.keptAnswers),
		ledger: ledger.New(ledger.Options{
			Now: c.clock.Now, NewID: newIDs(c.seed), OrderDelay: c.orderDelay, Accounts: c.owner(), Settles: c.later,
		}),
		requests: history.New[Request](maxLoggedRequests, maxLoggedBytes),
	}
	s.operations = newOperations(s.ledger)
	if c.later {
		maps.Copy(s.operations, later.Operations(s.ledger, refusal))
	}
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

// Shutdown ends the sandbox as Close does, but lets the requests under way finish until the context ends.
func (s *Sandbox) Shutdown(ctx context.Context) error {
	s.stop()
	if s.server == nil {
		return nil
	}
	err := s.server.Shutdown(ctx)
	return errors.Join(err, s.Close())
}

// Close ends the sandbox at once, and with it the requests under way.
func (s *Sandbox) Close() error {
	s.stop()
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	<-s.served
	return errors.Join(err, s.serveErr)
}

func (s *Sandbox) serve() error {
	listener, err := net.Listen("tcp", s.config.address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.config.address, err)
	}
	s.url = "http://" + listener.Addr().String()
	s.served = make(chan struct{})
	s.server = &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: s.config.readTimeout,
		ReadTimeout:       s.config.readTimeout,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		// The pipeline answers OPTIONS * like everything else.
		DisableGeneralOptionsHandler: true,
	}
	go func() {
		defer close(s.served)
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.serveErr = fmt.Errorf("serve %s: %w", s.url, err)
		}
	}()
	return nil
}

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
