package exchange

import (
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

const formType = "application/x-www-form-urlencoded"

func (h *Handler) findRoute(x *exchange) *response.Problem {
	found, values, allowed := h.Contract.Find(x.request.Method, x.request.URL.EscapedPath())
	if found != nil {
		x.route = found
		x.pathValues = values
		return nil
	}
	if strings.HasPrefix(x.request.URL.Path, "/_sandbox/") {
		return response.Refuse(http.StatusNotFound,
			"the control endpoint is closed; the flag -control opens it (WithControl in Go)")
	}
	if len(allowed) == 0 {
		return response.Refuse(http.StatusNotFound, "there is nothing at this path")
	}
	methods := strings.Join(allowed, ", ")
	problem := response.Refuse(http.StatusMethodNotAllowed, "this path accepts %s", methods)
	problem.Header.Set("Allow", methods)
	return problem
}

// readBody reads the whole body. It refuses a body that is too large, arrives too slowly
// or is incomplete.
func (h *Handler) readBody(x *exchange) *response.Problem {
	body, err := io.ReadAll(x.request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		x.body = body
		return nil
	case errors.As(err, &tooLarge):
		return response.Refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes",
			h.BodyLimit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		problem := response.Refuse(http.StatusRequestTimeout, "the request did not arrive within %s",
			h.ReadTimeout)
		problem.Header.Set("Connection", "close")
		return problem
	default:
		return response.Refuse(http.StatusBadRequest, "the body arrived incomplete")
	}
}

// findClient finds the client that the header Upvest-Client-Id names. If a token request
// lacks this header, findClient reads the client id from the form in the body, because
// two official signers do not send the header.
func (h *Handler) findClient(x *exchange) *response.Problem {
	values := x.request.Header.Values("Upvest-Client-Id")
	if len(values) == 0 && x.route.IsToken() {
		if id := tokens.FormClient(x.body); id != "" {
			values = []string{id}
		}
	}
	if len(values) == 0 {
		return response.RefuseAs(http.StatusBadRequest, "missing_client_id",
			"header upvest-client-id is missing")
	}
	id, err := strict.UUID(strings.Join(values, ", "))
	if err != nil {
		return response.Refuse(http.StatusBadRequest, "header upvest-client-id: expected exactly one UUID")
	}
	known, found := h.Clients[id]
	if !found {
		return response.Refuse(http.StatusUnauthorized, "upvest-client-id %s is not a client of this sandbox",
			id)
	}
	x.client = known
	return nil
}

// checkVersion requires version 1 of the API. A request without the header
// Upvest-Api-Version counts as version 1 (docs.upvest.co, Versioning).
func checkVersion(x *exchange) *response.Problem {
	values := x.request.Header.Values("Upvest-Api-Version")
	if len(values) == 0 || len(values) == 1 && values[0] == "1" {
		return nil
	}
	return response.Refuse(http.StatusUpgradeRequired,
		"upvest-api-version is %q, expected 1", strings.Join(values, ", "))
}

func checkAccept(x *exchange) *response.Problem {
	values := x.request.Header.Values("Accept")
	if len(values) == 1 && values[0] == response.JSON {
		return nil
	}
	return response.Refuse(http.StatusNotAcceptable,
		"accept is %q, expected exactly %s", strings.Join(values, ", "), response.JSON)
}

func checkContentType(x *exchange) *response.Problem {
	values := x.request.Header.Values("Content-Type")
	want := response.JSON
	if x.route.IsToken() {
		want = formType
	}
	switch {
	case !x.route.TakesBody() && len(x.body) > 0:
		return response.Refuse(http.StatusBadRequest,
			"the body has %d bytes, expected none for this operation", len(x.body))
	case !x.route.TakesBody(), len(values) == 1 && values[0] == want:
		return nil
	case len(x.body) == 0:
		return response.Refuse(http.StatusBadRequest, "the body is missing")
	default:
		return response.Refuse(http.StatusBadRequest,
			"header content-type is %q, expected exactly %s", strings.Join(values, ", "), want)
	}
}

func (h *Handler) checkSignature(x *exchange) *response.Problem {
	failure := h.Signatures.Verify(&signature.Request{
		Request: x.request, Body: x.body, Token: x.route.IsToken(), Client: x.client.ID, Keys: x.client.Keys,
	})
	if failure == nil {
		return nil
	}
	problem := response.Refuse(http.StatusUnauthorized, "%s", failure)
	problem.SignatureBase = failure.Base
	return problem
}

// limitRate refuses a request that exceeds the client's rate limit. It counts every
// request that the client signed, even if a later check refuses the request
// (docs.upvest.co, Rate limiting). Requests with the client's id but without a valid
// signature do not count.
func (h *Handler) limitRate(x *exchange) *response.Problem {
	limiter := x.client.Limiter
	if limiter == nil || limiter.AllowN(h.MachineTime(), 1) {
		return nil
	}
	problem := response.Refuse(http.StatusTooManyRequests, "more than %d requests per second",
		limiter.Burst())
	wait := math.Ceil(1 / float64(limiter.Limit()))
	problem.Header.Set("Retry-After", strconv.Itoa(int(wait)))
	return problem
}

// checkToken requires an unexpired access token that was issued to this client.
func (h *Handler) checkToken(x *exchange) *response.Problem {
	if x.route.IsToken() {
		return nil
	}
	scopes, problem := h.Tokens.Check(x.client.ID, x.request.Header.Values("Authorization"), x.time)
	x.scopes = scopes
	return problem
}

// checkScope requires one of the scopes that openapi.yaml lists for the operation.
func checkScope(x *exchange) *response.Problem {
	if x.route.IsToken() {
		return nil
	}
	need := x.route.Scopes()
	for _, scope := range need {
		if slices.Contains(x.scopes, scope) {
			return nil
		}
	}
	return response.Refuse(http.StatusForbidden, "the access token has the scope %q, expected %s",
		strings.Join(x.scopes, " "), strings.Join(need, " or "))
}

// idempotencyPattern is the documented pattern: a UUID of version 0 to 5.
var idempotencyPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

func checkIdempotencyKey(x *exchange) *response.Problem {
	values := x.request.Header.Values("Idempotency-Key")
	switch {
	case !x.route.TakesIdempotencyKey():
		return nil
	case len(values) == 0:
		return response.RefuseAs(http.StatusBadRequest, "missing_idempotency_key",
			"header idempotency-key is missing, expected a UUID")
	case len(values) > 1 || !idempotencyPattern.MatchString(values[0]):
		return response.Refuse(http.StatusBadRequest,
			"header idempotency-key: expected exactly one UUID of version 0 to 5")
	default:
		// The pattern makes each dash optional, but the UUID parser requires all or none.
		x.idempotencyKey = uuid.MustParse(strings.ReplaceAll(values[0], "-", ""))
		x.request.Header.Set("Idempotency-Key", x.idempotencyKey.String())
		return nil
	}
}

// checkContract compares the parameters and the body with openapi.yaml. It does not check
// a token request: Tokens.Grant checks the form of such a request later.
func (h *Handler) checkContract(x *exchange) *response.Problem {
	if x.route.IsToken() {
		return nil
	}
	return h.Contract.CheckRequest(x.described())
}
