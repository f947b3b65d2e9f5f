// Package validate checks what callers pass to the client, before anything is sent. Rules
// that may depend on the server's version, such as the sum of weights or the values of an
// enum, are left to the server.
package validate

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// ID refuses the zero UUID.
func ID(field string, id uuid.UUID) error {
	if id == uuid.Nil {
		return fmt.Errorf("%s is missing: the zero UUID is not an ID", field)
	}
	return nil
}

// IDs refuses a list that contains the zero UUID.
func IDs(field string, ids []uuid.UUID) error {
	for i, id := range ids {
		if err := ID(fmt.Sprintf("%s[%d]", field, i), id); err != nil {
			return err
		}
	}
	return nil
}

func present[T ~string](field string, value T, example T) error {
	if value == "" {
		return fmt.Errorf("%s is missing: set it, for instance to %s", field, example)
	}
	return nil
}

// Allocation checks the instruments and weights of an allocation.
func Allocation(request portfolios.AllocationRequest) error {
	if len(request.Allocation) == 0 {
		return errors.New("allocation is empty: name at least one instrument")
	}
	seen := make(map[api.InstrumentID]bool, len(request.Allocation))
	var problems []error
	for i, weight := range request.Allocation {
		if err := instrument(weight); err != nil {
			problems = append(problems, fmt.Errorf("allocation[%d].%w", i, err))
		} else if seen[weight.InstrumentID] {
			problems = append(problems, fmt.Errorf(
				"allocation[%d].instrument_id appears twice: give each instrument one weight", i))
		}
		seen[weight.InstrumentID] = true
	}
	return errors.Join(problems...)
}

func instrument(weight portfolios.InstrumentWeight) error {
	switch kind := weight.InstrumentIDType; {
	case kind == "":
		return errors.New("instrument_id_type is missing: " +
			"use ISIN, or UPVEST for Upvest's own identifier")
	case kind == portfolios.InstrumentIDTypeISIN && !weight.InstrumentID.IsISIN():
		return errors.New("instrument_id is not an ISIN: " +
			"use one like US0378331005, or a different instrument_id_type")
	case kind == portfolios.InstrumentIDTypeUPVEST && !weight.InstrumentID.IsUpvestID():
		return errors.New("instrument_id is not a UUID of Upvest: " +
			"use such a UUID, or a different instrument_id_type")
	}
	_, err := api.NewWeight(string(weight.Weight))
	return above0("weight", weight.Weight, err,
		"leave out instruments that the allocation should not contain")
}

// above0 refuses a value that does not have the documented form or is not above 0. The
// parameter malformed is nil, or states how the form differs. The error for a negative
// number states only that the number is negative.
func above0(field string, value api.Decimal, malformed error, fix string) error {
	switch sign, err := value.Sign(); {
	case err == nil && sign < 0:
		return fmt.Errorf("%s is negative: %s", field, fix)
	case malformed != nil:
		return fmt.Errorf("%s is %w", field, malformed)
	case err != nil || sign == 0:
		return fmt.Errorf("%s is not above 0: %s", field, fix)
	}
	return nil
}

// Configuration checks the request for a new configuration.
func Configuration(request portfolios.ConfigurationRequest) error {
	return errors.Join(
		ID("account_id", request.AccountID),
		ID("allocation_id", request.AllocationID),
		IDs("rebalancing_strategy_ids", request.RebalancingStrategyIDs))
}

// ConfigurationUpdate checks a change to a configuration.
func ConfigurationUpdate(update portfolios.ConfigurationUpdate) error {
	if update.AllocationID.IsZero() && update.RebalancingStrategyIDs == nil {
		return errors.New("the update is empty: set allocation_id or rebalancing_strategy_ids")
	}
	return IDs("rebalancing_strategy_ids", update.RebalancingStrategyIDs)
}

// Order checks the request for an order.
func Order(request portfolios.OrderRequest) error {
	problems := []error{
		ID("user_id", request.UserID),
		ID("account_id", request.AccountID),
		present("currency", request.Currency, portfolios.CurrencyEUR),
		present("side", request.Side, portfolios.SideBUY),
	}
	_, err := api.NewAmount(string(request.CashAmount))
	problems = append(problems, above0("cash_amount", request.CashAmount, err,
		"the side of an order determines whether it buys or sells"))
	return errors.Join(problems...)
}

// Rebalancing checks the lists of a rebalancing.
func Rebalancing(request portfolios.RebalancingRequest) error {
	if (len(request.Accounts) == 0) == (len(request.Allocations) == 0) {
		return errors.New("rebalancing: set either accounts or allocations, " +
			"at least one of them and not both")
	}
	return errors.Join(IDs("accounts", request.Accounts), IDs("allocations", request.Allocations))
}
