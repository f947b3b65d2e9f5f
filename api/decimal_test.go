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

// longest is the longest amount that the contract documents: 63 digits, and 27 after the
// point.
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
			t.Errorf("%q gives %q, %v; want the text unchanged", text, got, err)
		}
	}
	for _, text := range refused {
		got, err := construct(text)
		if err == nil || got != "" {
			t.Errorf("%q gives %q, %v; want an error and no value", text, got, err)
		} else if !strings.Contains(err.Error(), noun) || !strings.Contains(err.Error(), "expected") {
			t.Errorf("%q: got the error %q, want it to name the %s and the fix", text, err, noun)
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
			t.Errorf("%q is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []api.Decimal{
		"", ".", "-", "-.", "+1", "1e9", "1e999999999", "0x10", "0b1", "1_0", "1/3", " 1", "1\n",
		"NaN", "Inf", "1.2.3",
		api.Decimal(strings.Repeat("9", 201)), api.Decimal("0." + strings.Repeat("9", 201)),
	} {
		if got, err := text.Rat(); err == nil {
			t.Errorf("%q is %v, want an error", text, got)
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
			t.Errorf("%s and %s compare as %d, %v; want %d", c.a, c.b, got, err, c.want)
		}
		if got, err := c.b.Cmp(c.a); err != nil || got != -c.want {
			t.Errorf("%s and %s compare as %d, %v; want %d", c.b, c.a, got, err, -c.want)
		}
	}
	if _, err := api.Decimal("x").Cmp("1"); err == nil || !strings.Contains(err.Error(), "left") {
		t.Errorf("Cmp of x and 1 gives the error %v, want one that names the left value", err)
	}
	if _, err := api.Decimal("1").Cmp("x"); err == nil || !strings.Contains(err.Error(), "right") {
		t.Errorf("Cmp of 1 and x gives the error %v, want one that names the right value", err)
	}
}

func TestDecimalSign(t *testing.T) {
	for text, want := range map[api.Decimal]int{
		"0": 0, "0.00": 0, "-0": 0, "-.0": 0, ".01": 1, "10": 1, "-0.01": -1, api.Decimal(longest): 1,
	} {
		if got, err := text.Sign(); err != nil || got != want {
			t.Errorf("the sign of %s is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []api.Decimal{"", "-", "1e3", "x1"} {
		if got, err := text.Sign(); err == nil {
			t.Errorf("%q has the sign %d, want an error", text, got)
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
			t.Errorf("the sum of %v is %s, %v; want %s", c.values, got, err, c.want)
		}
	}
	if got, err := api.Sum("1", "x"); err == nil || got != "" || !strings.Contains(err.Error(), "value 1") {
		t.Errorf("a sum with a bad second value gives %q, %v; want an error that names value 1", got, err)
	}
}

func TestDecimalKeepsItsTextInJSON(t *testing.T) {
	for _, amount := range []string{"100.00", "0", ".5", "007.10", longest} {
		body := `{"cash_amount":"` + amount + `"}`
		var order portfolios.Order
		if err := json.Unmarshal([]byte(body), &order); err != nil || string(order.CashAmount) != amount {
			t.Errorf("%s decodes to %q, %v", body, order.CashAmount, err)
		}
		encoded, err := json.Marshal(portfolios.OrderRequest{CashAmount: order.CashAmount})
		if err != nil || !strings.Contains(string(encoded), `"cash_amount":"`+amount+`"`) {
			t.Errorf("%s encodes to %s, %v", amount, encoded, err)
		}
	}
	weight := `{"instrument_id":"US0378331005","instrument_id_type":"ISIN","weight":"0.70000"}`
	var instrument portfolios.InstrumentWeight
	if err := json.Unmarshal([]byte(weight), &instrument); err != nil {
		t.Fatal(err)
	}
	if encoded, err := json.Marshal(instrument); err != nil || string(encoded) != weight {
		t.Errorf("%s comes back as %s, %v", weight, encoded, err)
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
			t.Errorf("%s into %T gives %v; want an error that names %s", c.body, c.into, err, c.field)
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

// checkAccepted holds what a constructor made against the text that it was given.
func checkAccepted(t *testing.T, decimal api.Decimal, text string) {
	t.Helper()
	want, ok := new(big.Rat).SetString(text)
	if got, err := decimal.Rat(); err != nil || !ok || got.Cmp(want) != 0 || got.Sign() < 0 {
		t.Errorf("%q is %v, %v; want %v", text, got, err, want)
	}
	encoded, err := json.Marshal(decimal)
	if err != nil || string(encoded) != `"`+text+`"` {
		t.Errorf("%q encodes to %s, %v", text, encoded, err)
	}
	var decoded api.Decimal
	if err := json.Unmarshal(encoded, &decoded); err != nil || decoded != decimal {
		t.Errorf("%s decodes to %q, %v", encoded, decoded, err)
	}
}

// checkSum compares Sum, Cmp and Sign with [big.Rat].
func checkSum(t *testing.T, a, b api.Decimal) {
	t.Helper()
	left, errA := a.Rat()
	right, errB := b.Rat()
	sum, err := api.Sum(a, b)
	order, errCmp := a.Cmp(b)
	if errA != nil || errB != nil {
		if err == nil || errCmp == nil {
			t.Errorf("%q and %q give the sum %q and the order %d without an error", a, b, sum, order)
		}
		return
	}
	if sign, err := a.Sign(); err != nil || sign != left.Sign() {
		t.Errorf("the sign of %q is %d, %v; want %d", a, sign, err, left.Sign())
	}
	want := new(big.Rat).Add(left, right)
	if got, ok := new(big.Rat).SetString(string(sum)); err != nil || !ok || got.Cmp(want) != 0 {
		t.Errorf("%q and %q sum to %q, %v; want %v", a, b, sum, err, want)
	}
	if errCmp != nil || order != left.Cmp(right) {
		t.Errorf("%q and %q compare as %d, %v; want %d", a, b, order, errCmp, left.Cmp(right))
	}
}
