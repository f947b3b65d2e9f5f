package exchange

import (
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// maxResponseBody is the maximum number of bytes of a response body that the journal
// keeps.
const maxResponseBody = 16 << 10

// record adds the exchange to the journal of its world, together with the status and the
// body that the sandbox sends. record runs before the response ends, so a caller that has
// read the response finds the request in the journal.
func (h *Handler) record(x *exchange, given *response.Response, body []byte, truncated bool) {
	entry := journal.Request{
		Time:           x.time,
		RequestID:      x.requestID,
		Method:         x.request.Method,
		Path:           h.Mask.Body(x.request.URL.EscapedPath()),
		Query:          h.Mask.Query(x.request.URL.RawQuery),
		AccountIDs:     []uuid.UUID{},
		IdempotencyKey: h.Mask.Values(canonicalKey(x.request.Header.Get("Idempotency-Key"))),
		Header:         h.Mask.Header(x.sent),
		Body:           h.Mask.Body(string(x.body)),
		Status:         given.Status,
		Replayed:       x.replayed,
		Fault:          x.fault != nil,
	}
	if len(body) > maxResponseBody {
		body = body[:maxResponseBody]
		truncated = true
	}
	entry.ResponseBody = h.Mask.Body(string(body))
	entry.ResponseTruncated = truncated
	if x.client != nil {
		entry.ClientID = x.client.ID
	}
	if x.route != nil {
		entry.Operation = x.route.Operation
		accounts := append(x.named(), x.call.Accounts()...)
		entry.AccountIDs = journal.Accounts(accounts...)
	}
	if len(given.Body) > 0 { // a fault can cut the body that is sent
		body = given.Body
	}
	entry.Detail, entry.ResourceID = x.describe(given, body)
	entry.Detail = h.Mask.Values(entry.Detail)
	x.world.Requests.Add(size(entry), func(number uint64) journal.Request {
		entry.Number = number
		return entry
	})
}

// describe returns the detail of an error response, or the id of the resource that a
// successful response is about.
func (x *exchange) describe(given *response.Response, body []byte) (detail string, resource uuid.UUID) {
	var shown struct {
		Detail    string `json:"detail"`
		ID        string `json:"id"`
		AccountID string `json:"account_id"`
	}
	// A body that is not JSON leaves the fields empty. If the body is the first part of a
	// JSON body, the fields in this part are set.
	_ = json.Unmarshal(body, &shown)
	if given.Status >= 400 {
		return shown.Detail, uuid.Nil
	}
	if given.Status < 200 || given.Status >= 300 || x.route == nil {
		return "", uuid.Nil
	}
	for _, text := range []string{shown.ID, x.route.ResourceOf(x.pathValues), shown.AccountID} {
		if id, err := strict.UUID(text); err == nil {
			return "", id
		}
	}
	return "", uuid.Nil
}

// canonicalKey returns an idempotency key in lower case with all dashes. It returns an
// invalid key unchanged.
func canonicalKey(sent string) string {
	if !idempotencyPattern.MatchString(sent) {
		return sent
	}
	key, err := uuid.Parse(strings.ReplaceAll(sent, "-", ""))
	if err != nil {
		return sent
	}
	return key.String()
}

// size returns the approximate memory that an entry takes, in bytes.
func size(entry journal.Request) int {
	bytes := len(entry.Path) + len(entry.Query) + len(entry.Body) + len(entry.ResponseBody)
	for name, values := range entry.Header {
		bytes += len(name) + len(strings.Join(values, ""))
	}
	return bytes + len(entry.AccountIDs)*len(uuid.UUID{})
}

// named returns the accounts that a request names in its path, query and body.
func (x *exchange) named() []uuid.UUID {
	var body struct {
		AccountID string   `json:"account_id"`
		Accounts  []string `json:"accounts"`
	}
	// A body that is not JSON names no account. If a JSON body is incomplete, its fields
	// before the error are used.
	_ = json.Unmarshal(x.body, &body)
	texts := slices.Concat(body.Accounts, []string{body.AccountID, x.pathValues["account_id"]},
		x.request.URL.Query()["account_id"])
	var accounts []uuid.UUID
	for _, text := range texts {
		if id, err := strict.UUID(text); err == nil {
			accounts = append(accounts, id)
		}
	}
	return accounts
}

// bufferedWriter is the writer of a body that is generated while it is sent. It holds the
// body back until the body is larger than the part that the journal keeps. After that, it
// writes everything to the response.
type bufferedWriter struct {
	// begun is the part of the body that is held back.
	begun []byte
	// release records the exchange and sends the header. It is nil after it has been
	// called.
	release func(begun []byte)
	to      http.ResponseWriter
}

// Write implements [io.Writer].
func (b *bufferedWriter) Write(p []byte) (int, error) {
	if b.release == nil {
		return b.to.Write(p)
	}
	b.begun = append(b.begun, p...)
	if len(b.begun) <= maxResponseBody {
		return len(p), nil
	}
	b.release(b.begun)
	b.release = nil
	if _, err := b.to.Write(b.begun); err != nil {
		return 0, err
	}
	b.begun = nil
	return len(p), nil
}
