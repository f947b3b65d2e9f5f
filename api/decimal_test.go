package api_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// longest is the longest amount that the contract documents: 63 digits before the point
// and 27 after it.
var longest = strings.Repeat("9", 63) + "." + strings.Repeat("9", 26) + "0"

func TestNewAmount(t *testing.T) {
	accepted := []string{"0", "0.00", "100", "100.00", "1000", "007", ".5", longest}
	refused := []string{
		"", ".", "1.", "-1", "+1", "1,000", "1_000", "1e3", " 1", "1 ", "1\n", "0x1", "½", "١",
		"NaN", "Inf",
		longest + "0", "9" + longest, strings.Repeat("9", 64),
	}
	checkConstructor(t, api.NewAmount, accepted, refused, "amount")
}

func TestNewWeight(t *testing.T) {
	accepted := []string{"0", "1", "0.7", "0.70", "00.00001", "99.99999", "100"}
	refused := []string{
		"", ".7", "7.", "101", "100.0", "0100", "1.000001", "-0.1", "1e1", "0,7", "0.7\n", "70%",
	}
	checkConstructor(t, api.NewWeight, accepted, refused, "weight")
}

func checkConstructor(
	t *testing.T, construct func(string) (api.Decimal, error), accepted, refused []string, noun string,
) {
	t.Helper()
	for _, text := range accepted {
		if got, err := construct(text); err != nil || string(got) != text {
			t.Errorf("making the %s %q: got %q and the error %v, want the text unchanged and no error",
				noun, text, got, err)
		}
	}
	for _, text := range refused {
		got, err := construct(text)
		if err == nil || got != "" {
			t.Errorf("making the %s %q: got %q and the error %v, want an error and no value",
				noun, text, got, err)
		} else if !strings.Contains(err.Error(), noun) || !strings.Contains(err.Error(), "expected") {
			t.Errorf("making the %s %q: got the error %q, want an error that contains %q and \"expected\"",
				noun, text, err, noun)
		}
	}
}

func TestDecimalRat(t *testing.T) {
	// A leading zero must not mean octal, and a server may send text that no constructor
	// accepts.
	for text, want := range map[api.Decimal]string{
		"0.7": "7/10", ".5": "1/2", "010": "10", "08": "8", "1.50": "3/2", "-2.5": "-5/2", "3.": "3",
		"0.000000000000000000000000001": "1/1000000000000000000000000000",
	} {
		if got, err := text.Rat(); err != nil || got.RatString() != want {
			t.Errorf("Rat of %q returned %v and the error %v, want %s and no error", text, got, err, want)
		}
	}
	for _, text := range []api.Decimal{
		"", ".", "-", "-.", "+1", "1e9", "1e999999999", "0x10", "0b1", "1_0", "1/3", " 1", "1\n",
		"NaN", "Inf", "1.2.3",
		api.Decimal(strings.Repeat("9", 201)), api.Decimal("0." + strings.Repeat("9", 201)),
	} {
		if got, err := text.Rat(); err == nil {
			t.Errorf("Rat of %q returned %v and no error, want an error", text, got)
		}
	}
}

func TestDecimalCmp(t *testing.T) {
	for _, c := range []struct {
		a, b api.Decimal
		want int
	}{
		{a: "1.0", b: "1.00", want: 0},
		{a: "9", b: "10", want: -1},
		{a: "0.30001", b: "0.3", want: 1},
		{a: "-1", b: "0", want: -1},
		{a: api.Decimal(longest), b: api.Decimal(longest[:len(longest)-1] + "1"), want: -1},
	} {
		if got, err := c.a.Cmp(c.b); err != nil || got != c.want {
			t.Errorf("Cmp of %s and %s returned %d and the error %v, want %d and no error",
				c.a, c.b, got, err, c.want)
		}
		if got, err := c.b.Cmp(c.a); err != nil || got != -c.want {
			t.Errorf("Cmp of %s and %s returned %d and the error %v, want %d and no error",
				c.b, c.a, got, err, -c.want)
		}
	}
	if _, err := api.Decimal("x").Cmp("1"); err == nil || !strings.Contains(err.Error(), "left") {
		t.Errorf("Cmp of \"x\" and \"1\" returned the error %v, want an error that names the left side", err)
	}
	if _, err := api.Decimal("1").Cmp("x"); err == nil || !strings.Contains(err.Error(), "right") {
		t.Errorf("Cmp of \"1\" and \"x\" returned the error %v, want an error that names the right side", err)
	}
}

