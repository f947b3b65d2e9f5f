package wire

import (
	"bytes"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// shortestRow is less than any row takes as JSON: it bounds the room that a body can ask
// for.
const shortestRow = 200

// sampleSize is how much of a body is looked at to see how long its rows are. To look at
// all of it takes a tenth of the time of decoding.
const sampleSize = 16 << 10

// makeRoom gives a page room for the rows that its body seems to have. A slice that grows
// row by row moves each time that it is full, which costs more memory than all else that
// a page needs. What it returns has to be called after decoding.
func makeRoom(value any, body []byte) (takeBack func()) {
	switch page := value.(type) {
	case *portfolios.AllocationList:
		return room(&page.Data, body)
	case *portfolios.ConfigurationList:
		return room(&page.Data, body)
	case *portfolios.OrderList:
		return room(&page.Data, body)
	}
	return func() {}
}

// room gives a slice room for the rows of a body. Every row has created_at once, and the
// last one of the sample may be cut off.
func room[T any](rows *[]T, body []byte) (takeBack func()) {
	sample := body[:min(len(body), sampleSize)]
	seen := bytes.Count(sample, []byte("created_at")) + 1
	count := min(seen*len(body)/max(len(sample), 1), len(body)/shortestRow)
	if *rows == nil && count > 0 {
		*rows = make([]T, 0, count)
	}
	return func() {
		// Without a list in the body there must be no slice either.
		if len(*rows) == 0 && cap(*rows) > 0 {
			*rows = nil
		}
	}
}
