package operation

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Orders goes through a list of orders in the order of their ids. Who placed an order and
// why it was cancelled is missing from them: see [Complete].
func Orders(
	ctx context.Context, client *upvest.Client, params portfolios.ListPortfoliosOrdersParams,
) iter.Seq2[Candidate, error] {
	return func(yield func(Candidate, error) bool) {
		for order, err := range client.Orders.All(ctx, params, upvest.WithPagesAhead(2)) {
			if err != nil {
				yield(Candidate{}, fmt.Errorf("read the orders of the server: %w", err))
				return
			}
			if !yield(candidateOf(order), nil) {
				return
			}
		}
	}
}

// Complete reads an order again, with the fields that the client has no name for.
func Complete(ctx context.Context, client *upvest.Client, order Candidate) (Candidate, error) {
	var response upvest.Response
	read, err := client.Orders.Retrieve(ctx, order.ID, upvest.WithResponse(&response))
	if err != nil {
		return order, fmt.Errorf("read an order of the server: %w", err)
	}
	order = candidateOf(*read)
	err = addUnnamed(&response, &order)
	return order, err
}

// page holds the fields of a page's orders that the client has no name for.
type page struct {
	body   *byte // the first byte of the body that was read
	orders map[uuid.UUID]Candidate
}

// read reads the page of a response, unless it has done so before.
func (p *page) read(response *upvest.Response) error {
	if len(response.Body) == 0 || p.body == &response.Body[0] {
		return nil
	}
	var read struct {
		Data []Candidate `json:"data"`
	}
	if err := response.Decode(&read); err != nil {
		return fmt.Errorf("read the orders of the server: %w", err)
	}
	p.body = &response.Body[0]
	p.orders = make(map[uuid.UUID]Candidate, len(read.Data))
	for _, order := range read.Data {
		p.orders[order.ID] = order
	}
	return nil
}

func (p *page) addTo(candidate *Candidate) {
	read := p.orders[candidate.ID]
	candidate.Flow = read.Flow
	candidate.Reference = read.Reference
	candidate.CancelCode = read.CancelCode
}
