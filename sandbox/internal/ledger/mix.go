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

// mix is a checked list of instruments and weights. It is immutable, because an order
// keeps the mix with which it was placed.
type mix struct {
	listed      []contract.InstrumentWeight
	instruments []string // in the form of instrumentKey
	weights     []*big.Int
}

// newMix checks the instruments and weights of a request, and returns them as a mix.
//
// Source: "Create portfolios allocation". In the guide, the weights sum to 1. In a later
// document, they sum to 100 percent. Choice: both sums are accepted. Any other sum, an
// empty list, and an instrument that is listed twice are refused with 400.
func newMix(listed []contract.InstrumentWeight) (*mix, error) {
	if len(listed) == 0 {
		return nil, invalid("allocation", "expected at least one instrument")
	}
	m := &mix{listed: slices.Clone(listed)}
	seen := make(map[string]bool, len(listed))
	for i, item := range listed {
		field := fmt.Sprintf("allocation[%d]", i)
		key, err := readInstrument(field, item)
		if err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, invalid(field+".instrument_id", "expected every instrument once, %s is listed twice",
				key)
		}
		seen[key] = true
		weight, err := readWeight(field, item)
		if err != nil {
			return nil, err
		}
		m.instruments = append(m.instruments, key)
		m.weights = append(m.weights, weight)
	}
	if err := m.checkSum(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *mix) checkSum() error {
	total := sum(m.weights)
	if total.Cmp(scaled("1", weightDecimals)) == 0 || total.Cmp(scaled("100", weightDecimals)) == 0 {
		return nil
	}
	texts := make([]api.Decimal, len(m.listed))
	for i, item := range m.listed {
		texts[i] = api.Decimal(item.Weight)
	}
	text, err := api.Sum(texts...)
	if err != nil {
		return invalid("allocation", "the weights cannot be summed: %v", err)
	}
	return invalid("allocation", "expected weights that sum to exactly 1 (or 100), these sum to %s", text)
}

// readWeight returns a weight in units of 10^-5.
func readWeight(field string, item contract.InstrumentWeight) (*big.Int, error) {
	if _, err := api.NewWeight(item.Weight); err != nil {
		return nil, invalid(field+".weight", "%v", err)
	}
	weight := scaled(item.Weight, weightDecimals)
	if weight.Sign() == 0 {
		return nil, invalid(field+".weight", "expected a weight above 0, got %s", item.Weight)
	}
	return weight, nil
}

// readInstrument returns the key of the instrument. It refuses an instrument that does
// not match its instrument_id_type.
func readInstrument(field string, item contract.InstrumentWeight) (string, error) {
	text, err := item.InstrumentID.AsInstrumentWeightInstrumentID0()
	if err != nil {
		return "", invalid(field+".instrument_id", "expected a string")
	}
	id := api.InstrumentID(text)
	switch item.InstrumentIDType {
	case contract.InstrumentIDTypeISIN:
		if !id.IsISIN() {
			return "", invalid(field+".instrument_id",
				"expected an ISIN such as US0378331005, because instrument_id_type is ISIN")
		}
	case contract.InstrumentIDTypeUPVEST:
		if !id.IsUpvestID() {
			return "", invalid(field+".instrument_id",
				"expected a UUID of version 0 to 5, because instrument_id_type is UPVEST")
		}
	default:
		return "", invalid(field+".instrument_id_type", "expected ISIN or UPVEST")
	}
	return instrumentKey(id), nil
}

// instrumentKey returns an instrument id in upper case and without dashes, so that all
// spellings of the id become the same string.
func instrumentKey(id api.InstrumentID) string {
	return strings.ToUpper(strings.ReplaceAll(string(id), "-", ""))
}
