package ledger

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

// UpvestOrder is an order that Upvest places in an account without a request from the
// client.
type UpvestOrder struct {
	ClientID       uuid.UUID
	AccountID      uuid.UUID
	Side           string
	CashAmount     api.Decimal
	InitiationFlow string
}

// PlaceOrder places an order as if Upvest had placed it. It records no effect, because no
// request caused the order.
//
// Choice: if Options.Accounts is set, the order names the account's owner as its user.
// Otherwise, it names no user.
func (l *Ledger) PlaceOrder(o UpvestOrder) (uuid.UUID, error) {
	flows := []later.InitiationFlow{
		later.InitiationFlowAPI, later.InitiationFlowAUTOINVESTMENT, later.InitiationFlowSAVINGSPLAN,
	}
	flow := later.InitiationFlow(o.InitiationFlow)
	if !slices.Contains(flows, flow) {
		return uuid.Nil, fmt.Errorf("initiation_flow: expected one of %s, not %q", flows, flow)
	}
	placed, err := readOrder(&contract.OrderRequest{
		CashAmount: string(o.CashAmount), Currency: contract.CurrencyEUR, Side: contract.Side(o.Side),
	})
	if err != nil {
		return uuid.Nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c, now := l.enter(WithCall(context.Background(), &Call{ClientID: o.ClientID}))
	found, err := c.configuration(o.AccountID)
	if err != nil {
		return uuid.Nil, err
	}
	placed.follow(found)
	placed.extras().flow = flow
	if l.options.Accounts != nil {
		placed.userID, _ = l.options.Accounts(o.AccountID)
	}
	l.place(c, now, placed)
	return placed.id, nil
}

// CancelOrder cancels an order that is NEW or PROCESSING, as if Upvest had cancelled it.
// CancelOrder records no effect, because no request caused the cancellation.
func (l *Ledger) CancelOrder(orderID uuid.UUID, reason string) error {
	reasons := []later.CancellationReason{
		later.CancellationReasonACCOUNTISEMPTY, later.CancellationReasonCANCELLEDBYCLIENT,
		later.CancellationReasonCANCELLEDBYUPVEST, later.CancellationReasonPORTFOLIOISBALANCED,
		later.CancellationReasonSELLLIMITEXCEEDED,
	}
	if !slices.Contains(reasons, later.CancellationReason(reason)) {
		return fmt.Errorf("reason: expected one of %s, not %q", reasons, reason)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.clients {
		o := c.orders.get(orderID)
		if o == nil {
			continue
		}
		now := l.now()
		l.advance(o.account, now)
		if o.status != contract.OrderStatusNEW && o.status != contract.OrderStatusPROCESSING {
			return conflict("order_id",
				"the order is %s; expected an order that is NEW or PROCESSING", o.status)
		}
		o.cancel(now, later.CancellationReason(reason))
		return nil
	}
	return notFound("order_id", "there is no order %s", orderID)
}

// laterJSON is an order as later versions of the API show it.
type laterJSON struct {
	contract.Order
	later.OrderFields
}

// showLater returns the order as later versions of the API show it.
func (o *order) showLater() laterJSON {
	shown := laterJSON{Order: o.show()}
	shown.InitiationFlow = later.InitiationFlowAPI
	if o.extra != nil {
		if o.extra.flow != "" {
			shown.InitiationFlow = o.extra.flow
		}
		if reason := o.extra.reason; reason != "" {
			shown.CancellationReason = &reason
		}
	}
	return shown
}

// laterOrder is a response with one order, in the form in which later versions of the API
// show it.
type laterOrder struct{ body laterJSON }

func (r laterOrder) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	return writeJSON(w, "", r.body, "\n")
}

// VisitCreatePortfoliosOrderResponse implements
// [contract.CreatePortfoliosOrderResponseObject].
func (r laterOrder) VisitCreatePortfoliosOrderResponse(w http.ResponseWriter) error {
	return r.write(w)
}

// VisitRetrievePortfoliosOrderResponse implements
// [contract.RetrievePortfoliosOrderResponseObject].
func (r laterOrder) VisitRetrievePortfoliosOrderResponse(w http.ResponseWriter) error {
	return r.write(w)
}
