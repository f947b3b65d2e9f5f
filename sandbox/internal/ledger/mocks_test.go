package ledger_test

import (
	"testing"
	"time"
)

const (
	mockParts     = "IE00B5M1WJ87"
	mockCancelled = "IE00BF2GFH28"
)

// TestAnOrderForAMockInstrumentFillsInParts requires that an order has as many executions
// as the guide documents for its amount, and that the account holds the first part after
// the first execution.
func TestAnOrderForAMockInstrumentFillsInParts(t *testing.T) {
	for _, c := range []struct {
		amount     string
		executions int
		first      string
	}{
		{"100.5", 1, "100.5"},
		{"101", 2, "50.5"},
		{"200.5", 2, "100.25"},
		{"201", 3, "67"},
		{"400.8", 4, "100.2"},
		{"401", 5, "80.2"},
		{"5000", 5, "1000"},
	} {
		w := newWorld(t)
		w.follow(savings, mockParts, "1")
		id := w.buy(savings, c.amount).ID
		w.pass(delay)
		w.wantOrder(id, processing, delay, []string{"BUY PROCESSING"})
		w.wantValue(savings, "0")
		w.pass(delay / time.Duration(c.executions))
		w.wantValue(savings, c.first)
		w.pass(delay)
		w.wantOrder(id, filled, 2*delay, []string{"BUY FILLED"})
		w.wantValue(savings, c.amount)
	}
}

// TestASaleOfAMockInstrumentFillsInParts requires that, while a sale fills in parts, the
// value of the account excludes the whole sale.
func TestASaleOfAMockInstrumentFillsInParts(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, mockParts, "1")
	w.hold(savings, "1000")
	w.sell(savings, "150")
	w.pass(delay + delay/2)
	w.wantValue(savings, "850") // without the whole 150 EUR of the open sale
	w.pass(delay / 2)
	w.wantValue(savings, "850")
}

func TestAnOrderForAMockInstrumentFillsInPartAndIsCancelled(t *testing.T) {
	w := newWorld(t)
	w.follow(savings, mockCancelled, "0.5", apple, "0.5")
	id := w.buy(savings, "100").ID
	w.pass(delay)
	w.wantOrder(id, processing, delay, []string{"BUY PROCESSING", "BUY NEW"})
	w.pass(delay / 3)
	w.wantValue(savings, "25")
	w.wantOrder(id, processing, delay+delay/3, []string{"BUY PROCESSING", "BUY NEW"})
	w.pass(delay / 3)
	w.wantOrder(id, cancelled, delay+2*(delay/3), []string{"BUY CANCELLED", "BUY CANCELLED"})
	w.pass(delay)
	w.wantValue(savings, "25")

	sale := w.sell(savings, "10").ID
	w.pass(2 * delay)
	w.wantOrder(sale, cancelled, 2*delay, []string{"SELL CANCELLED"})
	w.wantValue(savings, "20")
}
