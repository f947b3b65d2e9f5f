package api_test

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

func ExampleNewAmount() {
	amount, err := api.NewAmount("100.00")
	fmt.Println(amount, err)
	_, err = api.NewAmount("1,000")
	fmt.Println(err)
	// Output:
	// 100.00 <nil>
	// not an amount: expected at most 63 digits and at most 27 decimals after a point, as in 100.00
}

func ExampleNewWeight() {
	weight, err := api.NewWeight("0.7")
	fmt.Println(weight, err)
	_, err = api.NewWeight("0.7000001")
	fmt.Println(err)
	// Output:
	// 0.7 <nil>
	// not a weight: expected 100, or one or two digits and at most five decimals after a point, as in 0.7
}

func ExampleDecimal_Rat() {
	number, err := api.Decimal("0.30").Rat()
	fmt.Println(number, err)
	// Output: 3/10 <nil>
}

func ExampleDecimal_Cmp() {
	order, err := api.Decimal("1.0").Cmp("1.00")
	fmt.Println(order, err)
	// Output: 0 <nil>
}

func ExampleSum() {
	sum, err := api.Sum("0.7", "0.2", "0.10")
	fmt.Println(sum, err)
	// Output: 1.00 <nil>
}

func ExampleNewISIN() {
	id, err := api.NewISIN("US0378331005")
	fmt.Println(id, err)
	_, err = api.NewISIN("AAPL")
	fmt.Println(err)
	// Output:
	// US0378331005 <nil>
	// not an ISIN: expected 2 letters, 9 letters or digits and 1 digit, in upper case, as in US0378331005
}

func ExampleNewUpvestID() {
	id, err := api.NewUpvestID(uuid.MustParse("c2721bc0-9f65-474b-a846-b237eb17fb05"))
	fmt.Println(id, err)
	// Output: c2721bc0-9f65-474b-a846-b237eb17fb05 <nil>
}

func ExampleInstrumentID_IsISIN() {
	fmt.Println(api.InstrumentID("IE00B0M62Q58").IsISIN())
	fmt.Println(api.InstrumentID("c2721bc0-9f65-474b-a846-b237eb17fb05").IsISIN())
	// Output:
	// true
	// false
}

func ExampleInstrumentID_IsUpvestID() {
	fmt.Println(api.InstrumentID("IE00B0M62Q58").IsUpvestID())
	fmt.Println(api.InstrumentID("c2721bc0-9f65-474b-a846-b237eb17fb05").IsUpvestID())
	// Output:
	// false
	// true
}

func ExampleOptionalUUID() {
	var order struct {
		AllocationID api.OptionalUUID `json:"allocation_id,omitzero"`
	}
	err := json.Unmarshal([]byte(`{"allocation_id": ""}`), &order)
	fmt.Println(order.AllocationID.IsZero(), err)

	order.AllocationID = api.OptionalUUID(uuid.MustParse("eb68abce-29f4-483f-a384-7f243e77851f"))
	fmt.Println(order.AllocationID)
	// Output:
	// true <nil>
	// eb68abce-29f4-483f-a384-7f243e77851f
}

func ExampleUnknown() {
	// In a program, this value is the field Unknown of an object that the client decoded,
	// such as order.Unknown.
	unknown := api.Unknown(`{"initiation_flow": "API", "client_reference": "4711"}`)
	fmt.Println(unknown.Names())
	fmt.Printf("%s\n", unknown.Raw("client_reference"))
	var newer struct {
		InitiationFlow string `json:"initiation_flow"`
	}
	err := unknown.Decode(&newer)
	fmt.Println(newer.InitiationFlow, err)
	// Output:
	// [initiation_flow client_reference]
	// "4711"
	// API <nil>
}
