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

// keyPattern is the documented pattern of an idempotency key.
var keyPattern = regexp.MustCompile(
	`^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-5][0-9a-fA-F]{3}-?[089abAB][0-9a-fA-F]{3}-?[0-9a-fA-F]{12}$`)

// The client accepts a key only if its version and variant match the documented pattern.
// It also refuses the zero UUID, although that matches the pattern.
func TestIdempotencyKeysMustMatchTheDocumentedPattern(t *testing.T) {
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
				t.Errorf("the key %s matches the documented pattern, but the call returned the error %v",
					key, err)
				continue
			}
			if sent := server.requests[0].Header.Get("idempotency-key"); sent != text {
				t.Errorf("the idempotency key %s was sent, want %s", sent, text)
			}
		}
	}
}

func TestRefusedIdempotencyKeysAreExplained(t *testing.T) {
	client := newTestClient(t, nil)
	version7 := uuid.MustParse("019b0000-0000-7000-8000-000000000000")
	err := createOrder(t.Context(), client, upvest.WithIdempotencyKey(version7))
	requireText(t, err, "version 7", "IdempotencyKeyFor")
	err = createOrder(t.Context(), client, upvest.WithIdempotencyKey(uuid.Nil))
	requireText(t, err, "the zero UUID")
}

func TestOnlyPostAndPatchAcceptAnIdempotencyKey(t *testing.T) {
	key := uuid.MustParse("12345678-1234-4234-8234-123456789abc")
	for _, operation := range everyOperation() {
		client := newTestClient(t, success(operation.success))
		_, err := operation.call(t.Context(), client, upvest.WithIdempotencyKey(key))
		if isAccepted := err == nil; isAccepted != operation.isKeyed() {
			t.Errorf("%s (%s) with an idempotency key: got the error %v, want success: %t",
				operation.id, operation.method, err, operation.isKeyed())
		}
	}
}

// The derived key must never change, because callers may repeat a call with the key that
// an older version of this client derived.
func TestIdempotencyKeyForNeverChanges(t *testing.T) {
	const (
		operation = "create_portfolios_order"
		event     = "savings-plan-4711/2026-01"
	)
	key, err := upvest.IdempotencyKeyFor(operation, event)
	if err != nil {
		t.Fatal(err)
	}
	// An independent implementation computed this key.
	const want = "16045650-d389-5c59-a80a-5b0311a86807"
	if key.String() != want {
		t.Errorf("the key is %s, want %s", key, want)
	}
	if key.Version() != 5 || !keyPattern.MatchString(key.String()) {
		t.Errorf("the key %s has version %d, want version 5 and the documented pattern", key, key.Version())
	}
	for _, other := range []struct{ operation, event string }{
		{operation: operation, event: "savings-plan-4711/2026-02"},
		{operation: "trigger_portfolio_rebalancing", event: event},
	} {
		again, err := upvest.IdempotencyKeyFor(other.operation, other.event)
		if err != nil || again == key {
			t.Errorf("the key for the event %q of the operation %q is %s (error: %v), want a different key",
				other.event, other.operation, again, err)
		}
	}
	for _, invalid := range []struct{ operation, event string }{
		{operation: operation},
		{event: event},
		{operation: "a\x00b", event: "c"},
	} {
		if key, err := upvest.IdempotencyKeyFor(invalid.operation, invalid.event); err == nil {
			t.Errorf("the key for the event %q of the operation %q is %s, want an error",
				invalid.event, invalid.operation, key)
		}
	}
}

// If the response to an order was lost, the caller can repeat the order with the key from
// the error. All requests carry this key, so the server can recognize them.
func TestOrderIsResumedWithTheKeyFromItsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := map[string]int{} // the number of requests by idempotency key
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
			t.Errorf("the numbers of requests by key are %v, want 5 requests, all with the key %s",
				sent, failure.IdempotencyKey)
		}
	})
}

// After an unknown outcome, callers can repeat every write with the same call and the
// option Resume. If the write has an idempotency key, the repeated call carries that key.
func TestResumeRepeatsEveryWriteWithItsKey(t *testing.T) {
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
				t.Errorf("the requests carry the keys %q and %q, want the same key", first, second)
			}
		})
	}
	if (&upvest.Error{}).Resume() == nil {
		t.Error("Resume of an empty error returned nil, want an option")
	}
}
