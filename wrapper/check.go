package wrapper

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// The checks below find what no server would accept, before anything is sent. What may be a matter of the server's version, such as
// the sum of weights or an unknown enum value, is left to the server.

func checkID(field string, id uuid.UUID) error {
	if id == uuid.Nil {
		return fmt.Errorf("%s is missing: the zero UUID names nothing", field)
	}
	return nil
}

func checkIDs(field string, ids []uuid.UUID) error {
	for i, id := range ids {
		if err := checkID(fmt.Sprintf("%s[%d]", field, i), id); err != nil {
			return err
		}
	}
	return nil
}

func checkPresent[T ~string](field string, value T, example T) error {
	if value == "" {
		return fmt.Errorf("%s is missing: set it, for instance to %s", field, example)
	}
	return nil
}

func checkAllocation(request portfolios.AllocationRequest) error {
	if len(request.Allocation) == 0 {
		return errors.New("allocation is empty: name at least one instrument")
	}
	seen := make(map[api.InstrumentID]bool, len(request.Allocation))
	var problems []error
	for i, instrument := range request.Allocation {
		if err := checkInstrument(instrument); err != nil {
			problems = append(problems, fmt.Errorf("allocation[%d].%w", i, err))
		} else if seen[instrument.InstrumentID] {
			problems = append(problems, fmt.Errorf("allocation[%d].instrument_id is there twice: give each instrument one weight", i))
		}
		seen[instrument.InstrumentID] = true
	}
	return errors.Join(problems...)
}

func checkInstrument(instrument portfolios.InstrumentWeight) error {
	switch kind := instrument.InstrumentIDType; {
	case kind == "":
		return errors.New("instrument_id_type is missing: say whether instrument_id is an ISIN or UPVEST's own")
	case kind == portfolios.InstrumentIDTypeISIN && !instrument.InstrumentID.IsISIN():
		return errors.New("instrument_id is not an ISIN: expected one like US0378331005, or another instrument_id_type")
	case kind == portfolios.InstrumentIDTypeUPVEST && !instrument.InstrumentID.IsUpvestID():
		return errors.New("instrument_id is not a UUID of Upvest: expected one, or another instrument_id_type")
	}
	if _, err := api.NewWeight(string(instrument.Weight)); err != nil {
		return fmt.Errorf("weight is %w", err)
	}
	if sign, err := instrument.Weight.Cmp("0"); err != nil || sign <= 0 {
		return errors.New("weight is not above 0: leave out what the allocation is not to hold")
	}
	return nil
}

func checkConfiguration(request portfolios.ConfigurationRequest) error {
	return errors.Join(
		checkID("account_id", request.AccountID),
		checkID("allocation_id", request.AllocationID),
		checkIDs("rebalancing_strategy_ids", request.RebalancingStrategyIDs))
}

func checkConfigurationUpdate(update portfolios.ConfigurationUpdate) error {
	if update.AllocationID.IsZero() && update.RebalancingStrategyIDs == nil {
		return errors.New("the update is empty: set allocation_id or rebalancing_strategy_ids")
	}
	return checkIDs("rebalancing_strategy_ids", update.RebalancingStrategyIDs)
}

func checkOrder(request portfolios.OrderRequest) error {
	problems := []error{
		checkID("user_id", request.UserID),
		checkID("account_id", request.AccountID),
		checkPresent("currency", request.Currency, portfolios.CurrencyEUR),
		checkPresent("side", request.Side, portfolios.SideBUY),
	}
	if _, err := api.NewAmount(string(request.CashAmount)); err != nil {
		problems = append(problems, fmt.Errorf("cash_amount is %w", err))
	} else if sign, err := request.CashAmount.Cmp("0"); err != nil || sign <= 0 {
		problems = append(problems, errors.New("cash_amount is not above 0"))
	}
	return errors.Join(problems...)
}

func checkRebalancing(request portfolios.RebalancingRequest) error {
	if (len(request.Accounts) == 0) == (len(request.Allocations) == 0) {
		return errors.New("rebalancing: name either accounts or allocations, at least one of them and not both")
	}
	return errors.Join(checkIDs("accounts", request.Accounts), checkIDs("allocations", request.Allocations))
}
