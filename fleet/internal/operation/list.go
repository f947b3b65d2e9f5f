package operation

import (
	"context"
	"fmt"
	"iter"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Orders returns the orders that the server lists for the parameters. Upvest documents
// that the list is sorted by id.
func Orders(
	ctx context.Context, client *upvest.Client, params portfolios.ListPortfoliosOrdersParams,
) iter.Seq2[Candidate, error] {
	return func(yield func(Candidate, error) bool) {
		for order, err := range client.Orders.All(ctx, params, upvest.WithPagesAhead(2)) {
			if err != nil {
				yield(Candidate{}, fmt.Errorf("read the orders of the server: %w", err))
				return
			}
			candidate, err := candidateOf(&order)
			if !yield(candidate, err) || err != nil {
				return
			}
		}
	}
}
