package control

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// pageJSON is a page of requests or effects. The entries after the last of Data come with
// ?after= its number. Total is how many entries there ever were, Dropped how many of them
// are no longer kept.
type pageJSON[T any] struct {
	Total   uint64 `json:"total"`
	Dropped uint64 `json:"dropped"`
	Data    []T    `json:"data"`
}

const maxPage = 1000

func (e *Endpoint) getRequests(w http.ResponseWriter, r *http.Request) {
	getPage(w, r, e.World().Requests, func(f journal.Filter) func(journal.Request) bool {
		return func(entry journal.Request) bool { return f.Matches(entry.Operation, entry.AccountID) }
	})
}

func (e *Endpoint) getEffects(w http.ResponseWriter, r *http.Request) {
	getPage(w, r, e.World().Ledger.Effects(), func(f journal.Filter) func(journal.Effect) bool {
		return func(entry journal.Effect) bool { return f.Matches(entry.Operation, entry.AccountID) }
	})
}

func getPage[T any](
	w http.ResponseWriter, r *http.Request, log *journal.Log[T], matches func(journal.Filter) func(T) bool,
) {
	f, limit, err := readFilter(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	data, total, dropped := log.After(f.After, limit, matches(f))
	writeJSON(w, pageJSON[T]{Total: total, Dropped: dropped, Data: data})
}

func readFilter(query url.Values) (f journal.Filter, limit int, err error) {
	limit = maxPage
	for name := range query {
		text := query.Get(name)
		switch name {
		case "operation":
			f.Operation = text
		case "account":
			f.AccountID, err = strict.UUID(text)
		case "after":
			f.After, err = strconv.ParseUint(text, 10, 64)
		case "limit":
			limit, err = readLimit(text)
		default:
			return f, limit, fmt.Errorf("query parameter %q is not known, "+
				"expected after, limit, operation or account", name)
		}
		if err != nil {
			return f, limit, fmt.Errorf("query parameter %s: expected a number from 0 for after, "+
				"1 to %d for limit, a UUID for account", name, maxPage)
		}
	}
	return f, limit, nil
}

func readLimit(text string) (int, error) {
	limit, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	if limit < 1 || limit > maxPage {
		return 0, strconv.ErrRange
	}
	return limit, nil
}
