package control

import (
	"fmt"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// The first and last year to which postClock can move the clock. Unix time begins in
// 1970. RFC 3339 cannot express years after 9999. The last year is well below 9999,
// because the times of orders and tokens can be later than the time of the clock.
const (
	minYear = 1970
	maxYear = 9000
)

// postClock moves the clock, and responds with its new time.
func (e *Endpoint) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance duration `json:"advance"`
		Set     string   `json:"set"`
	}
	if !e.readJSON(w, r, &in) {
		return
	}
	to := e.Clock.Now()
	if in.Set != "" {
		set, err := strict.Time(in.Set)
		if err != nil {
			refuse(w, http.StatusBadRequest, fieldError("set", "a time such as 2026-01-02T03:04:05Z", in.Set))
			return
		}
		to = set
	}
	advance, err := in.Advance.read("advance")
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	year := to.Add(advance).UTC().Year()
	if year < minYear || year > maxYear {
		refuse(w, http.StatusBadRequest, fmt.Errorf(
			"set and advance: the clock would show the year %d, expected %d to %d", year, minYear, maxYear))
		return
	}
	if in.Set != "" {
		e.Clock.Set(to)
	}
	e.Clock.Advance(advance)
	writeJSON(w, map[string]time.Time{"now": e.Clock.Now()})
}

// postPrices sets the prices of instruments. If any of the prices is invalid, postPrices
// changes none of them.
func (e *Endpoint) postPrices(w http.ResponseWriter, r *http.Request) {
	var in map[api.InstrumentID]api.Decimal
	if !e.readJSON(w, r, &in) {
		return
	}
	if err := e.World().Ledger.SetPrices(in); err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("set a price: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
