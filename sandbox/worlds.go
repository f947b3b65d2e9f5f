package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/control"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

// maxWorlds is how many additional worlds a sandbox can have.
const maxWorlds = 1000

// worlds are the additional worlds of a sandbox, each for one parallel test worker. A
// world is a sandbox without a listener, with a client and a clock that no other world
// uses. The type worlds is safe for concurrent use.
type worlds struct {
	// of is the sandbox that provides the listener and the settings of the worlds.
	of *Sandbox

	mu       sync.RWMutex
	byClient map[uuid.UUID]*Sandbox
}

// Create makes a world with a random client, and returns the variables of this client.
// The world begins in the given state. If the state is nil, the world begins in the
// initial state of the sandbox's first client.
func (w *worlds) Create(state []byte) (control.Variables, error) {
	c := w.of.config
	c.clients = nil
	if err := c.completeClients(); err != nil {
		return nil, err
	}
	states, err := w.states(state)
	if err != nil {
		return nil, err
	}
	c.states = states
	c.clock = NewMovingClock(time.Now())
	c.listen = false
	c.nested = true
	c.url = w.of.URL()
	made, err := assemble(c, w.of.contract)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.byClient) == maxWorlds {
		made.stop()
		return nil, fmt.Errorf("%w: %d; drop one", control.ErrTooManyWorlds, maxWorlds)
	}
	w.byClient[made.Client().ID] = made
	variables := control.Variables{}
	for _, pair := range made.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	return variables, nil
}

// states returns the initial states of a world: the given state, or, if that is nil, the
// initial states of the sandbox's first client.
func (w *worlds) states(given []byte) ([]State, error) {
	if given != nil {
		state, err := parseState(given)
		if err != nil {
			return nil, fmt.Errorf("read the state: %w", err)
		}
		if state.ClientID != uuid.Nil {
			return nil, errors.New("state: client_id: expected none, because the client of a world is new")
		}
		return []State{state}, nil
	}
	var states []State
	for _, state := range w.of.config.states {
		if state.ClientID == uuid.Nil || state.ClientID == w.of.Client().ID {
			state.ClientID = uuid.Nil
			states = append(states, state)
		}
	}
	return states, nil
}

// List returns the ids of the clients of all worlds, sorted.
func (w *worlds) List() []uuid.UUID {
	w.mu.RLock()
	defer w.mu.RUnlock()
	clients := make([]uuid.UUID, 0, len(w.byClient))
	for client := range w.byClient {
		clients = append(clients, client)
	}
	slices.SortFunc(clients, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return clients
}

// Delete ends the world of a client, and reports whether the client had a world.
func (w *worlds) Delete(client uuid.UUID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	dropped := w.byClient[client]
	if dropped == nil {
		return false
	}
	dropped.stop()
	delete(w.byClient, client)
	return true
}

// Handler returns the handler of the client's world, or nil if the client has no world.
func (w *worlds) Handler(client uuid.UUID) http.Handler {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if found := w.byClient[client]; found != nil {
		return found.handler
	}
	return nil
}

// stop ends the waits of requests in all worlds.
func (w *worlds) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, one := range w.byClient {
		one.stop()
	}
}

// pick finds the client that an API request names, and returns the handler of the
// client's world. It returns nil if the client has no world.
func (w *worlds) pick(r *http.Request) http.Handler {
	w.mu.RLock()
	empty := len(w.byClient) == 0
	w.mu.RUnlock()
	if empty {
		return nil
	}
	named := strings.Join(r.Header.Values("Upvest-Client-Id"), ", ")
	if named == "" && r.URL.Path == "/auth/token" && r.Body != nil {
		named = w.inForm(r)
	}
	id, err := strict.UUID(named)
	if err != nil {
		return nil
	}
	return w.Handler(id)
}

// inForm returns the client id that a token request contains as a form field. Some
// official signers send the id only in the form, and not in the header upvest-client-id.
// After inForm has returned, the whole body can still be read from the request.
func (w *worlds) inForm(r *http.Request) string {
	begun, err := io.ReadAll(io.LimitReader(r.Body, w.of.config.bodyLimit))
	rest := io.MultiReader(bytes.NewReader(begun), r.Body)
	if err != nil {
		rest = io.MultiReader(bytes.NewReader(begun), failing{err: err})
	}
	r.Body = body{Reader: rest, Closer: r.Body}
	return tokens.FormClient(begun)
}

// body is a request body of which inForm has read a part. Its Reader returns the whole
// request body.
type body struct {
	io.Reader
	io.Closer
}

// failing is a reader that always returns err, the error with which reading a body
// failed.
type failing struct{ err error }

// Read implements [io.Reader].
func (f failing) Read([]byte) (int, error) { return 0, f.err }
