package main

// row is a row of the table. It compares the client's measurement with the baseline's
// measurement, or with a fixed bound.
type row struct {
	number int
	what   string
	// The field `ours` contains the name of the client's benchmark. The field `limit`
	// contains the name of the baseline's benchmark; it is empty if the row has no
	// baseline.
	ours, limit string
	unit        string
	target      target
}

// target specifies the number that a row computes from its two measurements. This number
// must be at least the bound if `atLeast` is true, and at most the bound otherwise.
type target struct {
	bound float64
	// relation is the format that prints the bound.
	relation string
	number   func(ours, limit float64) float64
	atLeast  bool
}

// times returns a target: `ours` divided by `limit` must be at most `bound`.
func times(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.3g ×",
		number:   func(ours, limit float64) float64 { return ours / limit },
	}
}

// faster returns a target: `limit` divided by `ours` must be at least `bound`. `limit`
// and `ours` are times per operation, so the client must perform at least `bound` times
// as many operations per second as the baseline.
func faster(bound float64) target {
	return target{
		bound:    bound,
		relation: "≥ %.3g ×",
		number:   func(ours, limit float64) float64 { return limit / ours },
		atLeast:  true,
	}
}

// more returns a target: `ours` minus `limit` must be at most `bound`.
func more(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.0f more",
		number:   func(ours, limit float64) float64 { return ours - limit },
	}
}

// inAll returns a target: `ours` must be at most `bound`. The target ignores `limit`.
func inAll(bound float64) target {
	return target{
		bound:    bound,
		relation: "≤ %.0f",
		number:   func(ours, _ float64) float64 { return ours },
	}
}

// met reports whether the number meets the target.
func (t target) met(number float64) bool {
	if t.atLeast {
		return number >= t.bound
	}
	return number <= t.bound
}

// These are units of measurements, spelled as package benchfmt returns them.
const (
	seconds     = "sec/op"
	bytesOnHeap = "B/op"
	allocations = "allocs/op"
)

// rows are the rows of the table. A row with an empty field `what` compares the same
// benchmarks as the row above it, in a different unit.
var rows = []row{
	{
		number: 1, what: "signature editor with P-521 vs. ecdsa.SignASN1",
		ours: "SignatureP521/ours", limit: "SignatureP521/limit", unit: seconds, target: times(1.03),
	},
	{
		number: 1,
		ours:   "SignatureP521/ours", limit: "SignatureP521/limit", unit: allocations, target: more(25),
	},
	{
		number: 2, what: "signature editor with Ed25519 vs. ed25519.Sign",
		ours: "SignatureEd25519/ours", limit: "SignatureEd25519/limit", unit: seconds, target: times(1.35),
	},
	{
		number: 3, what: "placing an order vs. a handwritten request",
		ours: "Order/ours", limit: "Order/limit", unit: seconds, target: times(1.4),
	},
	{
		number: 3,
		ours:   "Order/ours", limit: "Order/limit", unit: allocations, target: inAll(115),
	},
	{
		number: 4, what: "a page of 1,000 orders vs. net/http and encoding/json",
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
		number: 5, what: "decoding a page of 1,000 orders vs. encoding/json",
		ours: "Decode/ours", limit: "Decode/limit", unit: seconds, target: times(0.45),
	},
	{
		number: 6, what: "All with 4 pages ahead vs. 0 (100,000 orders, 20 ms a page)",
		ours: "All/4_ahead", limit: "All/limit", unit: seconds, target: times(0.25),
	},
	{
		number: 6, what: "All with 16 pages ahead vs. 0 (the same list)",
		// With 0 pages ahead, All mainly waits; with 16, it mainly decodes. Therefore the
		// ratio rises on a slower machine: it was 0.10 where a page (row 4) took 3.6 ms,
		// and 0.12 where a page took 5.1 ms.
		ours: "All/16_ahead", limit: "All/limit", unit: seconds, target: times(0.12),
	},
	{
		number: 7, what: "live heap of All over 1,000,000 orders vs. 10,000",
		ours: "LiveHeap/ours", limit: "LiveHeap/limit", unit: "live-B", target: times(1.1),
	},
	{
		number: 8, what: "token requests when 1,000 goroutines share a new client",
		ours: "ColdClient", unit: "tokens/op", target: inAll(1),
	},
	{
		number: 8, what: "dials per concurrent call of 1,000 goroutines",
		ours: "ColdClient", unit: "dials/call", target: inAll(1),
	},
	{
		number: 9, what: "64 goroutines calling the sandbox vs. bare net/http",
		ours: "Sandbox/ours", limit: "Sandbox/limit", unit: seconds, target: faster(0.9),
	},
	{
		number: 10, what: "orders placed on 2 processors vs. 1",
		ours: "Parallel/ours/processors_2", limit: "Parallel/ours/processors_1",
		unit: seconds, target: faster(1.8),
	},
	{
		what: "the same without the client (limit of the machine)",
		ours: "Parallel/by_hand/processors_2", limit: "Parallel/by_hand/processors_1",
		unit: seconds, target: faster(1.8),
	},
}
