package sandbox

import (
	"crypto"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
)

const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

// client is a Client with what the sandbox needs at hand for each of its requests.
type client struct {
	Client
	keys map[string]crypto.PublicKey
	// limiter is nil without a rate limit.
	limiter *rate.Limiter
}

func newClients(c config) map[uuid.UUID]*client {
	clients := map[uuid.UUID]*client{}
	for _, known := range c.clients {
		one := &client{Client: known, keys: map[string]crypto.PublicKey{known.KeyID: known.PublicKey}}
		if c.rateLimit > 0 {
			one.limiter = rate.NewLimiter(rate.Limit(c.rateLimit), c.rateLimit)
		}
		clients[known.ID] = one
	}
	return clients
}

// checkScopes refuses a client that is allowed a scope for which no token can be asked.
func (s *Sandbox) checkScopes() error {
	for _, client := range s.config.clients {
		for _, scope := range client.Scopes {
			if !s.contract.scopes[scope] {
				return fmt.Errorf("client %s: scope %q is not in openapi.yaml, expected %s or %s", client.ID, scope, ScopeRead, ScopeAdmin)
			}
		}
	}
	return nil
}

func (s *Sandbox) findClient(x *exchange) *problem {
	values := x.request.Header.Values("Upvest-Client-Id")
	if len(values) == 0 {
		return refuseAs(http.StatusBadRequest, "missing_client_id", "header upvest-client-id is missing")
	}
	id, err := uuid.Parse(strings.Join(values, ", "))
	if err != nil {
		return refuse(http.StatusBadRequest, "header upvest-client-id is not one UUID")
	}
	known, ok := s.clients[id]
	if !ok {
		return refuse(http.StatusUnauthorized, "upvest-client-id %s is not a client of this sandbox", id)
	}
	x.client = known
	return nil
}

// limitRate counts every request of a client, refused ones included (docs.upvest.co, Rate limiting).
func (s *Sandbox) limitRate(x *exchange) *problem {
	if x.client.limiter == nil || x.client.limiter.AllowN(x.time, 1) {
		return nil
	}
	p := refuse(http.StatusTooManyRequests, "more than %d requests per second", s.config.rateLimit)
	p.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(1/float64(s.config.rateLimit)))))
	return p
}

// checkVersion takes no header for version 1 (docs.upvest.co, Versioning).
func checkVersion(x *exchange) *problem {
	values := x.request.Header.Values("Upvest-Api-Version")
	if len(values) == 0 || len(values) == 1 && values[0] == "1" {
		return nil
	}
	return refuse(http.StatusUpgradeRequired, "upvest-api-version is %q, expected 1", strings.Join(values, ", "))
}

func checkAccept(x *exchange) *problem {
	values := x.request.Header.Values("Accept")
	if len(values) == 1 && values[0] == jsonType {
		return nil
	}
	return refuse(http.StatusNotAcceptable, "accept is %q, expected exactly %s", strings.Join(values, ", "), jsonType)
}

func checkContentType(x *exchange) *problem {
	values := x.request.Header.Values("Content-Type")
	want := jsonType
	if x.route.isToken() {
		want = formType
	}
	switch {
	case !x.route.takesBody() && len(x.body) > 0:
		return refuse(http.StatusBadRequest, "the body has %d bytes, expected none for this operation", len(x.body))
	case !x.route.takesBody(), len(values) == 1 && values[0] == want:
		return nil
	case len(x.body) == 0:
		return refuse(http.StatusBadRequest, "the body is missing")
	default:
		return refuse(http.StatusBadRequest, "header content-type is %q, expected exactly %s", strings.Join(values, ", "), want)
	}
}

func (s *Sandbox) checkSignature(x *exchange) *problem {
	failure := s.signatures.Verify(&signature.Request{
		Request: x.request, Body: x.body, Token: x.route.isToken(), Keys: x.client.keys,
	})
	if failure == nil {
		return nil
	}
	p := refuse(http.StatusUnauthorized, "%s", failure)
	if s.config.showBase {
		p.SignatureBase = failure.Base
	}
	return p
}

// checkScope wants one of the scopes that openapi.yaml lists for the operation.
func checkScope(x *exchange) *problem {
	need := x.route.scopes()
	if x.route.isToken() || slices.ContainsFunc(need, func(scope string) bool { return slices.Contains(x.token.scopes, scope) }) {
		return nil
	}
	return refuse(http.StatusForbidden, "the access token has the scope %q, expected %s",
		strings.Join(x.token.scopes, " "), strings.Join(need, " or "))
}

// The documented pattern of an idempotency key: a UUID of version 0 to 5.
var idempotencyPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

func checkIdempotencyKey(x *exchange) *problem {
	values := x.request.Header.Values("Idempotency-Key")
	switch {
	case !x.route.takesIdempotencyKey():
		return nil
	case len(values) == 0:
		return refuseAs(http.StatusBadRequest, "missing_idempotency_key", "header idempotency-key is missing, expected a UUID")
	case len(values) > 1 || !idempotencyPattern.MatchString(values[0]):
		return refuse(http.StatusBadRequest, "header idempotency-key is not one UUID of version 0 to 5")
	default:
		// The pattern lets single dashes be left out, which no parser of UUIDs does.
		x.idempotencyKey = uuid.MustParse(strings.ReplaceAll(values[0], "-", ""))
		return nil
	}
}
