package sandbox

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

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

const formType = "application/x-www-form-urlencoded"

func (s *Sandbox) findRoute(x *exchange) *answer.Problem {
	found, values, allowed := s.contract.Find(x.request.Method, x.request.URL.EscapedPath())
	switch {
	case found != nil:
		x.route, x.pathValues = found, values
		return nil
	case len(allowed) > 0:
		p := answer.Refuse(http.StatusMethodNotAllowed, "this path knows %s", strings.Join(allowed, ", "))
		p.Header.Set("Allow", strings.Join(allowed, ", "))
		return p
	default:
		return answer.Refuse(http.StatusNotFound, "there is nothing at this path")
	}
}

// readBody reads the body to its end or to the limit.
func (s *Sandbox) readBody(x *exchange) *answer.Problem {
	body, err := io.ReadAll(x.request.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil:
		x.body = body
		return nil
	case errors.As(err, &tooLarge):
		return answer.Refuse(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", s.config.bodyLimit)
	case errors.Is(err, os.ErrDeadlineExceeded):
		p := answer.Refuse(http.StatusRequestTimeout, "the request did not arrive within %s", s.config.readTimeout)
		p.Header.Set("Connection", "close")
		return p
	default:
		return answer.Refuse(http.StatusBadRequest, "the body did not arrive whole")
	}
}

// findClient takes the client of a token request from its form, unless a header names one: two official signers send none.
func (s *Sandbox) findClient(x *exchange) *answer.Problem {
	values := x.request.Header.Values("Upvest-Client-Id")
	if len(values) == 0 && x.route.IsToken() {
		if id := tokens.FormClient(x.body); id != "" {
			values = []string{id}
		}
	}
	if len(values) == 0 {
		return answer.RefuseAs(http.StatusBadRequest, "missing_client_id", "header upvest-client-id is missing")
	}
	id, err := ids.Parse(strings.Join(values, ", "))
	if err != nil {
		return answer.Refuse(http.StatusBadRequest, "header upvest-client-id is not one UUID")
	}
	known, ok := s.clients[id]
	if !ok {
		return answer.Refuse(http.StatusUnauthorized, "upvest-client-id %s is not a client of this sandbox", id)
	}
	x.client = known
	return nil
}

// checkVersion takes no header for version 1 (docs.upvest.co, Versioning).
func checkVersion(x *exchange) *answer.Problem {
	values := x.request.Header.Values("Upvest-Api-Version")
	if len(values) == 0 || len(values) == 1 && values[0] == "1" {
		return nil
	}
	return answer.Refuse(http.StatusUpgradeRequired, "upvest-api-version is %q, expected 1", strings.Join(values, ", "))
}

func checkAccept(x *exchange) *answer.Problem {
	values := x.request.Header.Values("Accept")
	if len(values) == 1 && values[0] == answer.JSON {
		return nil
	}
	return answer.Refuse(http.StatusNotAcceptable, "accept is %q, expected exactly %s", strings.Join(values, ", "), answer.JSON)
}

func checkContentType(x *exchange) *answer.Problem {
	values := x.request.Header.Values("Content-Type")
	want := answer.JSON
	if x.route.IsToken() {
		want = formType
	}
	switch {
	case !x.route.TakesBody() && len(x.body) > 0:
		return answer.Refuse(http.StatusBadRequest, "the body has %d bytes, expected none for this operation", len(x.body))
	case !x.route.TakesBody(), len(values) == 1 && values[0] == want:
		return nil
	case len(x.body) == 0:
		return answer.Refuse(http.StatusBadRequest, "the body is missing")
	default:
		return answer.Refuse(http.StatusBadRequest, "header content-type is %q, expected exactly %s", strings.Join(values, ", "), want)
	}
}

func (s *Sandbox) checkSignature(x *exchange) *answer.Problem {
	failure := s.signatures.Verify(&signature.Request{
		Request: x.request, Body: x.body, Token: x.route.IsToken(), Client: x.client.ID, Keys: x.client.keys,
	})
	if failure == nil {
		return nil
	}
	p := answer.Refuse(http.StatusUnauthorized, "%s", failure)
	p.SignatureBase = failure.Base
	return p
}

// limitRate counts every request that a client signed, refused ones included (docs.upvest.co, Rate limiting): what anybody can send in its
// name uses up nothing.
func (s *Sandbox) limitRate(x *exchange) *answer.Problem {
	if x.client.limiter == nil || x.client.limiter.AllowN(s.config.machine(), 1) {
		return nil
	}
	p := answer.Refuse(http.StatusTooManyRequests, "more than %d requests per second", s.config.rateLimit)
	p.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(1/float64(s.config.rateLimit)))))
	return p
}

// checkToken wants an access token of this client that has not expired.
func (s *Sandbox) checkToken(x *exchange) (p *answer.Problem) {
	if !x.route.IsToken() {
		x.scopes, p = s.tokens.Check(x.client.ID, x.request.Header.Values("Authorization"), x.time)
	}
	return p
}

// checkScope wants one of the scopes that openapi.yaml lists for the operation.
func checkScope(x *exchange) *answer.Problem {
	need := x.route.Scopes()
	if x.route.IsToken() || slices.ContainsFunc(need, func(scope string) bool { return slices.Contains(x.scopes, scope) }) {
		return nil
	}
	return answer.Refuse(http.StatusForbidden, "the access token has the scope %q, expected %s",
		strings.Join(x.scopes, " "), strings.Join(need, " or "))
}

// The documented pattern of an idempotency key: a UUID of version 0 to 5.
var idempotencyPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

func checkIdempotencyKey(x *exchange) *answer.Problem {
	values := x.request.Header.Values("Idempotency-Key")
	switch {
	case !x.route.TakesIdempotencyKey():
		return nil
	case len(values) == 0:
		return answer.RefuseAs(http.StatusBadRequest, "missing_idempotency_key", "header idempotency-key is missing, expected a UUID")
	case len(values) > 1 || !idempotencyPattern.MatchString(values[0]):
		return answer.Refuse(http.StatusBadRequest, "header idempotency-key is not one UUID of version 0 to 5")
	default:
		// The pattern lets single dashes be left out, which no parser of UUIDs does.
		x.idempotencyKey = uuid.MustParse(strings.ReplaceAll(values[0], "-", ""))
		x.request.Header.Set("Idempotency-Key", x.idempotencyKey.String())
		return nil
	}
}

// checkContract comes last, and is the only one that looks inside the body.
func (s *Sandbox) checkContract(x *exchange) *answer.Problem {
	if x.route.IsToken() {
		return nil
	}
	return s.contract.CheckRequest(x.described())
}
