package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

func TestLedgerWithoutOptionsIsUsable(t *testing.T) {
	w := newWorld(t)
	w.ledger = ledger.New(ledger.Options{})
	w.api = w.ledger
	before := time.Now()
	made := w.allocate(funds, "1")
	if made.CreatedAt.Before(before.Round(0)) || made.CreatedAt.After(time.Now()) ||
		made.CreatedAt.Location() != time.UTC {
		t.Errorf("created_at is %s, want a time during the call, in UTC", made.CreatedAt)
	}
	other := must(w.createAllocation(contract.AllocationRequest{Allocation: made.Allocation}))(t)
	if other.ID == made.ID {
		t.Errorf("two allocations have the same id %s, want different ids", made.ID)
	}
}

func TestRequestWithoutBodyIsRefused(t *testing.T) {
	w := newWorld(t)
	refused := func(response any, err error) {
		t.Helper()
		wantRefusal(t, err, 400, "invalid_request", "body: expected a JSON object")
		if !strings.HasPrefix(err.Error(), "invalid_request: body: ") {
			t.Errorf("the error is %q, want it to begin with \"invalid_request: body: \"", err)
		}
		if response != nil {
			t.Errorf("got the response %v with a refusal, want no response", response)
		}
	}
	ctx := t.Context()
	refused(w.api.CreatePortfoliosAllocation(ctx, contract.CreatePortfoliosAllocationRequestObject{}))
	refused(w.api.UpdatePortfoliosAllocation(ctx, contract.UpdatePortfoliosAllocationRequestObject{}))
	refused(w.api.CreatePortfoliosConfiguration(ctx, contract.CreatePortfoliosConfigurationRequestObject{}))
	refused(w.api.UpdatePortfoliosConfiguration(ctx, contract.UpdatePortfoliosConfigurationRequestObject{}))
	refused(w.api.CreatePortfoliosOrder(ctx, contract.CreatePortfoliosOrderRequestObject{}))
	refused(w.api.CreatePortfoliosLiquidationRequest(ctx,
		contract.CreatePortfoliosLiquidationRequestRequestObject{}))
	refused(w.api.TriggerPortfolioRebalancing(ctx, contract.TriggerPortfolioRebalancingRequestObject{}))
}
