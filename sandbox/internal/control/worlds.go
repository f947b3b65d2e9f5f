package control

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// Worlds are further worlds of a sandbox, each with a client, a state, faults and a
// clock.
type Worlds interface {
	// Create makes a world and returns the variables of its client.
	Create() (Variables, error)
	// List returns the clients of the worlds.
	List() []uuid.UUID
	// Drop ends the world of a client, and reports whether there was one.
	Drop(client uuid.UUID) bool
	// Handler returns the handler of the world of a client, or nil if there is none.
	Handler(client uuid.UUID) http.Handler
}

// Variables are the UPVEST_API_* variables of a client, by name.
type Variables map[string]string

func (e *Endpoint) postWorld(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	variables, err := e.Worlds.Create()
	if err != nil {
		refuse(w, http.StatusConflict, fmt.Errorf("create a world: %w", err))
		return
	}
	writeJSON(w, map[string]any{
		"client_id": variables["UPVEST_API_CLIENT_ID"], "variables": variables,
	})
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
	if err == nil && !e.Worlds.Drop(client) {
		err = fmt.Errorf("there is no world of the client %s", client)
	}
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// inWorld passes a request on to the control endpoint of a world.
func (e *Endpoint) inWorld(w http.ResponseWriter, r *http.Request) {
	client, err := readID("client", r.PathValue("client"))
	var handler http.Handler
	if err == nil {
		handler = e.Worlds.Handler(client)
	}
	if handler == nil {
		refuse(w, http.StatusNotFound,
			fmt.Errorf("there is no world of the client %q", r.PathValue("client")))
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path = Prefix + strings.TrimPrefix(r.PathValue("rest"), "/")
	inner.URL.RawPath = ""
	handler.ServeHTTP(w, inner)
}
