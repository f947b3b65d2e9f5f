package suites_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var orderID = uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c")

const orderBody = `{"id": "eb5ba93f-5dfe-4bf1-8571-4da0caacc80c",
"account_id": "debf2026-f2da-4ff0-bb84-92e45babb1e3", "cash_amount": "1000", "currency": "EUR",
"created_at": "2021-07-21T14:10:00Z", "updated_at": "2021-07-21T14:10:00Z", "orders": [],
"post_tax": false, "status": "PROCESSING", "type": "SELL"}`

// reply is a server that sends the same response to every request.
type reply struct {
	status      int
	contentType string
	body        []byte
}

// RoundTrip implements [http.RoundTripper].
func (r reply) RoundTrip(request *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: r.status,
		Header: http.Header{
			"Content-Type": {r.contentType}, "Upvest-Request-Id": {"7fa5ab36-1f54-4a0b-b0c9-e3a8d7c5a5b0"},
		},
		Body:          io.NopCloser(bytes.NewReader(r.body)),
		ContentLength: int64(len(r.body)),
		Request:       request,
	}, nil
}

// retrieve retrieves an order from the server.
func (r reply) retrieve(t *testing.T) (*portfolios.Order, upvest.Response, error) {
	t.Helper()
	client, err := upvest.New(upvest.Credentials{
		BaseURL: "https://upvest.test", ClientID: orderID, ClientSecret: "secret", KeyID: "key",
		PrivateKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Scopes:     []string{"portfolios:read"},
	},
		upvest.WithHTTPClient(&http.Client{Transport: r}),
		upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})),
		upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	var response upvest.Response
	order, err := client.Orders.Retrieve(t.Context(), orderID, upvest.WithResponse(&response))
	return order, response, err
}

// TestJSONInClient sends each text of the suite to the client as the body of a success
// and of a problem, and as a field of both.
func TestJSONInClient(t *testing.T) {
	r := newRun("JSON in the client")
	const problem = `{"type": "invalid_request", "title": "It fails", "status": 400}`
	for _, c := range jsonCases(t) {
		r.add(c.name+" as success", successDiffers(t, c, c.text))
		r.add(c.name+" as field of a success", successFieldDiffers(t, c, c.inside(orderBody)))
		r.add(c.name+" as problem", problemDiffers(t, c, c.text))
		r.add(c.name+" as field of a problem", problemFieldDiffers(t, c, c.inside(problem)))
	}
	r.compare(t)
}

// successDiffers returns how the result of a success differs from the expected result. A
// body that is not JSON must cause an error. A body that is JSON, but not an order, must
// not be reported as invalid JSON. The status and the body must be available.
func successDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case response.Status != 200 || !bytes.Equal(response.Body, body):
		return "the client loses the status or the body"
	case c.isInvalid() && err == nil:
		return "the client accepts the body"
	case c.isValid() && err != nil && strings.Contains(err.Error(), "not JSON"):
		return "the client reports invalid JSON: " + err.Error()
	}
	return keptDiffers(err, 200, body)
}

// successFieldDiffers returns how the result of a success with a new field differs from
// the expected result. The order must be decoded if and only if the body is JSON.
func successFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	order, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case !bytes.Equal(response.Body, body):
		return "the client loses the body"
	case c.isInvalid() && err == nil:
		return "the client accepts the body"
	case c.isValid() && err != nil:
		return "the client refuses the body: " + err.Error()
	case err == nil && (order.ID != orderID || order.CashAmount != "1000"):
		return fmt.Sprintf("the client returns the order %+v", order)
	}
	return keptDiffers(err, 200, body)
}

// problemDiffers returns how the result of a problem differs from the expected result. It
// must be an error with the status and the body, and without fields if the body is not
// JSON.
func problemDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	if c.isInvalid() && (failure.Type != "" || failure.Title != "" || len(failure.Members) > 0) {
		return "the client reads fields of an invalid body"
	}
	return ""
}

// problemFieldDiffers returns how the result of a problem with a new field differs from
// the expected result. The error must contain the field with the value that encoding/json
// decodes.
func problemFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	switch {
	case c.isInvalid() && len(failure.Members) > 0:
		return "the client reads fields of an invalid body"
	case c.isValid() && failure.Type != "invalid_request":
		return "the client loses the type"
	case c.isValid():
		var want, got any
		err := errors.Join(json.Unmarshal(c.text, &want), json.Unmarshal(failure.Members["x"], &got))
		if err != nil {
			return "the client loses the field: " + err.Error()
		}
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("the client returns the field %v", got)
		}
	}
	return ""
}

func noError(err error) string {
	if err == nil {
		return "the client returns no error"
	}
	return ""
}

// keptDiffers returns how an error differs from an error with the status and the body of
// the response.
func keptDiffers(err error, status int, body []byte) string {
	failure, isCall := errors.AsType[*upvest.Error](err)
	switch {
	case err == nil:
		return ""
	case !isCall:
		return fmt.Sprintf("the error has the type %T", err)
	case failure.Status != status || !bytes.Equal(failure.Body, body):
		return "the error lacks the status or the body"
	}
	return ""
}
