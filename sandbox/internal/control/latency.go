package control

import (
	"errors"
	"net/http"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
)

// profileJSON is the JSON form of the latency of all operations.
type profileJSON struct {
	Data []latencyJSON `json:"data"`
}

type latencyJSON struct {
	Operation contract.Operation `json:"operation,omitempty"`
	Delay     duration           `json:"delay,omitempty"`
	Spread    duration           `json:"spread,omitempty"`
}

// putLatency replaces the latency of all operations.
func (e *Endpoint) putLatency(w http.ResponseWriter, r *http.Request) {
	var in profileJSON
	if !e.readJSON(w, r, &in) {
		return
	}
	if in.Data == nil {
		refuse(w, http.StatusBadRequest,
			errors.New("data: expected a list; an empty list removes all latency"))
		return
	}
	entries := make([]fault.Latency, len(in.Data))
	for i, one := range in.Data {
		var errs [2]error
		entries[i].Operation = one.Operation
		entries[i].Delay, errs[0] = one.Delay.read("delay")
		entries[i].Spread, errs[1] = one.Spread.read("spread")
		if err := errors.Join(errs[:]...); err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
	}
	if err := e.World().Latency.Set(entries); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// getLatency responds with the latency of all operations.
func (e *Endpoint) getLatency(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	out := profileJSON{Data: []latencyJSON{}}
	for _, one := range e.World().Latency.Entries() {
		out.Data = append(out.Data, latencyJSON{
			Operation: one.Operation, Delay: newDuration(one.Delay), Spread: newDuration(one.Spread),
		})
	}
	writeJSON(w, out)
}
