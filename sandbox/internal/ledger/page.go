package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// page is the response of a list operation. It generates its rows one at a time while the
// response is written, and locks the ledger for one row at a time. A large page is in
// memory as a whole only if a fault or a check of responses needs the whole body. Each
// row shows the state that its item has in the ledger when the row is generated.
type page[Item, Row any] struct {
	ledger *Ledger
	items  []*Item
	meta   contract.Meta
	show   func(*Item) Row // called with the ledger locked
}

func (p page[Item, Row]) row(item *Item) Row {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	return p.show(item)
}

// streamer is a response writer that can generate the body of a page after it has sent
// the header. A page passes to Stream the function that generates the body. Stream
// reports whether it accepts this function.
type streamer interface {
	Stream(body func(io.Writer) error) bool
}

func (p page[Item, Row]) write(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	if s, ok := w.(streamer); ok && s.Stream(p.writeBody) {
		return nil
	}
	return p.writeBody(w)
}

func (p page[Item, Row]) writeBody(w io.Writer) error {
	before := `{"data":[`
	for _, item := range p.items {
		if err := writeJSON(w, before, p.row(item), ""); err != nil {
			return err
		}
		before = ","
	}
	if len(p.items) > 0 {
		before = ""
	}
	return writeJSON(w, before+`],"meta":`, p.meta, "}\n")
}

// writeJSON writes a value as JSON between the texts `before` and `after`, in a single
// write.
func writeJSON(w io.Writer, before string, value any, after string) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode a row of a list: %w", err)
	}
	if _, err := w.Write(slices.Concat([]byte(before), text, []byte(after))); err != nil {
		return fmt.Errorf("write a row of a list: %w", err)
	}
	return nil
}

// VisitListPortfoliosAllocationsResponse implements
// [contract.ListPortfoliosAllocationsResponseObject].
func (p page[Item, Row]) VisitListPortfoliosAllocationsResponse(w http.ResponseWriter) error {
	return p.write(w)
}

// VisitListPortfoliosConfigurationsResponse implements
// [contract.ListPortfoliosConfigurationsResponseObject].
func (p page[Item, Row]) VisitListPortfoliosConfigurationsResponse(w http.ResponseWriter) error {
	return p.write(w)
}

// VisitListPortfoliosOrdersResponse implements
// [contract.ListPortfoliosOrdersResponseObject].
func (p page[Item, Row]) VisitListPortfoliosOrdersResponse(w http.ResponseWriter) error {
	return p.write(w)
}

// VisitListAccountLiquidationsResponse implements
// [later.ListAccountLiquidationsResponseObject].
func (p page[Item, Row]) VisitListAccountLiquidationsResponse(w http.ResponseWriter) error {
	return p.write(w)
}
