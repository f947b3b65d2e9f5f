package ledger_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

func TestConfigurationIsCreatedOncePerAccount(t *testing.T) {
	w := newWorld(t)
	strategies := []uuid.UUID{nowhere, pension}
	made := w.allocate(funds, "1")
	request := contract.ConfigurationRequest{
		AccountID: savings, AllocationID: made.ID, RebalancingStrategyIDs: &strategies,
	}
	got := must(w.createConfiguration(request))(t)
	want := contract.Configuration{
		AccountID: savings, AllocationID: made.ID, CreatedAt: start, UpdatedAt: start,
		RebalancingStrategyIDs: &strategies,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("created the configuration %+v, want %+v", got, want)
	}
	_, err := w.createConfiguration(request)
	wantRefusal(t, err, 409, "conflict", "account_id:", savings.String())

	request.AccountID = pension
	must(w.createConfiguration(request))(t)
	if got := must(w.retrieveConfiguration(savings))(t); !reflect.DeepEqual(got, want) {
		t.Errorf("retrieved the configuration %+v, want %+v", got, want)
	}
}

func TestConfigurationNeedsAnExistingAccountAndAllocation(t *testing.T) {
	w := newWorld(t)
	made := w.allocate(funds, "1")
	_, err := w.createConfiguration(contract.ConfigurationRequest{AccountID: savings, AllocationID: nowhere})
	wantRefusal(t, err, 404, "not_found", "allocation_id:", nowhere.String())
	_, err = w.createConfiguration(contract.ConfigurationRequest{AllocationID: made.ID})
	wantRefusal(t, err, 404, "not_found", "account_id:", uuid.Nil.String())
	_, err = w.retrieveConfiguration(savings)
	wantRefusal(t, err, 404, "not_found", "account_id:", "no configuration")
	_, err = w.updateConfiguration(savings, contract.ConfigurationUpdate{AllocationID: &made.ID})
	wantRefusal(t, err, 404, "not_found", "account_id:", "no configuration")
}

func TestUpdateConfigurationChangesOnlyTheGivenFields(t *testing.T) {
	w := newWorld(t)
	first := w.allocate(funds, "1").ID
	second := w.allocate(apple, "1").ID
	strategies := []uuid.UUID{nowhere}
	must(w.createConfiguration(contract.ConfigurationRequest{
		AccountID: savings, AllocationID: first, RebalancingStrategyIDs: &strategies,
	}))(t)

	tests := []struct {
		change     contract.ConfigurationUpdate
		allocation uuid.UUID
		strategies []uuid.UUID
	}{
		{
			change: contract.ConfigurationUpdate{AllocationID: &second}, allocation: second,
			strategies: strategies,
		},
		{
			change:     contract.ConfigurationUpdate{RebalancingStrategyIDs: &[]uuid.UUID{}},
			allocation: second, strategies: []uuid.UUID{},
		},
		{
			change: contract.ConfigurationUpdate{
				AllocationID: &first, RebalancingStrategyIDs: &[]uuid.UUID{pension},
			},
			allocation: first, strategies: []uuid.UUID{pension},
		},
	}
	for i, test := range tests {
		w.pass(time.Hour)
		got := must(w.updateConfiguration(savings, test.change))(t)
		want := contract.Configuration{
			AccountID: savings, AllocationID: test.allocation, RebalancingStrategyIDs: &test.strategies,
			CreatedAt: start, UpdatedAt: start.Add(time.Duration(i+1) * time.Hour),
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("change %d returned the configuration %+v, want %+v", i, got, want)
		}
		if kept := must(w.retrieveConfiguration(savings))(t); !reflect.DeepEqual(kept, want) {
			t.Errorf("after change %d, retrieved the configuration %+v, want %+v", i, kept, want)
		}
	}

	w.pass(time.Hour)
	before := must(w.retrieveConfiguration(savings))(t)
	_, err := w.updateConfiguration(savings, contract.ConfigurationUpdate{})
	wantRefusal(t, err, 400, "invalid_request", "allocation_id", "rebalancing_strategy_ids")
	_, err = w.updateConfiguration(savings,
		contract.ConfigurationUpdate{AllocationID: new(nowhere), RebalancingStrategyIDs: &[]uuid.UUID{}})
	wantRefusal(t, err, 404, "not_found", "allocation_id:", nowhere.String())
	if after := must(w.retrieveConfiguration(savings))(t); !reflect.DeepEqual(after, before) {
		t.Errorf("after refused changes, the configuration is %+v, want it unchanged: %+v", after, before)
	}
}
