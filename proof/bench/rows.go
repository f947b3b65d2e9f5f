package main

// row compares two measurements.
type row struct {
	number      int
	what        string
	ours, limit string // benchmarks of the client and of the baseline; limit may be empty
	unit        string
	target      target
}

// target is the goal of a row: a number computed from the measurements of ours and limit,
// and the bound that the number must reach or must not exceed.
type target struct {
	bound float64
	// relation is the format that prints the bound.
	relation string
	number   func(ours, limit float64) float64
	atLeast  bool
}

// times requires that ours divided by limit is at most bound.
func times(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.3g ×",
		number:   func(ours, limit float64) float64 { return ours / limit },
	}
}

// faster requires that ours does at least bound times as many operations as limit in the
// same time. The measurements are times per operation.
func faster(bound float64) target {
	return target{
		bound:    bound,
		relation: "≥ %.3g ×",
		number:   func(ours, limit float64) float64 { return limit / ours },
		atLeast:  true,
	}
}

// more requires that ours minus limit is at most bound.
func more(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.0f more",
		number:   func(ours, limit float64) float64 { return ours - limit },
	}
}

// inAll requires that ours is at most bound; limit is not used.
func inAll(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.0f",
		number:   func(ours, _ float64) float64 { return ours },
	}
}

// met reports whether the number reaches the target.
func (t target) met(number float64) bool {
	if t.atLeast {
		return number >= t.bound
	}
	return number <= t.bound
}

// The units of the measurements.
const (
	seconds     = "sec/op"
	bytesOnHeap = "B/op"
	allocations = "allocs/op"
)

// rows are the rows of the table. A row whose field what is empty continues the row above
// it, with another unit.
var rows = []row{
	{
		number: 1, what: "signature editor, P-521, vs. ecdsa.SignASN1",
		ours: "SignatureP521/ours", limit: "SignatureP521/limit", unit: seconds, target: times(1.03),
	},
	{
		number: 1,
		ours:   "SignatureP521/ours", limit: "SignatureP521/limit", unit: allocations, target: more(25),
	},
	{
		number: 2, what: "signature editor, Ed25519, vs. ed25519.Sign",
		ours: "SignatureEd25519/ours", limit: "SignatureEd25519/limit", unit: seconds, target: times(1.35),
	},
	{
		number: 3, what: "a whole order, vs. one written by hand",
		ours: "Order/ours", limit: "Order/limit", unit: seconds, target: times(1.4),
	},
	{
		number: 3,
		ours:   "Order/ours", limit: "Order/limit", unit: allocations, target: inAll(115),
	},
	{
		number: 4, what: "a page of 1000 orders, vs. net/http and encoding/json",
		ours: "OrderPage/ours", limit: "OrderPage/limit", unit: seconds, target: times(0.5),
	},
	{
		number: 4,
		ours:   "OrderPage/ours", limit: "OrderPage/limit", unit: bytesOnHeap, target: times(0.5),
	},
	{
		number: 4,
		ours:   "OrderPage/ours", limit: "OrderPage/limit", unit: allocations, target: times(0.25),
	},
	{
		number: 5, what: "decoding that page, vs. encoding/json",
		ours: "Decode/ours", limit: "Decode/limit", unit: seconds, target: times(0.45),
	},
	{
		number: 6, what: "All over 100,000 orders, 20 ms a page, 4 ahead, vs. 0",
		ours: "All/4_ahead", limit: "All/limit", unit: seconds, target: times(0.25),
	},
	{
		number: 6, what: "the same, 16 ahead",
		ours: "All/16_ahead", limit: "All/limit", unit: seconds, target: times(0.1),
	},
	{
		number: 7, what: "live heap of All over 1,000,000 orders, vs. 10,000",
		ours: "LiveHeap/ours", limit: "LiveHeap/limit", unit: "live-B", target: times(1.1),
	},
	{
		number: 8, what: "1,000 goroutines on a cold client: token requests",
		ours: "ColdClient", unit: "tokens/op", target: inAll(1),
	},
	{
		number: 8, what: "the same: dials for each call in flight",
		ours: "ColdClient", unit: "dials/call", target: inAll(1),
	},
	{
		number: 9, what: "64 goroutines at the sandbox, vs. bare net/http",
		ours: "Sandbox/ours", limit: "Sandbox/limit", unit: seconds, target: faster(0.9),
	},
	{
		number: 10, what: "orders placed by 2 processors, vs. 1",
		ours: "Parallel/ours/processors_2", limit: "Parallel/ours/processors_1",
		unit: seconds, target: faster(1.8),
	},
	{
		what: "the same without the client: what the machine allows",
		ours: "Parallel/by_hand/processors_2", limit: "Parallel/by_hand/processors_1",
		unit: seconds, target: faster(1.8),
	},
}
