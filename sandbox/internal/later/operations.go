package later

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

// Operations returns the handlers by pattern. Requests have been held against the contract before; fail says what the ledger refuses.
func Operations(l *ledger.Ledger, fail func(http.ResponseWriter, *http.Request, error)) map[string]http.HandlerFunc {
	answer := func(status int, do func(request) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			body, err := do(request{r})
			if err != nil {
				fail(w, r, err)
				return
			}
			if body == nil {
				w.WriteHeader(status)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_ = json.NewEncoder(w).Encode(body) // into memory
		}
	}
	const liquidations = " /accounts/{account_id}/liquidations"
	return map[string]http.HandlerFunc{
		"POST" + liquidations: answer(http.StatusAccepted, func(r request) (any, error) {
			var body struct {
				UserID uuid.UUID `json:"user_id"`
			}
			if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
				return nil, err
			}
			return l.CreateAccountLiquidation(r.Context(), r.id("account_id"), body.UserID)
		}),
		"GET" + liquidations: answer(http.StatusOK, func(r request) (any, error) {
			rows, meta, err := l.AccountLiquidations(r.Context(), r.id("account_id"), r.number("offset"), r.number("limit"))
			return page[ledger.AccountLiquidation]{rows, meta}, err
		}),
		"GET" + liquidations + "/{liquidation_id}": answer(http.StatusOK, func(r request) (any, error) {
			return l.AccountLiquidation(r.Context(), r.id("account_id"), r.id("liquidation_id"))
		}),
		"DELETE" + liquidations + "/{liquidation_id}": answer(http.StatusNoContent, func(r request) (any, error) {
			return nil, l.CancelAccountLiquidation(r.Context(), r.id("account_id"), r.id("liquidation_id"))
		}),
		"DELETE /portfolios/configurations/{account_id}": answer(http.StatusNoContent, func(r request) (any, error) {
			return nil, l.DeleteConfiguration(r.Context(), r.id("account_id"))
		}),
		"GET /portfolios/rebalancings/executions/{execution_id}/orders": answer(http.StatusOK, func(r request) (any, error) {
			rows, meta, err := l.ExecutionOrders(r.Context(), r.id("execution_id"), r.number("offset"), r.number("limit"))
			return page[ledger.ExecutionOrder]{rows, meta}, err
		}),
	}
}

type page[Row any] struct {
	Data []Row         `json:"data"`
	Meta contract.Meta `json:"meta"`
}

// request is one whose parameters are known to be as the contract says.
type request struct{ *http.Request }

func (r request) id(name string) uuid.UUID {
	id, _ := uuid.Parse(r.PathValue(name))
	return id
}

// number is nil for a parameter that is not there.
func (r request) number(name string) *int32 {
	value, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 32)
	if err != nil {
		return nil
	}
	number := int32(value)
	return &number
}