func TestDecimalSign(t *testing.T) {
	for text, want := range map[api.Decimal]int{
		"0": 0, "0.00": 0, "-0": 0, "-.0": 0, ".01": 1, "10": 1, "-0.01": -1, api.Decimal(longest): 1,
	} {
		if got, err := text.Sign(); err != nil || got != want {
			t.Errorf("Sign of %s returned %d and the error %v, want %d and no error", text, got, err, want)
		}
	}
	for _, text := range []api.Decimal{"", "-", "1e3", "x1"} {
		if got, err := text.Sign(); err == nil {
			t.Errorf("Sign of %q returned %d and no error, want an error", text, got)
		}
	}
}

func TestSum(t *testing.T) {
	for _, c := range []struct {
		values []api.Decimal
		want   api.Decimal
	}{
		{want: "0"},
		{values: []api.Decimal{"0.1", "0.2"}, want: "0.3"},
		{values: []api.Decimal{"0.50", "0.5"}, want: "1.00"},
		{values: []api.Decimal{".5", "7"}, want: "7.5"},
		{values: []api.Decimal{"1", "-1.0"}, want: "0.0"},
		{
			values: []api.Decimal{api.Decimal(longest), "0.000000000000000000000000010"},
			want:   api.Decimal("1" + strings.Repeat("0", 63) + "." + strings.Repeat("0", 27)),
		},
	} {
		if got, err := api.Sum(c.values...); err != nil || got != c.want {
			t.Errorf("Sum of %q returned %q and the error %v, want %q and no error",
				c.values, got, err, c.want)
		}
	}
	if got, err := api.Sum("1", "x"); err == nil || got != "" || !strings.Contains(err.Error(), "value 1") {
		t.Errorf("Sum of \"1\" and \"x\" returned %q and the error %v, want no sum and an error about "+
			"\"value 1\"", got, err)
	}
}

func TestDecimalKeepsItsTextInJSON(t *testing.T) {
	for _, amount := range []string{"100.00", "0", ".5", "007.10", longest} {
		body := `{"cash_amount":"` + amount + `"}`
		var order portfolios.Order
		if err := json.Unmarshal([]byte(body), &order); err != nil || string(order.CashAmount) != amount {
			t.Errorf("%s was decoded to the amount %q and the error %v, want the amount unchanged and no "+
				"error", body, order.CashAmount, err)
		}
		encoded, err := json.Marshal(portfolios.OrderRequest{CashAmount: order.CashAmount})
		if err != nil || !strings.Contains(string(encoded), `"cash_amount":"`+amount+`"`) {
			t.Errorf("an order of %s was encoded as %s with the error %v, want the amount unchanged and no "+
				"error", amount, encoded, err)
		}
	}
	weight := `{"instrument_id":"US0378331005","instrument_id_type":"ISIN","weight":"0.70000"}`
	var instrument portfolios.InstrumentWeight
	if err := json.Unmarshal([]byte(weight), &instrument); err != nil {
		t.Fatal(err)
	}
	if encoded, err := json.Marshal(instrument); err != nil || string(encoded) != weight {
		t.Errorf("%s was decoded and encoded again as %s with the error %v, want no change and no error",
			weight, encoded, err)
	}
}

