package control

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// postOrder places an order as if Upvest placed it, and responds with the id of the
// order.
func (e *Endpoint) postOrder(w http.ResponseWriter, r *http.Request) {
	var in struct {
		ClientID       string      `json:"client_id"`
		AccountID      string      `json:"account_id"`
		Side           string      `json:"side"`
		CashAmount     api.Decimal `json:"cash_amount"`
		InitiationFlow string      `json:"initiation_flow"`
	}
	if !e.readJSON(w, r, &in) {
		return
	}
	client, err := readID("client_id", in.ClientID)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	account, err := strict.UUID(in.AccountID)
	if err != nil {
		refuse(w, http.StatusBadRequest, fieldError("account_id", "a UUID", in.AccountID))
		return
	}
	id, err := e.PlaceOrder(ledger.UpvestOrder{
		ClientID:       client,
		AccountID:      account,
		Side:           in.Side,
		CashAmount:     in.CashAmount,
		InitiationFlow: in.InitiationFlow,
	})
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	writeJSON(w, map[string]uuid.UUID{"id": id})
}

// postCancellation cancels an order as if Upvest cancelled it.
func (e *Endpoint) postCancellation(w http.ResponseWriter, r *http.Request) {
	var in struct {
		OrderID string `json:"order_id"`
		Reason  string `json:"reason"`
	}
	if !e.readJSON(w, r, &in) {
		return
	}
	id, err := strict.UUID(in.OrderID)
	if err != nil {
		refuse(w, http.StatusBadRequest, fieldError("order_id", "a UUID", in.OrderID))
		return
	}
	if err := e.CancelOrder(id, in.Reason); err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
