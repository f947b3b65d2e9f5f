package exchange

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// actOrFail carries out a request that has passed all checks. If a fault applies to the
// request, the fault can prevent the request from being carried out, and can change the
// response.
func (h *Handler) actOrFail(x *exchange) *response.Response {
	if !h.pause(x.request.Context(), x.world.Latency.Of(x.route.Operation)) {
		return &response.Response{}
	}
	f := x.world.Faults.Apply(fault.Target{
		Route: x.route, ClientID: x.client.ID, Accounts: x.targets,
	})
	if f == nil {
		return h.act(x)
	}
	x.fault = f
	var given *response.Response
	if f.After {
		given = h.act(x)
	}
	if !h.pause(x.request.Context(), f.Delay) || f.Reset {
		return &response.Response{}
	}
	switch {
	case f.ReplacesEffect():
		given = &response.Response{Status: http.StatusOK, Header: http.Header{}}
	case !f.After:
		given = h.act(x)
	}
	return f.Spoil(given, x.requestID)
}

// targets returns the accounts that a request names, and the accounts of the order or
// rebalancing whose id is in the request's path.
func (x *exchange) targets() []uuid.UUID {
	accounts := x.named()
	for _, text := range x.pathValues {
		if id, err := strict.UUID(text); err == nil {
			accounts = append(accounts, x.world.Ledger.AccountsOf(x.client.ID, id)...)
		}
	}
	return accounts
}

// pause waits for the given time and reports true. If the request is cancelled or the
// sandbox stops before that, pause returns early and reports false.
func (h *Handler) pause(ctx context.Context, d time.Duration) bool {
	if d == 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	case <-h.Stopping:
		return false
	}
}

// act carries out a request. If the operation takes an idempotency key, and the same
// request has already succeeded with the same key in the last 24 hours, act returns the
// response to that earlier request instead.
func (h *Handler) act(x *exchange) *response.Response {
	var given *response.Response
	var problem *response.Problem
	switch {
	case x.route.IsToken():
		given, problem = h.Tokens.Grant(x.client.Client, x.body, h.Now())
	case x.route.TakesIdempotencyKey():
		key := replays.Key{Client: x.client.ID, ID: x.idempotencyKey}
		same := replays.FingerprintOf(x.request.Method, x.request.URL.RequestURI(), string(x.body))
		given, x.replayed, problem = x.world.Replays.Once(x.request.Context(), key, same, x.time,
			x.callLedger)
	default:
		given, problem = x.callLedger()
	}
	if problem != nil {
		return h.refuse(x, problem)
	}
	return given
}

// callLedger lets the ledger carry out the operation.
func (x *exchange) callLedger() (*response.Response, *response.Problem) {
	x.call.ClientID = x.client.ID
	x.call.RequestID = x.requestID
	x.call.Operation = x.route.Operation
	request := x.request.WithContext(ledger.WithCall(x.request.Context(), &x.call))
	body, err := x.described().Documented()
	if err != nil {
		return nil, response.Refuse(http.StatusInternalServerError,
			"the sandbox failed to read a body that it had checked: %s", err)
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	for name, value := range x.pathValues {
		request.SetPathValue(name, value)
	}
	// A client can send each of these headers on several lines, but the generated code
	// accepts only one line.
	for _, name := range []string{"Signature", "Signature-Input"} {
		request.Header.Set(name, strings.Join(request.Header.Values(name), ", "))
	}
	// A response that is changed by a fault or compared with openapi.yaml is not
	// streamed, because the handler needs its whole body.
	mayStream := x.fault == nil && !x.checked
	return x.world.Call(x.route.Pattern(), request, mayStream)
}