func TestDecimalRefusesJSONNumbers(t *testing.T) {
	for _, c := range []struct {
		into  any
		body  string
		field string
	}{
		{into: new(portfolios.Order), body: `{"cash_amount":100.00}`, field: "cash_amount"},
		{into: new(portfolios.OrderRequest), body: `{"cash_amount":0}`, field: "cash_amount"},
		{into: new(portfolios.OrderList), body: `{"data":[{"cash_amount":1e2}]}`, field: "cash_amount"},
		{into: new(portfolios.AllocationRequest), body: `{"allocation":[{"weight":0.7}]}`, field: "weight"},
		{into: new(portfolios.Order), body: `{"cash_amount":true}`, field: "cash_amount"},
		{into: new(portfolios.Order), body: `{"cash_amount":{"value":"1"}}`, field: "cash_amount"},
	} {
		err := json.Unmarshal([]byte(c.body), c.into)
		var wrongType *json.UnmarshalTypeError
		if !errors.As(err, &wrongType) || !strings.Contains(err.Error(), c.field) {
			t.Errorf("decoding %s into a %T: got the error %v, want an UnmarshalTypeError that names %s",
				c.body, c.into, err, c.field)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, text := range []string{
		"0", "100.00", ".5", "0.7", "100", "99.99999", "", ".", "010", "-1", "1e3", "3.", longest,
	} {
		f.Add(text, "0.30")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, construct := range []func(string) (api.Decimal, error){api.NewAmount, api.NewWeight} {
			if decimal, err := construct(a); err == nil {
				checkAccepted(t, decimal, a)
			}
		}
		checkSum(t, api.Decimal(a), api.Decimal(b))
	})
}

// checkAccepted requires that a decimal has the value of the text that its constructor
// received, and keeps that text in JSON.
func checkAccepted(t *testing.T, decimal api.Decimal, text string) {
	t.Helper()
	want, ok := new(big.Rat).SetString(text)
	if got, err := decimal.Rat(); err != nil || !ok || got.Cmp(want) != 0 || got.Sign() < 0 {
		t.Errorf("Rat of %q returned %v and the error %v, want %v, a number of at least 0, and no error",
			text, got, err, want)
	}
	encoded, err := json.Marshal(decimal)
	if err != nil || string(encoded) != `"`+text+`"` {
		t.Errorf("%q was encoded as %s with the error %v, want the text unchanged and no error",
			text, encoded, err)
	}
	var decoded api.Decimal
	if err := json.Unmarshal(encoded, &decoded); err != nil || decoded != decimal {
		t.Errorf("%s was decoded to %q and the error %v, want the text unchanged and no error",
			encoded, decoded, err)
	}
}

// checkSum requires that Sum, Cmp and Sign return what [big.Rat] computes.
func checkSum(t *testing.T, a, b api.Decimal) {
	t.Helper()
	left, errA := a.Rat()
	right, errB := b.Rat()
	sum, err := api.Sum(a, b)
	order, errCmp := a.Cmp(b)
	if errA != nil || errB != nil {
		if err == nil || errCmp == nil {
			t.Errorf("for %q and %q, Sum returned %q and the error %v, Cmp returned %d and the error %v, "+
				"want an error from each of them", a, b, sum, err, order, errCmp)
		}
		return
	}
	if sign, err := a.Sign(); err != nil || sign != left.Sign() {
		t.Errorf("Sign of %q returned %d and the error %v, want %d and no error", a, sign, err, left.Sign())
	}
	want := new(big.Rat).Add(left, right)
	if got, ok := new(big.Rat).SetString(string(sum)); err != nil || !ok || got.Cmp(want) != 0 {
		t.Errorf("Sum of %q and %q returned %q and the error %v, want %v and no error", a, b, sum, err, want)
	}
	if errCmp != nil || order != left.Cmp(right) {
		t.Errorf("Cmp of %q and %q returned %d and the error %v, want %d and no error",
			a, b, order, errCmp, left.Cmp(right))
	}
}
