package program

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
)

// findings are what a reconciliation can say of an order, in the order of the table.
var findings = []struct {
	name, meaning string
	harmless      bool // reported, but nothing that a person has to look at
}{
	{"missing", "not placed, and not refused", false},
	{"double", "a second order like that of the row", false},
	{"stray", "an order since the run began that no row asks for", false},
	{"ghost", "placed, but the server does not show it", false},
	{"review", "several orders may be the row's", false},
	{"refused", "the server will not have it", true},
}

// margin is how far the clocks of the database and of Upvest may be apart.
const margin = 5 * time.Minute

// reconcile holds the rows of a run against all orders that the server has since the run began.
func (c *command) reconcile(ctx context.Context, arguments []string) (err error) {
	run := c.flags.String("run", "", "the run")
	file := c.flags.String("csv", "", "where to write every finding: finding,account,order,detail; - for stdout, before the table")
	if err := c.parse(arguments, 0); err != nil {
		return err
	}
	l, err := c.open(ctx, 2)
	if err != nil {
		return err
	}
	defer l.Close()
	client, err := c.client(upvest.WithLimiter(pace.New(l)), upvest.WithLogger(c.logger))
	if err != nil {
		return err
	}
	var out io.Writer = io.Discard
	if *file == "-" {
		out = c.out
	} else if *file != "" {
		opened, cause := os.Create(*file)
		if cause != nil {
			return fmt.Errorf("write the findings: %w", cause)
		}
		defer func() { err = errors.Join(err, opened.Close()) }()
		out = opened
	}
	r := &reconciliation{ledger: l, run: *run, counts: map[string]int{}, csv: csv.NewWriter(out)}
	_ = r.csv.Write([]string{"finding", "account", "order", "detail"}) // the writer keeps its first error
	if err := r.walk(ctx, client, c.newProgress(200*time.Millisecond)); err != nil {
		return err
	}
	if err := l.Undone(ctx, *run, r.undone); err != nil {
		return err
	}
	if r.csv.Flush(); r.csv.Error() != nil {
		return fmt.Errorf("write the findings: %w", r.csv.Error())
	}
	counts, err := l.Count(ctx, *run)
	if err != nil {
		return err
	}
	return r.print(c.out, counts)
}

// reconciliation counts what it finds, and writes it down one by one.
type reconciliation struct {
	ledger *ledger.Ledger
	run    string
	counts map[string]int
	seen   int
	last   uuid.UUID // of the orders that were seen
	csv    *csv.Writer
}

// walk goes through the server's orders, which come in the order of their ids, and the rows that claim them, side by side.
func (r *reconciliation) walk(ctx context.Context, client *upvest.Client, progress *progress) error {
	defer progress.end()
	started, now, err := r.ledger.Started(ctx, r.run)
	if err != nil {
		return err
	}
	since, limit := started.Add(-margin), portfolios.Limit(chunk)
	page := make([]ledger.Found, 0, chunk)
	compare := func(upTo uuid.UUID) error {
		err := r.ledger.Unclaimed(ctx, r.run, page, r.unclaimed)
		if err == nil {
			err = r.ledger.Ghosts(ctx, r.run, r.last, upTo, now, page, func(d ledger.Difference) { r.found("ghost", d, d.Detail) })
		}
		r.seen, r.last, page = r.seen+len(page), upTo, page[:0]
		progress.show("%d orders read", r.seen)
		return err
	}
	params := portfolios.ListPortfoliosOrdersParams{StartDate: &since, Limit: &limit}
	for order, err := range client.Orders.All(ctx, params, upvest.WithPagesAhead(2)) {
		if err != nil {
			return fmt.Errorf("read the orders of the server: %w", err)
		}
		before := r.last
		if len(page) > 0 {
			before = page[len(page)-1].ID
		}
		if bytes.Compare(before[:], order.ID[:]) >= 0 {
			return fmt.Errorf("read the orders of the server: %s comes before %s, not in the order of ids", before, order.ID)
		}
		if page = append(page, place.Found(order)); len(page) == chunk {
			if err := compare(order.ID); err != nil {
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
	id := ""
	if d.ID != uuid.Nil {
		id = d.ID.String()
	}
	_ = r.csv.Write([]string{name, d.Account.String(), id, detail})
}

func (r *reconciliation) print(out io.Writer, n ledger.Counts) error {
	_, err := fmt.Fprintf(out, "run %s: %d orders asked for, %d placed, %d adopted; the server shows %d orders since it began\n",
		r.run, n.Total(), n.Placed, n.Adopted, r.seen)
	needed := 0
	for _, finding := range findings {
		if !finding.harmless {
			needed += r.counts[finding.name]
		}
		if err == nil {
			_, err = fmt.Fprintf(out, "  %-8s %9d  %s\n", finding.name, r.counts[finding.name], finding.meaning)
		}
	}
	if err == nil && n.GivenUp > 0 {
		_, err = fmt.Fprintf(out, "  %d jobs have been given up: enqueue the file again, or retry them on River's page\n", n.GivenUp)
	}
	if err == nil && needed > 0 {
		err = errDiffers
	}
	return err
}
