package control

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

// getPortfolio responds with what an account holds in the state of one client. The query
// names the account and, optionally, the client. The default is the sandbox's first
// client.
func (e *Endpoint) getPortfolio(w http.ResponseWriter, r *http.Request) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		refuse(w, http.StatusBadRequest, fmt.Errorf("the query cannot be read: %w", err))
		return
	}
	ids := map[string]uuid.UUID{"account": uuid.Nil, "client": e.FirstClient}
	for name, values := range query {
		if _, known := ids[name]; !known || len(values) != 1 {
			refuse(w, http.StatusBadRequest,
				fmt.Errorf("query parameter %q: expected only account and client, each at most once", name))
			return
		}
		id, err := readID(name, values[0])
		if err == nil && id == uuid.Nil {
			err = fieldError(name, "a UUID that is not zero", values[0])
		}
		if err != nil {
			refuse(w, http.StatusBadRequest, err)
			return
		}
		ids[name] = id
	}
	if ids["account"] == uuid.Nil {
		refuse(w, http.StatusBadRequest, errors.New("query parameter account is missing"))
		return
	}
	found, err := e.World().Ledger.Portfolio(ids["client"], ids["account"])
	if err != nil {
		refuse(w, http.StatusNotFound, err)
		return
	}
	writeJSON(w, found)
}
