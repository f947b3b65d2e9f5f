package ledger

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// page is the answer of a list operation. Its rows are made one at a time while it is written: a wide page is never there as a whole, and
// keeps nobody from the ledger. A row is therefore as of the moment at which it is written.
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

// streamer is a response writer that can take a body to be made later, when its header is out. It says whether it does.
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
	write := func(before string, value any, after string) error {
		text, err := json.Marshal(value)
		if err == nil {
			_, err = w.Write(slices.Concat([]byte(before), text, []byte(after)))
		}
		if err != nil {
			return fmt.Errorf("write a list: %w", err)
		}
		return nil
	}
	before := `{"data":[`
	for _, item := range p.items {
		if err := write(before, p.row(item), ""); err != nil {
			return err
		}
		before = ","
	}
	if len(p.items) > 0 {
		before = ""
	}
	return write(before+`],"meta":`, p.meta, "}\n")
}

// VisitListPortfoliosAllocationsResponse implements [contract.ListPortfoliosAllocationsResponseObject].
func (p page[Item, Row]) VisitListPortfoliosAllocationsResponse(w http.ResponseWriter) error {
	return p.write(w)
}

// VisitListPortfoliosConfigurationsResponse implements [contract.ListPortfoliosConfigurationsResponseObject].
func (p page[Item, Row]) VisitListPortfoliosConfigurationsResponse(w http.ResponseWriter) error {
	return p.write(w)
}

// VisitListPortfoliosOrdersResponse implements [contract.ListPortfoliosOrdersResponseObject].
func (p page[Item, Row]) VisitListPortfoliosOrdersResponse(w http.ResponseWriter) error {
	return p.write(w)
}
