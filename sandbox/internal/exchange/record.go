package exchange

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// record adds the exchange to the journal of its world.
func (x *exchange) record(given *response.Response) {
	entry := journal.Request{
		Time:           x.time,
		RequestID:      x.requestID,
		Method:         x.request.Method,
		Path:           x.request.URL.EscapedPath(),
		Query:          x.request.URL.RawQuery,
		IdempotencyKey: x.request.Header.Get("Idempotency-Key"),
		Header:         masked(x.sent),
		Status:         given.Status,
		Detail:         x.refusal,
		Replayed:       x.replayed,
		Fault:          x.fault != nil,
	}
	if x.client != nil {
		entry.ClientID = x.client.ID
	}
	if x.route != nil {
		entry.Operation = x.route.Operation
		if x.route.IsToken() {
			// A token request should have no query, but it might hold what belongs into
			// the form.
			entry.Query = ""
		} else {
			entry.Body = string(x.body)
			entry.AccountID = x.accountID()
		}
	}
	x.world.Requests.Add(size(entry), func(number uint64) journal.Request {
		entry.Number = number
		return entry
	})
}

// masked returns the header without secrets.
func masked(header http.Header) http.Header {
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		if header.Get(name) != "" {
			header.Set(name, "***")
		}
	}
	return header
}

// size returns roughly how much memory an entry takes, in bytes.
func size(entry journal.Request) int {
	bytes := len(entry.Path) + len(entry.Query) + len(entry.Body)
	for name, values := range entry.Header {
		bytes += len(name) + len(strings.Join(values, ""))
	}
	return bytes
}

// accountID returns the account that a request names in its path, its query or its body.
func (x *exchange) accountID() uuid.UUID {
	var body struct {
		AccountID string `json:"account_id"`
	}
	// A body that is not JSON names no account.
	_ = json.Unmarshal(x.body, &body)
	inQuery := x.request.URL.Query().Get("account_id")
	id, _ := strict.UUID(cmp.Or(x.pathValues["account_id"], inQuery, body.AccountID))
	return id
}
