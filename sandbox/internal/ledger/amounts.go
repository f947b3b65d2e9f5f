package ledger

import (
	"math/big"
	"strings"
)

// amountDecimals is the number of fraction digits that a cash_amount can have. All cash
// is counted in whole units of 10^-27. Sums are therefore exact, and no calculation adds
// fraction digits.
const amountDecimals = 27

// amountDigits is the number of digits before the point that a cash_amount can have.
const amountDigits = 63

// scaled converts a decimal text to a number of units of 10^-decimals. The text must
// consist of digits and at most one point, with at most `decimals` digits after the
// point.
func scaled(text string, decimals int) *big.Int {
	whole, fraction, _ := strings.Cut(text, ".")
	zeros := strings.Repeat("0", decimals-len(fraction))
	number, _ := new(big.Int).SetString("0"+whole+fraction+zeros, 10)
	return number
}

// formatAmount formats an amount of cash, given in units of 10^-27, as a decimal without
// trailing zeros.
func formatAmount(units *big.Int) string { return formatUnits(units, amountDecimals) }

// formatUnits formats a number of units of 10^-decimals as a decimal without trailing
// zeros.
func formatUnits(units *big.Int, decimals int) string {
	digits := units.String()
	if missing := decimals + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	point := len(digits) - decimals
	return strings.TrimSuffix(strings.TrimRight(digits[:point]+"."+digits[point:], "0"), ".")
}

// share splits an amount into parts that are proportional to the weights. Each part is a
// whole number of units, and the parts sum to exactly the amount. The sum of the weights
// must be above zero.
//
// Each part is the difference between two consecutive running totals, which are rounded
// down. This keeps the sum exact. In a sale, each weight is the value of a position, and
// no part exceeds that value, provided that the amount does not exceed the sum of all
// values.
func share(amount *big.Int, weights []*big.Int) []*big.Int {
	total := sum(weights)
	parts := make([]*big.Int, len(weights))
	running := new(big.Int)
	before := new(big.Int)
	for i, weight := range weights {
		running.Add(running, weight)
		upTo := new(big.Int).Mul(amount, running)
		upTo.Quo(upTo, total)
		parts[i] = new(big.Int).Sub(upTo, before)
		before = upTo
	}
	return parts
}

func sum(numbers []*big.Int) *big.Int {
	total := new(big.Int)
	for _, number := range numbers {
		total.Add(total, number)
	}
	return total
}
