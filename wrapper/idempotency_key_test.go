package wrapper_test

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"testing/synctest"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// keyPattern is the documented pattern of idempotency-key.
var keyPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

func TestIdempotencyKeysThatAreAccepted(t *testing.T) {
	for version := range 16 {
		for variant := range 16 {
			text := fmt.Sprintf("12345678-1234-%x234-%x234-123456789abc", version, variant)
			key := uuid.MustParse(text)
			server := scripted(success(orderBody))
			err := createOrder(t.Context(), newTestClient(t, server.serve), upvest.WithIdempotencyKey(key))
			if !keyPattern.MatchString(text) {
				requireOutcome(t, err, upvest.OutcomeRefused)
				server.requireRequests(t, 0)
				continue
			}
			if err != nil {
				t.Errorf("%s fits the documented pattern: %v", key, err)
				continue
			}
			if sent := server.requests[0].Header.Get("idempotency-key"); sent != text {
				t.Errorf("the idempotency key %s was sent, want %s", sent, text)
			}
		}
	}
}

func TestIdempotencyKeysThatAreRefused(t *testing.T) {
	client := newTestClient(t, nil)
	version7 := uuid.MustParse("019b0000-0000-7000-8000-000000000000")
	err := createOrder(t.Context(), client, upvest.WithIdempotencyKey(version7))
	requireText(t, err, "version 7", "IdempotencyKeyFor")
	err = createOrder(t.Context(), client, upvest.WithIdempotencyKey(uuid.Nil))
	requireText(t, err, "the zero UUID")
}

func TestIdempotencyKeyIsOnlyForPostAndPatch(t *testing.T) {
	key := uuid.MustParse("12345678-1234-4234-8234-123456789abc")
	for _, operation := range everyOperation() {
		client := newTestClient(t, success(operation.success))
		_, err := operation.call(t.Context(), client, upvest.WithIdempotencyKey(key))
		if isAccepted := err == nil; isAccepted != operation.isKeyed() {
			t.Errorf("%s, a %s: %v", operation.id, operation.method, err)
		}
	}
}

// The derived key must never change: callers repeat calls with the key that an older
// version of this client derived.
func TestIdempotencyKeyFor(t *testing.T) {
	const (
		operation = "create_portfolios_order"
		event     = "savings-plan-4711/2026-01"
	)
	key, err := upvest.IdempotencyKeyFor(operation, event)
	if err != nil {
		t.Fatal(err)
	}
	const want = "16045650-d389-5c59-a80a-5b0311a86807" // of another implementation
	if key.String() != want {
		t.Errorf("the key is %s, want %s", key, want)
	}
	if key.Version() != 5 || !keyPattern.MatchString(key.String()) {
		t.Errorf("the key %s has version %d, want 5", key, key.Version())
	}
	for _, other := range []struct{ operation, event string }{
		{operation: operation, event: "savings-plan-4711/2026-02"},
		{operation: "trigger_portfolio_rebalancing", event: event},
	} {
		again, err := upvest.IdempotencyKeyFor(other.operation, other.event)
		if err != nil || again == key {
			t.Errorf("the key for %q of %q is %s, %v; want another key",
				other.event, other.operation, again, err)
		}
	}
	for _, invalid := range []struct{ operation, event string }{
		{operation: operation},
		{event: event},
		{operation: "a\x00b", event: "c"},
	} {
		if key, err := upvest.IdempotencyKeyFor(invalid.operation, invalid.event); err == nil {
			t.Errorf("the key for %q of %q is %s, want an error", invalid.event, invalid.operation, key)
		}
	}
}

// An order whose response was lost is resumed with the key of the error, and placed once.
func TestResumeWithTheKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := map[string]int{} // by idempotency key
		lost := true
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			sent[req.Header.Get("idempotency-key")]++
			if lost {
				return nil, io.ErrUnexpectedEOF
			}
			return success(orderBody)(req)
		})
		err := createOrder(t.Context(), client)
		requireOutcome(t, err, upvest.OutcomeUnknown)
		failure := asError(t, err)
		if failure.IdempotencyKey == uuid.Nil {
			t.Fatalf("the error has no idempotency key: %v", failure)
		}
		lost = false
		order, err := client.Orders.Create(t.Context(), someOrderRequest(),
			upvest.WithIdempotencyKey(failure.IdempotencyKey))
		if err != nil {
			t.Fatal(err)
		}
		if order.ID != someOrder {
			t.Errorf("got the order %s, want %s", order.ID, someOrder)
		}
		if len(sent) != 1 || sent[failure.IdempotencyKey.String()] != 5 {
			t.Errorf("the requests by key are %v, want 5 with the key %s", sent, failure.IdempotencyKey)
		}
	})
}

// Every write whose outcome is unknown is resumed by the same call with Resume.
func TestResume(t *testing.T) {
	for _, operation := range everyOperation() {
		if !operation.isWrite() {
			continue
		}
		t.Run(operation.id, func(t *testing.T) {
			server := scripted(failing(io.ErrUnexpectedEOF), success(operation.success))
			client := newTestClient(t, server.serve, upvest.WithoutRetry())
			_, err := operation.call(t.Context(), client)
			requireOutcome(t, err, upvest.OutcomeUnknown)
			failure := asError(t, err)
			if _, err := operation.call(t.Context(), client, failure.Resume()); err != nil {
				t.Error(err)
			}
			server.requireRequests(t, 2)
			first := server.requests[0].Header.Get("idempotency-key")
			second := server.requests[1].Header.Get("idempotency-key")
			if first != second {
				t.Errorf("the requests carry the keys %q and %q, want the same twice", first, second)
			}
		})
	}
	if (&upvest.Error{}).Resume() == nil {
		t.Error("Resume of an empty error returned nil")
	}
}
