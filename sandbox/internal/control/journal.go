package control

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// pageJSON is a page of requests or effects. To get the next page, set the query
// parameter `after` to the number of the last entry in Data. Total counts all entries
// since the last reset or load, whether or not they match the filters. Dropped counts
// those that the sandbox no longer keeps.
type pageJSON[T any] struct {
	Total   uint64 `json:"total"`
	Dropped uint64 `json:"dropped"`
	Data    []T    `json:"data"`
}

const maxPage = 1000

func (e *Endpoint) getRequests(w http.ResponseWriter, r *http.Request) {
	f, limit, err := e.readFilter(r.URL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	data, total, dropped := e.World().Requests.After(f.After, limit, f.MatchesRequest)
	writeJSON(w, pageJSON[journal.Request]{Total: total, Dropped: dropped, Data: data})
}

func (e *Endpoint) getEffects(w http.ResponseWriter, r *http.Request) {
	f, limit, err := e.readFilter(r.URL)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	data, total, dropped := e.World().Ledger.Effects().After(f.After, limit, f.MatchesEffect)
	writeJSON(w, pageJSON[journal.Effect]{Total: total, Dropped: dropped, Data: data})
}

func (e *Endpoint) readFilter(from *url.URL) (f journal.Filter, limit int, err error) {
	limit = maxPage
	query, err := url.ParseQuery(from.RawQuery)
	if err != nil {
		return f, limit, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, values := range query {
		if len(values) > 1 {
			return f, limit, fmt.Errorf("query parameter %s: given %d times, expected once", name,
				len(values))
		}
		text := values[0]
		switch name {
		case "operation":
			err = f.SetOperation(contract.Operation(text), e.Contract.Has)
		case "account":
			err = setAccount(&f, text)
		case "after":
			err = setAfter(&f, text)
		case "limit":
			limit, err = readLimit(text)
		default:
			err = fmt.Errorf("query parameter %q is not known, "+
				"expected after, limit, operation or account", name)
		}
		if err != nil {
			return f, limit, err
		}
	}
	return f, limit, nil
}

func setAccount(f *journal.Filter, text string) error {
	account, err := strict.UUID(text)
	if err != nil {
		return fieldError("account", "a UUID", text)
	}
	return f.SetAccount(account)
}

func setAfter(f *journal.Filter, text string) error {
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fieldError("after", "a number from 0", text)
	}
	return f.SetAfter(number)
}

func readLimit(text string) (int, error) {
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > maxPage {
		return 0, fieldError("limit", fmt.Sprintf("a number from 1 to %d", maxPage), text)
	}
	return limit, nil
}
