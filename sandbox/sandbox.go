// Package sandbox simulates the portfolios part of the Upvest Investment API, for
// integration tests without credentials from Upvest. It checks tokens, request
// signatures, scopes, versions, idempotency keys, bodies and parameters as Upvest
// documents them (docs.upvest.co). It keeps its state in memory, and fails on demand. It
// is not Upvest's sandbox.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/control"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/exchange"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/mask"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// maxNonces is how many used nonces the sandbox keeps. When there are more, it drops the
// oldest.
const maxNonces = 1_000_000

// Sandbox is a running sandbox. It is safe for concurrent use. Callers of [New] must
// close it when they are done. [Start] closes it when the test ends.
type Sandbox struct {
	config   config
	contract *openapi.Contract
	tokens   *tokens.Tokens
	world    atomic.Pointer[world.World]
	worlds   *worlds
	handler  http.Handler
	// stop ends the waits of requests that have a latency or the delay of a fault.
	stop context.CancelFunc
	// server is nil without a listener.
	server *server
}

// New starts a sandbox. By default, the sandbox listens on a free loopback port and has
// one random client.
func New(options ...Option) (*Sandbox, error) {
	c, err := configure(options)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s, err := build(c)
	if err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	return s, nil
}

func build(c config) (*Sandbox, error) {
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
	return assemble(c, contract)
}

// assemble starts a sandbox with the given contract.
func assemble(c config, contract *openapi.Contract) (*Sandbox, error) {
	s := &Sandbox{
		config:   c,
		contract: contract,
		tokens:   tokens.New(c.tokenLifetime, contract.Scopes),
	}
	s.worlds = &worlds{of: s, byClient: map[uuid.UUID]*Sandbox{}}
	worldOptions, err := c.worldOptions(contract)
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
	s.handler = withHealth(s.newHandler(stopping.Done()))
	if !c.listen {
		return s, nil
	}
	s.server, err = serve(s.handler, c)
	if err != nil {
		stop()
		return nil, err
	}
	return s, nil
}

// newHandler returns the handler of the API, and of the control endpoint if it is open.
func (s *Sandbox) newHandler(stopping <-chan struct{}) http.Handler {
	c := s.config
	pipeline := &exchange.Handler{
		Contract: s.contract,
		Signatures: signature.NewVerifier(signature.Rules{
			Now: c.machine, Skew: c.skew, MaxLifetime: c.maxLifetime, MaxNonces: maxNonces,
		}),
		Tokens:        s.tokens,
		Clients:       exchangeClients(c.clients, c.rateLimit),
		World:         s.world.Load,
		Now:           c.clock.Now,
		MachineTime:   c.machine,
		Stopping:      stopping,
		Mask:          mask.New(c.secrets()...),
		BodyLimit:     c.bodyLimit,
		ReadTimeout:   c.readTimeout,
		ResponseCheck: c.responseCheck,
	}
	if !c.control {
		return pipeline
	}
	endpoint := &control.Endpoint{
		Contract:     s.contract,
		World:        s.world.Load,
		FirstClient:  c.clients[0].ID,
		Clock:        c.clock,
		Reset:        s.Reset,
		RevokeTokens: s.RevokeTokens,
		PlaceOrder:   func(o ledger.UpvestOrder) (uuid.UUID, error) { return s.PlaceOrder(UpvestOrder(o)) },
		CancelOrder:  s.CancelOrder,
		Dump:         s.Dump,
		Load:         s.Load,
		BodyLimit:    c.bodyLimit,
		Host:         c.host(),
		AnyHost:      c.expose || !c.listen || !c.network,
	}
	if !c.nested {
		endpoint.Worlds = s.worlds
	}
	opened := endpoint.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// There is no mux here, because a mux changes paths, and the checks must receive
		// paths as sent.
		if strings.HasPrefix(r.URL.Path, control.Prefix) {
			opened.ServeHTTP(w, r)
			return
		}
		if other := s.worlds.pick(r); other != nil {
			other.ServeHTTP(w, r)
			return
		}
		pipeline.ServeHTTP(w, r)
	})
}

// URL returns the base URL of the sandbox, without a slash at the end. If WithURL was
// given, URL returns that URL. A sandbox that was created with WithoutListener or
// WithoutNetwork does not listen on the network at this URL.
func (s *Sandbox) URL() string {
	switch {
	case s.config.url != "":
		return s.config.url
	case s.server == nil:
		return serverless
	default:
		return s.server.url
	}
}

// Address returns the host:port at which a program on the same machine reaches the
// sandbox. Address is empty for a sandbox without a listener or without a network.
func (s *Sandbox) Address() string {
	if s.server == nil {
		return ""
	}
	return s.server.address
}

// Transport returns a transport to the sandbox. The transport connects over the network,
// or in memory if the sandbox was created with WithoutNetwork. The transport of a sandbox
// that was created with WithoutListener does not reach the sandbox: use Handler instead.
// If WithURL was given, the transport reaches the sandbox under every host name. If
// WithTLS was given, the transport trusts the sandbox's certificate.
func (s *Sandbox) Transport() http.RoundTripper {
	if s.server == nil {
		return &http.Transport{}
	}
	return s.server.transport
}

// Handler returns the sandbox as a handler, which a test can call directly or pass to an
// HTTP server. To cut a connection, the handler panics with [http.ErrAbortHandler]. It
// sends a TCP reset only if the server supports hijacking and the connection is plain
// TCP, without TLS.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Client returns the first client of the sandbox.
func (s *Sandbox) Client() Client { return s.config.clients[0] }

// Clients returns all clients of the sandbox.
func (s *Sandbox) Clients() []Client { return slices.Clone(s.config.clients) }

// Clock returns the clock of the sandbox.
func (s *Sandbox) Clock() *Clock { return s.config.clock }

// Shutdown ends the sandbox as Close does, but first waits for the requests in progress,
// including the delays of their faults. Shutdown stops waiting when the context ends. For
// a sandbox without a listener, Shutdown does not wait.
func (s *Sandbox) Shutdown(ctx context.Context) error {
	if s.server == nil {
		return s.Close()
	}
	return errors.Join(s.server.shutdown(ctx), s.Close())
}

// Close closes the listener and its connections immediately, and ends the delays of the
// requests in progress. The handler that [Sandbox.Handler] returns still responds after
// Close.
func (s *Sandbox) Close() error {
	s.stop()
	s.worlds.stop()
	if s.server == nil {
		return nil
	}
	return s.server.close()
}

// RevokeTokens invalidates all access tokens that were granted so far.
func (s *Sandbox) RevokeTokens() { s.tokens.Revoke() }

// Reset restores the initial resources and prices, and removes kept responses, faults,
// latency, requests and effects. Access tokens, used nonces and the clock stay as they
// are. A request in progress finishes with the state from before the Reset.
func (s *Sandbox) Reset() {
	options, err := s.config.worldOptions(s.contract)
	if err != nil {
		return // the same options were valid at the start
	}
	fresh, err := world.New(options)
	if err != nil {
		return
	}
	s.world.Store(fresh)
}

// SetPrice sets the price of an instrument. Each price is 1 EUR until it is set. The
// value of each holding and open sale of the instrument changes in proportion to the
// price.
func (s *Sandbox) SetPrice(instrument api.InstrumentID, price api.Decimal) error {
	prices := map[api.InstrumentID]api.Decimal{instrument: price}
	if err := s.world.Load().Ledger.SetPrices(prices); err != nil {
		return fmt.Errorf("set a price: %w", err)
	}
	return nil
}
