package ledger

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// weightDecimals is the number of fraction digits that a weight can have.
const weightDecimals = 5

// mix is a checked list of instruments and weights. It never changes: an order keeps the one it was placed with.
type mix struct {
	listed      []contract.InstrumentWeight
	instruments []string // in the form of instrumentKey
	weights     []*big.Int
}

// newMix checks the instruments and weights of a request.
//
// Source: "Create portfolios allocation". The guide has weights that sum to 1, a later text to 100 per cent.
// Choice: both are accepted; anything else, an empty list and an instrument named twice are 400.
func newMix(listed []contract.InstrumentWeight) (*mix, error) {
	if len(listed) == 0 {
		return nil, invalid("allocation", "expected at least one instrument")
	}
	m := &mix{listed: slices.Clone(listed)}
	texts := make([]api.Decimal, len(listed))
	seen := make(map[string]bool, len(listed))
	for i, item := range listed {
		field := fmt.Sprintf("allocation[%d]", i)
		key, err := readInstrument(field, item)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, invalid(field+".instrument_id", "expected every instrument once, %s is listed twice", key)
		}
		seen[key] = true
		weight, err := api.NewWeight(item.Weight)
		if err != nil {
			return nil, invalid(field+".weight", "%v", err)
		}
		units := scaled(item.Weight, weightDecimals)
		if units.Sign() == 0 {
			return nil, invalid(field+".weight", "expected a weight above 0, got %s", item.Weight)
		}
		m.instruments, m.weights, texts[i] = append(m.instruments, key), append(m.weights, units), weight
	}
	if total := sum(m.weights); total.Cmp(scaled("1", weightDecimals)) != 0 && total.Cmp(scaled("100", weightDecimals)) != 0 {
		text, err := api.Sum(texts...)
		if err != nil {
			return nil, invalid("allocation", "the weights cannot be summed: %v", err)
		}
		return nil, invalid("allocation", "expected weights that sum to exactly 1 (or 100), these sum to %s", text)
	}
	return m, nil
}

// readInstrument returns the key of the instrument, or refuses one that is not what its instrument_id_type says.
func readInstrument(field string, item contract.InstrumentWeight) (string, error) {
	text, err := item.InstrumentID.AsInstrumentWeightInstrumentID0()
	if err != nil {
		return "", invalid(field+".instrument_id", "expected a string")
	}
	id := api.InstrumentID(text)
	switch item.InstrumentIDType {
	case contract.InstrumentIDTypeISIN:
		if !id.IsISIN() {
			return "", invalid(field+".instrument_id", "expected an ISIN such as US0378331005, because instrument_id_type is ISIN")
		}
	case contract.InstrumentIDTypeUPVEST:
		if !id.IsUpvestID() {
			return "", invalid(field+".instrument_id", "expected a UUID of version 0 to 5, because instrument_id_type is UPVEST")
		}
	default:
		return "", invalid(field+".instrument_id_type", "expected ISIN or UPVEST")
	}
	return instrumentKey(id), nil
}

// instrumentKey is one text for all spellings of an instrument: upper case, no dashes.
func instrumentKey(id api.InstrumentID) string {
	return strings.ToUpper(strings.ReplaceAll(string(id), "-", ""))
}
