package control

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Worlds manages the additional worlds of a sandbox. Each world has its own client,
// state, faults and clock.
type Worlds interface {
	// Create makes a world and returns the variables of its client. state is the initial
	// state of the world, in the form of a state file. If state is nil, the world begins
	// with the state in which the sandbox's first client began. If there are too many
	// worlds, the error wraps ErrTooManyWorlds. If the state is invalid, the error
	// describes what is wrong with it.
	Create(state []byte) (Variables, error)
	// List returns the clients of the worlds.
	List() []uuid.UUID
	// Delete ends the world of a client, and reports whether the client had a world.
	Delete(client uuid.UUID) bool
	// Handler returns the handler of a client's world, or nil if the client has no world.
	Handler(client uuid.UUID) http.Handler
}

// ErrTooManyWorlds means that the sandbox already has the largest number of worlds that
// it allows.
var ErrTooManyWorlds = errors.New("there are too many worlds")

// Variables are the UPVEST_API_* variables of a client, by name.
type Variables map[string]string

// postWorld makes a world. The request body is optional, and BodyLimit does not apply to
// it.
func (e *Endpoint) postWorld(w http.ResponseWriter, r *http.Request) {
	if !noQuery(w, r) {
		return
	}
	state, err := readWorld(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	variables, err := e.Worlds.Create(state)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, ErrTooManyWorlds) {
			status = http.StatusConflict
		}
		refuse(w, status, fmt.Errorf("create a world: %w", err))
		return
	}
	writeJSON(w, map[string]any{
		"client_id": variables["UPVEST_API_CLIENT_ID"], "variables": variables,
	})
}

// readWorld returns the initial state that the body contains, or nil if the body contains
// no state.
func readWorld(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, nil
	}
	var in struct {
		State json.RawMessage `json:"state"`
	}
	if err := decode(bytes.NewReader(content), &in); err != nil {
		return nil, err
	}
	if string(in.State) == "null" {
		return nil, nil
	}
	return in.State, nil
}

func (e *Endpoint) getWorlds(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	writeJSON(w, map[string][]uuid.UUID{"data": e.Worlds.List()})
}

func (e *Endpoint) deleteWorld(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	client, err := readID("client", r.PathValue("client"))
	if err == nil && !e.Worlds.Delete(client) {
		err = fmt.Errorf("the client %s has no world", client)
	}
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// inWorld finds the world of the client that the path names, and passes the request to
// the control endpoint of this world.
func (e *Endpoint) inWorld(w http.ResponseWriter, r *http.Request) {
	client, err := readID("client", r.PathValue("client"))
	var handler http.Handler
	if err == nil {
		handler = e.Worlds.Handler(client)
	}
	if handler == nil {
		refuse(w, http.StatusNotFound,
			fmt.Errorf("the client %q has no world", r.PathValue("client")))
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path = Prefix + strings.TrimPrefix(r.PathValue("rest"), "/")
	inner.URL.RawPath = ""
	handler.ServeHTTP(w, inner)
}
