package histories_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// defect is a deliberate fault in a caller or in the server. The model must refuse at
// least one of the histories that the fault produces.
type defect struct {
	name    string
	resume  func(failure *upvest.Error) []upvest.CallOption
	cancels func(w *world, account int, order uuid.UUID) uuid.UUID
	wrap    func(w *world, server http.RoundTripper) http.RoundTripper
}

// repeat returns the options with which a caller repeats a call.
func (d defect) repeat(failure *upvest.Error) []upvest.CallOption {
	if d.resume == nil {
		return []upvest.CallOption{failure.Resume()}
	}
	return d.resume(failure)
}

// target returns the order that a caller cancels.
func (d defect) target(w *world, account int, order uuid.UUID) uuid.UUID {
	if d.cancels == nil {
		return order
	}
	return d.cancels(w, account, order)
}

var defects = []defect{
	{
		name: "a caller repeats an order with a new key",
		resume: func(failure *upvest.Error) []upvest.CallOption {
			return repeatWith(uuid.New(), failure)
		},
	},
	{
		name: "the server forgets a key before the caller repeats the order",
		resume: func(failure *upvest.Error) []upvest.CallOption {
			time.Sleep(25 * time.Hour) // the server forgets a key after 24 hours
			return repeatWith(failure.IdempotencyKey, failure)
		},
	},
	{name: "the response to a new order has the id of a different account's order", wrap: returnOtherOrder},
	{name: "the server refuses an order that took effect", wrap: refuseAfterEffect},
	{
		name: "a repeated call that is never sent hides the unknown outcome",
		resume: func(failure *upvest.Error) []upvest.CallOption {
			// The repeated call does not resume the first call, and times out before the
			// client sends a request.
			ended := upvest.WithTimeout(time.Nanosecond)
			if failure.IdempotencyKey == uuid.Nil {
				return []upvest.CallOption{ended}
			}
			return []upvest.CallOption{ended, upvest.WithIdempotencyKey(failure.IdempotencyKey)}
		},
	},
	{
		name: "a caller cancels the order of a different account",
		cancels: func(w *world, account int, order uuid.UUID) uuid.UUID {
			w.mu.Lock()
			defer w.mu.Unlock()
			if other := w.orders[(account+1)%accounts]; other != uuid.Nil {
				return other
			}
			return order
		},
	},
}

// repeatWith returns the option that repeats a failed call with the given key. A
// cancellation has no key, so its option resumes the failed cancellation instead.
func repeatWith(key uuid.UUID, failure *upvest.Error) []upvest.CallOption {
	if failure.IdempotencyKey == uuid.Nil {
		return []upvest.CallOption{failure.Resume()}
	}
	return []upvest.CallOption{upvest.WithIdempotencyKey(key)}
}

// transport is a function that implements [http.RoundTripper].
type transport func(*http.Request) (*http.Response, error)

// RoundTrip implements [http.RoundTripper].
func (t transport) RoundTrip(request *http.Request) (*http.Response, error) { return t(request) }

func isCreation(request *http.Request) bool {
	return request.Method == http.MethodPost && strings.HasSuffix(request.URL.Path, "/portfolios/orders")
}

// returnOtherOrder replaces the id in the response to a new order with the id of a
// different account's order.
func returnOtherOrder(w *world, server http.RoundTripper) http.RoundTripper {
	return transport(func(request *http.Request) (*http.Response, error) {
		response, err := server.RoundTrip(request)
		if err != nil || !isCreation(request) || response.StatusCode != http.StatusOK {
			return response, err
		}
		body, err := io.ReadAll(response.Body)
		if err != nil {
			return nil, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for i, order := range w.orders {
			isOther := !bytes.Contains(body, []byte(w.accounts[i].String()))
			_, id, found := bytes.Cut(body, []byte(`"id":"`))
			if order != uuid.Nil && isOther && found {
				copy(id, order.String())
			}
		}
		response.Body = io.NopCloser(bytes.NewReader(body))
		return response, nil
	})
}

// refuseAfterEffect replaces the response to each new order with a refusal.
func refuseAfterEffect(_ *world, server http.RoundTripper) http.RoundTripper {
	return transport(func(request *http.Request) (*http.Response, error) {
		response, err := server.RoundTrip(request)
		if err != nil || !isCreation(request) || response.StatusCode != http.StatusOK {
			return response, err
		}
		const problem = `{"type": "about:blank", "title": "Bad Request", "status": 400}`
		response.StatusCode = http.StatusBadRequest
		response.Header.Set("Content-Type", "application/problem+json")
		response.Body = io.NopCloser(strings.NewReader(problem))
		response.ContentLength = int64(len(problem))
		response.Header.Del("Content-Length")
		return response, nil
	})
}
