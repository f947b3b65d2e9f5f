package control

import (
	"bytes"
	"net/http"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

// getState responds with a dump of the state.
func (e *Endpoint) getState(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	var dump bytes.Buffer
	if err := e.Dump(&dump); err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", response.JSON)
	// The write fails if the client has disconnected.
	_, _ = dump.WriteTo(w)
}

// putState replaces the state with the state in a dump. BodyLimit does not apply to the
// dump.
func (e *Endpoint) putState(w http.ResponseWriter, r *http.Request) {
	if !noQuery(w, r) {
		return
	}
	if err := e.Load(r.Body); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
