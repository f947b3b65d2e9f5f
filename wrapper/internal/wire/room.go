package wire

import (
	"bytes"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// shortestRow is a size in bytes, close to that of the shortest row. It limits how much
// memory a body can make the client allocate.
const shortestRow = 200

// sampleSize is how many bytes of a body are searched to estimate the length of its rows.
// Searching the whole body would take a tenth of the time that decoding takes.
const sampleSize = 16 << 10

// makeRoom allocates space for the rows that the body of a page seems to have. A slice
// that grows row by row is copied each time that it is full, and these copies take more
// memory than the rest of the page. The caller must call takeBack after decoding.
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

// room allocates space for the rows of a body. Every row contains "created_at" once. The
// number of rows in the sample is increased by one, because the last of them may be cut
// off.
func room[T any](rows *[]T, body []byte) (takeBack func()) {
	sample := body[:min(len(body), sampleSize)]
	seen := bytes.Count(sample, []byte("created_at")) + 1
	count := min(seen*len(body)/max(len(sample), 1), len(body)/shortestRow)
	if *rows == nil && count > 0 {
		*rows = make([]T, 0, count)
	}
	return func() {
		// If the body has no list, the slice must be nil.
		if len(*rows) == 0 && cap(*rows) > 0 {
			*rows = nil
		}
	}
}
