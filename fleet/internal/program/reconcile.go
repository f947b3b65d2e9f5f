package program

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
)

// reconcile holds the rows of a run against all orders that the server has since the run began.
func (c *command) reconcile() func(context.Context) error {
	run := c.flags.String("run", "", "the run")
	file := c.flags.String("csv", os.DevNull, "where to write every finding: finding,account,order,detail")
	return func(ctx context.Context) (err error) {
		client, err := c.client(upvest.WithLimiter(pace.New(c.ledger)), upvest.WithLogger(c.logger))
		if err != nil {
			return err
		}
		out, err := os.Create(*file)
		if err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
		defer func() { err = errors.Join(err, out.Close()) }()
		r := &reconciliation{ledger: c.ledger, run: *run, counts: map[string]int{}, csv: csv.NewWriter(out)}
		_ = r.csv.Write([]string{"finding", "account", "order", "detail"}) // the writer keeps its first error
		if err := r.walk(ctx, client, c.newProgress()); err != nil {
			return err
		}
		if err := c.ledger.Undone(ctx, *run, r.undone); err != nil {
			return err
		}
		if r.csv.Flush(); r.csv.Error() != nil {
			return fmt.Errorf("write the findings: %w", r.csv.Error())
		}
		return r.print(ctx, c.out)
	}
}

// reconciliation counts what it finds, and writes it down one by one.
type reconciliation struct {
	ledger *ledger.Ledger
	run    string
	counts map[string]int
	seen   int
	csv    *csv.Writer
}

// walk goes through the server's orders, which come in the order of their ids, and the rows that claim them, side by side.
func (r *reconciliation) walk(ctx context.Context, client *upvest.Client, progress *progress) error {
	defer progress.end()
	started, now, err := r.ledger.Started(ctx, r.run)
	if err != nil {
		return err
	}
	since, limit := started.Add(-place.Skew), portfolios.Limit(chunk)
	var last, compared uuid.UUID // the last order that was read, and up to which the ledger has been asked
	page := make([]ledger.Found, 0, chunk)
	compare := func(upTo uuid.UUID) error {
		err := r.ledger.Unclaimed(ctx, r.run, page, r.unclaimed)
		if err == nil {
			err = r.ledger.Ghosts(ctx, r.run, compared, upTo, now, page, func(d ledger.Difference) { r.found("ghost", d, d.Detail) })
		}
		r.seen, compared, page = r.seen+len(page), upTo, page[:0]
		progress.show("%d orders read", r.seen)
		return err
	}
	for order, err := range client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{StartDate: &since, Limit: &limit}, upvest.WithPagesAhead(2)) {
		if err != nil {
			return fmt.Errorf("read the orders of the server: %w", err)
		}
		if bytes.Compare(last[:], order.ID[:]) >= 0 {
			return fmt.Errorf("read the orders of the server: %s comes before %s, not in the order of ids", last, order.ID)
		}
		last = order.ID
		if page = append(page, place.Found(order)); len(page) == chunk {
			if err := compare(last); err != nil {
				return err
			}
		}
	}
	return compare(uuid.Max)
}

func (r *reconciliation) unclaimed(d ledger.Difference) {
	alike := place.Matches(d.Row, d.Body)
	switch {
	case alike && (d.Outcome == ledger.Placed || d.Outcome == ledger.Adopted):
		r.found("double", d, "the row is "+string(d.Outcome)+" with another one")
	case alike && d.Outcome != ledger.Refused: // the row itself is found, as missing or up for review
	default:
		r.found("stray", d, fmt.Sprintf("%s %s %s %s", d.Side, d.Amount, d.Currency, d.Outcome))
	}
}

func (r *reconciliation) undone(d ledger.Difference) {
	name := "missing"
	if d.Outcome == ledger.Refused || d.Outcome == ledger.Review {
		name = string(d.Outcome)
	}
	r.found(name, d, d.Detail)
}

func (r *reconciliation) found(name string, d ledger.Difference, detail string) {
	r.counts[name]++
	id := d.ID.String()
	if d.ID == uuid.Nil {
		id = ""
	}
	_ = r.csv.Write([]string{name, d.Account.String(), id, detail})
}

func (r *reconciliation) print(ctx context.Context, out io.Writer) error {
	n, err := r.ledger.Count(ctx, r.run)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `run %s: %d orders asked for, %d placed, %d adopted; the server shows %d orders since it began
  missing  %9d  not placed, and not refused
  double   %9d  a second order like that of the row
  stray    %9d  an order since the run began that no row asks for
  ghost    %9d  placed, but the server does not show it
  review   %9d  several orders may be the row's
  refused  %9d  the server will not have it
  given up %9d  jobs that failed too often: enqueue the file again, or retry them on River's page
`, r.run, n.Total(), n.Placed, n.Adopted, r.seen, r.counts["missing"], r.counts["double"], r.counts["stray"], r.counts["ghost"],
		r.counts["review"], r.counts["refused"], n.GivenUp)
	delete(r.counts, "refused") // there is nothing to be done about it
	if err == nil && len(r.counts) > 0 {
		err = errDiffers
	}
	return err
}
