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

// retrieve retrieves an order from the server with a new client.
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

// TestJSONInClient sends each text of the suite to the client four times: as the body of
// a successful response, as the body of a problem, as the value of a new field in a
// successful response, and as the value of a new field in a problem.
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

// successDiffers describes how the result of a call with a successful response differs
// from the expected result. A body that is not JSON must cause an error. A body that is
// JSON, but not an order, must not be reported as invalid JSON. The client must always
// return the status and the body.
func successDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case response.Status != 200 || !bytes.Equal(response.Body, body):
		return "the client did not return the status and the body"
	case c.isInvalid() && err == nil:
		return "the client accepted the body, want an error"
	case c.isValid() && err != nil && strings.Contains(err.Error(), "not JSON"):
		return "the client reported valid JSON as invalid: " + err.Error()
	}
	return keptDiffers(err, 200, body)
}

// successFieldDiffers describes how the result of a call whose successful response has a
// new field differs from the expected result. The client must decode the order if and
// only if the body is JSON.
func successFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	order, response, err := reply{status: 200, contentType: "application/json", body: body}.retrieve(t)
	switch {
	case !bytes.Equal(response.Body, body):
		return "the client did not return the body"
	case c.isInvalid() && err == nil:
		return "the client accepted the body, want an error"
	case c.isValid() && err != nil:
		return "the client refused the body, want no error: " + err.Error()
	case err == nil && (order.ID != orderID || order.CashAmount != "1000"):
		return fmt.Sprintf("the client returned the order %+v, want the id and the amount of the body", order)
	}
	return keptDiffers(err, 200, body)
}

// problemDiffers describes how the result of a call whose response is a problem differs
// from the expected result. The result must be an error with the status and the body. If
// the body is not JSON, the error must have no type, no title and no new fields.
func problemDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	if c.isInvalid() && (failure.Type != "" || failure.Title != "" || len(failure.Members) > 0) {
		return "the client read fields of an invalid body, want none"
	}
	return ""
}

// problemFieldDiffers describes how the result of a call whose response is a problem with
// a new field differs from the expected result. If the body is JSON, the error must
// contain the field with the value that encoding/json decodes. If it is not JSON, the
// error must contain no new fields.
func problemFieldDiffers(t *testing.T, c jsonCase, body []byte) string {
	t.Helper()
	_, _, err := reply{status: 400, contentType: "application/problem+json", body: body}.retrieve(t)
	if differs := keptDiffers(err, 400, body); differs != "" || err == nil {
		return differs + noError(err)
	}
	failure, _ := errors.AsType[*upvest.Error](err)
	switch {
	case c.isInvalid() && len(failure.Members) > 0:
		return "the client read fields of an invalid body, want none"
	case c.isValid() && failure.Type != "invalid_request":
		return "the client did not return the type of the problem"
	case c.isValid():
		var want, got any
		err := errors.Join(json.Unmarshal(c.text, &want), json.Unmarshal(failure.Members["x"], &got))
		if err != nil {
			return "the client did not return the new field: " + err.Error()
		}
		if !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("the client returned the field with the value %v, want %v", got, want)
		}
	}
	return ""
}

func noError(err error) string {
	if err == nil {
		return "the client returned no error for the problem, want an error"
	}
	return ""
}

// keptDiffers describes what an error lacks, or returns an empty string. Every error must
// be an [upvest.Error] with the status and the body of the response.
func keptDiffers(err error, status int, body []byte) string {
	failure, isCall := errors.AsType[*upvest.Error](err)
	switch {
	case err == nil:
		return ""
	case !isCall:
		return fmt.Sprintf("the error has the type %T, want *upvest.Error", err)
	case failure.Status != status || !bytes.Equal(failure.Body, body):
		return "the error does not contain the status and the body of the response"
	}
	return ""
}
