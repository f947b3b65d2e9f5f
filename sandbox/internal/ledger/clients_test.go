package ledger_test

import (
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

func TestClientsCannotAccessEachOthersResources(t *testing.T) {
	w := newWorld(t)
	allocationID := w.follow(savings, funds, "1")
	w.hold(savings, "100")
	placed := w.buy(savings, "1").ID
	executed := must(w.rebalance(accounts(savings)))(t)

	w.client = nowhere
	_, err := w.retrieveAllocation(allocationID)
	wantRefusal(t, err, 404, "not_found")
	_, err = w.updateAllocation(allocationID, w.mixOf(apple, "1"))
	wantRefusal(t, err, 404, "not_found")
	_, err = w.createConfiguration(contract.ConfigurationRequest{
		AccountID: savings, AllocationID: allocationID,
	})
	wantRefusal(t, err, 404, "not_found")
	_, err = w.retrieveConfiguration(savings)
	wantRefusal(t, err, 404, "not_found")
	_, err = w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &allocationID})
	wantRefusal(t, err, 404, "not_found")
	_, err = w.retrieveOrder(placed)
	wantRefusal(t, err, 404, "not_found")
	wantRefusal(t, w.cancelOrder(placed), 404, "not_found")
	_, err = w.createOrder(orderOf(savings, contract.SideBUY, "1"))
	wantRefusal(t, err, 422, "unprocessable_entity")
	_, err = w.rebalance(accounts(savings))
	wantRefusal(t, err, 422, "unprocessable_entity")
	_, err = w.rebalance(`{"allocations":["` + allocationID.String() + `"]}`)
	wantRefusal(t, err, 404, "not_found")
	_, err = w.retrieveExecution(executed)
	wantRefusal(t, err, 404, "not_found")
	allocations := must(w.listAllocations(contract.ListPortfoliosAllocationsParams{}))(t)
	if allocations.Meta.TotalCount != 0 || allocations.Data == nil {
		t.Errorf("the second client got the allocations %+v, want an empty list, not null", allocations)
	}
	configurations := must(w.listConfigurations(contract.ListPortfoliosConfigurationsParams{}))(t)
	if configurations.Meta.TotalCount != 0 {
		t.Errorf("the second client got the configurations %+v, want an empty list", configurations)
	}
	orders := must(w.listOrders(contract.ListPortfoliosOrdersParams{AccountID: &savings}))(t)
	if orders.Meta.TotalCount != 0 {
		t.Errorf("the second client got the orders %+v, want an empty list", orders)
	}
	w.wantValue(savings, "0")
	w.follow(savings, apple, "1")

	w.client = clientID
	w.wantValue(savings, "100")
	must(w.retrieveOrder(placed))(t)
}
