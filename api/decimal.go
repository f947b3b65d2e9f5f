package api

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// Decimal is a decimal number kept as exact text, such as "100.00" or "0.7": an amount of
// cash or a weight. It never loses a digit or a trailing zero. The operator == compares
// the text ("1.0" differs from "1.00"); [Decimal.Cmp] compares the number.
//
// encoding/json writes a Decimal as a string, and refuses to read a JSON number into it.
// The client of package wrapper keeps the text that the server wrote, and also accepts a
// JSON number without an exponent.
//
// Source: schemas of cash_amount (create_portfolios_order) and weight
// (create_portfolios_allocation).
type Decimal string

var (
	amountPattern = regexp.MustCompile(`^[0-9]{0,63}(\.[0-9]{1,27})?$`)
	weightPattern = regexp.MustCompile(`^(100|[0-9]{1,2}(\.[0-9]{1,5})?)$`)
	// numberPattern accepts more than the API documents, so that callers can also compute
	// with numbers such as "-1" and "3.", which a server may send. The limits on the
	// number of digits ensure that parsing a long number takes less than a millisecond.
	numberPattern = regexp.MustCompile(`^-?([0-9]{1,200}(\.[0-9]{0,200})?|\.[0-9]{1,200})$`)
)

// NewAmount returns an amount of cash, in the currency of its order, as a Decimal: at
// most 63 digits, and at most 27 more after a point. It accepts no sign, exponent, space
// or thousands separator.
func NewAmount(text string) (Decimal, error) {
	if text == "" || !amountPattern.MatchString(text) {
		return "", errors.New(
			"not an amount: expected at most 63 digits and at most 27 decimals after a point, as in 100.00")
	}
	return Decimal(text), nil
}

// NewWeight returns the weight of an instrument in an allocation as a Decimal: 100, or
// one or two digits and at most five decimals. The weights of an allocation are fractions
// that sum to 1, as in "0.7" and "0.3".
func NewWeight(text string) (Decimal, error) {
	if !weightPattern.MatchString(text) {
		return "", errors.New("not a weight: expected 100, or one or two digits " +
			"and at most five decimals after a point, as in 0.7")
	}
	return Decimal(text), nil
}

var errNotNumber = errors.New("not a decimal number")

// Rat returns the exact number. It fails for text that is not a plain decimal number, or
// that has more than 200 digits before or after the point. A server may send such text,
// and a conversion such as Decimal("1e3") creates it.
func (d Decimal) Rat() (*big.Rat, error) {
	if !numberPattern.MatchString(string(d)) {
		return nil, errNotNumber
	}
	number, ok := new(big.Rat).SetString(string(d))
	if !ok {
		return nil, errNotNumber
	}
	return number, nil
}

// Cmp compares two numbers exactly: it returns -1 if d is less than other, 0 if the
// numbers are equal (as "1.0" and "1.00" are), and 1 if d is greater than other.
func (d Decimal) Cmp(other Decimal) (int, error) {
	a, err := d.Rat()
	if err != nil {
		return 0, fmt.Errorf("compare decimals: left side: %w", err)
	}
	b, err := other.Rat()
	if err != nil {
		return 0, fmt.Errorf("compare decimals: right side: %w", err)
	}
	return a.Cmp(b), nil
}

// Sign returns -1, 0 or 1 for a number below, at or above 0. It fails if [Decimal.Rat]
// fails.
func (d Decimal) Sign() (int, error) {
	switch text := string(d); {
	case !numberPattern.MatchString(text):
		return 0, errNotNumber
	case !strings.ContainsAny(text, "123456789"):
		return 0, nil
	case text[0] == '-':
		return -1, nil
	}
	return 1, nil
}

// Sum adds decimals exactly. The result has as many decimals as the value with the most
// decimals; the sum of no values is "0".
func Sum(values ...Decimal) (Decimal, error) {
	total := new(big.Rat)
	decimals := 0
	for i, value := range values {
		number, err := value.Rat()
		if err != nil {
			return "", fmt.Errorf("sum decimals: value %d: %w", i, err)
		}
		total.Add(total, number)
		if _, fraction, found := strings.Cut(string(value), "."); found {
			decimals = max(decimals, len(fraction))
		}
	}
	return Decimal(total.FloatString(decimals)), nil
}
