package program

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"time"

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
	l, err := c.open(ctx, 1)
	if err != nil {
		return err
	}
	defer l.Close()
	beside, err := c.open(ctx, 1) // what is compared keeps its connection to itself
	if err != nil {
		return err
	}
	defer beside.Close()
	client, err := c.client(upvest.WithLimiter(pace.New(l)), upvest.WithLogger(c.logger))
	if err != nil {
		return err
	}
	r := &reconciliation{counts: map[string]int{}}
	if *file != "" {
		out := os.Stdout
		if *file != "-" {
			if out, err = os.Create(*file); err != nil {
				return fmt.Errorf("write the findings: %w", err)
			}
			defer func() { err = errors.Join(err, out.Close()) }()
		}
		r.csv = csv.NewWriter(out)
		if err := r.csv.Write([]string{"finding", "account", "order", "detail"}); err != nil {
			return fmt.Errorf("write the findings: %w", err)
		}
	}
	seen, created, err := beside.NewSeen(ctx, *run)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seen.Close(context.WithoutCancel(ctx))) }()
	if err := r.walk(ctx, c, client, seen, created.Add(-margin)); err != nil {
		return err
	}
	if err := errors.Join(seen.Unclaimed(ctx, r.unclaimed), seen.Undone(ctx, r.undone)); err != nil {
		return err
	}
	counts, err := l.Count(ctx, *run)
	if err != nil {
		return err
	}
	return r.print(c, *run, counts)
}

// reconciliation counts what it finds, and writes it down one by one.
type reconciliation struct {
	counts map[string]int
	seen   int
	csv    *csv.Writer
}

// walk takes note of all orders of the server.
func (r *reconciliation) walk(ctx context.Context, c *command, client *upvest.Client, seen *ledger.Seen, since time.Time) error {
	page := make([]ledger.SeenOrder, 0, chunk)
	limit := portfolios.Limit(chunk)
	progress := c.newProgress()
	defer progress.end()
	params := portfolios.ListPortfoliosOrdersParams{StartDate: &since, Limit: &limit}
	for order, err := range client.Orders.All(ctx, params, upvest.WithPagesAhead(2)) {
		if err != nil {
			return fmt.Errorf("read the orders of the server: %w", err)
		}
		page = append(page, ledger.SeenOrder{ID: order.ID, Body: ledger.Body{
			Account: order.AccountID, Side: string(order.Type), Amount: string(order.CashAmount), Currency: string(order.Currency),
		}})
		if r.seen++; len(page) == chunk {
			if err := seen.Add(ctx, page); err != nil {
				return err
			}
			progress.show(fmt.Sprintf("%d orders read", r.seen))
			page = page[:0]
		}
	}
	return seen.Add(ctx, page)
}

func (r *reconciliation) unclaimed(order ledger.SeenOrder, outcome ledger.Outcome, body ledger.Body) error {
	id := order.ID.String()
	alike := place.Matches(body, order.Body)
	switch {
	case alike && (outcome == ledger.Placed || outcome == ledger.Adopted):
		return r.found("double", order.Account.String(), id, "the row is "+string(outcome)+" with another one")
	case alike && outcome != ledger.Refused: // the row itself is found, as missing or up for review
		return nil
	}
	return r.found("stray", order.Account.String(), id, fmt.Sprintf("%s %s %s %s", order.Side, order.Amount, order.Currency, outcome))
}

func (r *reconciliation) undone(d ledger.Difference) error {
	name, id := map[ledger.Outcome]string{ledger.Refused: "refused", ledger.Review: "review"}[d.Outcome], ""
	if d.OrderID.Valid {
		name, id = cmp.Or(name, "ghost"), d.OrderID.UUID.String()
	}
	return r.found(cmp.Or(name, "missing"), d.Account.String(), id, d.Detail)
}

func (r *reconciliation) found(name, account, order, detail string) error {
	r.counts[name]++
	if r.csv == nil {
		return nil
	}
	if err := r.csv.Write([]string{name, account, order, detail}); err != nil {
		return fmt.Errorf("write the findings: %w", err)
	}
	return nil
}

func (r *reconciliation) print(c *command, run string, n ledger.Counts) error {
	if r.csv != nil {
		if r.csv.Flush(); r.csv.Error() != nil {
			return fmt.Errorf("write the findings: %w", r.csv.Error())
		}
	}
	_, err := fmt.Fprintf(c.out, "run %s: %d orders asked for, %d placed, %d adopted; the server shows %d orders since it began\n",
		run, n.Total(), n.Placed, n.Adopted, r.seen)
	needed := 0
	for _, finding := range findings {
		if !finding.harmless {
			needed += r.counts[finding.name]
		}
		if err == nil {
			_, err = fmt.Fprintf(c.out, "  %-8s %9d  %s\n", finding.name, r.counts[finding.name], finding.meaning)
		}
	}
	if err == nil && n.GivenUp > 0 {
		_, err = fmt.Fprintf(c.out, "  %d jobs have been given up: retry them on River's page\n", n.GivenUp)
	}
	if err == nil && needed > 0 {
		err = errDiffers
	}
	return err
}
