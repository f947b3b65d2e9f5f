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

// reply is a server that sends one response to every request.
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

// TestJSONInClient sends each text as the body of a success and of a problem, and as a
// field of both.
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

// successDiffers: a body that is not JSON is an error. A body that is JSON, but not an
// order, is not reported as invalid JSON. Status and body are kept.
func successDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case response.Status != 200 || !bytes.Equal(response.Body, body):
		return "status or body is lost"
	case c.isInvalid() && err == nil:
		return "it is decoded"
	case c.isValid() && err != nil && strings.Contains(err.Error(), "not JSON"):
		return "it is called invalid JSON: " + err.Error()
	}
	return keptDiffers(err, 200, body)
}

// successFieldDiffers: an order with a new field is decoded if it is JSON.
func successFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	order, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case !bytes.Equal(response.Body, body):
		return "the body is lost"
	case c.isInvalid() && err == nil:
		return "it is decoded"
	case c.isValid() && err != nil:
		return "it is not decoded: " + err.Error()
	case err == nil && (order.ID != orderID || order.CashAmount != "1000"):
		return fmt.Sprintf("the order is %+v", order)
	}
	return keptDiffers(err, 200, body)
}

// problemDiffers: a problem is an error with its status and body. Only an object has
// fields.
func problemDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	if c.isInvalid() && (failure.Type != "" || failure.Title != "" || len(failure.Members) > 0) {
		return "fields are read"
	}
	return ""
}

// problemFieldDiffers: a new field of a problem is kept, with the value that
// encoding/json reads.
func problemFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	switch {
	case c.isInvalid() && len(failure.Members) > 0:
		return "fields are read"
	case c.isValid() && failure.Type != "invalid_request":
		return "the type is lost"
	case c.isValid():
		var want, got any
		err := errors.Join(json.Unmarshal(c.text, &want), json.Unmarshal(failure.Members["x"], &got))
		if err != nil {
			return "the field is lost: " + err.Error()
		}
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("the field is %v", got)
		}
	}
	return ""
}

func noError(err error) string {
	if err == nil {
		return "it is no error"
	}
	return ""
}

// keptDiffers: an error keeps status and body, and its text contains nothing of the body.
func keptDiffers(err error, status int, body []byte) string {
	failure, isCall := errors.AsType[*upvest.Error](err)
	switch {
	case err == nil:
		return ""
	case !isCall:
		return fmt.Sprintf("the error is a %T", err)
	case failure.Status != status || !bytes.Equal(failure.Body, body):
		return "the error has lost status or body"
	}
	return ""
}
