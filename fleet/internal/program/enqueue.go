package program

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
)

// chunk is how many rows a transaction writes.
const chunk = 1000

var header = []string{"account", "user", "side", "amount", "currency"}

// enqueue writes the orders of a file down, after it has found every bad line.
func (c *command) enqueue() func(context.Context) error {
	run := c.flags.String("run", "", "the name of the run, for ever: with the account it makes the key of each order")
	return func(ctx context.Context) error {
		if *run == "" {
			return errors.New("-run is missing")
		}
		bodies, err := c.readOrders(ctx, *run, c.flags.Arg(0))
		if err != nil {
			return err
		}
		client, err := queue.New(c.ledger, c.logger)
		if err != nil {
			return err
		}
		seen, added, renewed, started := 0, 0, 0, time.Now()
		progress := c.newProgress()
		defer progress.end()
		for some := range slices.Chunk(bodies, chunk) {
			fresh, err := queue.Add(ctx, c.ledger, client, *run, some)
			if err != nil {
				return fmt.Errorf("after %d orders: %w; run the command again to go on", added, err)
			}
			seen, added = seen+len(some), added+fresh
			progress.show("%s %d of %d", bar(seen, len(bodies)), seen, len(bodies))
		}
		progress.end()
		rate := float64(seen) / time.Since(started).Seconds()
		if added < seen {
			if renewed, err = queue.Renew(ctx, c.ledger, client, *run); err != nil {
				return err
			}
		}
		if err := c.ledger.Settle(ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintf(c.out, "run %s: %d orders added, %d were there already (%.0f a second), %d had lost their job and have a new one\n",
			*run, added, seen-added, rate, renewed)
		return err
	}
}

// readOrders reads a file, and names every bad line: one that is no order, an account that comes twice, or that has another order in the run.
func (c *command) readOrders(ctx context.Context, run, name string) (bodies []ledger.Body, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the orders: %w", err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	if names, err := reader.Read(); !slices.Equal(names, header) {
		return nil, errors.Join(fmt.Errorf("the first line has to be account,user,side,amount,currency, not %q", names), err)
	}
	bad, first := 0, map[uuid.UUID]int{}
	complain := func(line int, problem error) {
		bad++
		_, _ = fmt.Fprintf(c.errors, "line %d: %v\n", line, problem)
	}
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			complain(syntax.StartLine, syntax.Err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the orders: %w", err)
		}
		line, _ := reader.FieldPos(0)
		body, err := readBody(fields)
		if before := first[body.Account]; err == nil && before != 0 {
			err = fmt.Errorf("account %s is in line %d too", body.Account, before)
		}
		if err != nil {
			complain(line, err)
			continue
		}
		first[body.Account] = line
		bodies = append(bodies, body)
	}
	for some := range slices.Chunk(bodies, chunk) {
		differing, err := c.ledger.Differing(ctx, run, some)
		if err != nil {
			return nil, err
		}
		for _, account := range differing {
			complain(first[account], fmt.Errorf("account %s has another order in the run %s already", account, run))
		}
	}
	switch {
	case bad > 0:
		return nil, fmt.Errorf("%d bad lines; nothing was written", bad)
	case len(bodies) == 0:
		return nil, errors.New("the file has no orders")
	}
	return bodies, nil
}

// readBody reads the fields of a line, and keeps to what the API's reference says of an order.
func readBody(fields []string) (body ledger.Body, err error) {
	if len(fields) != len(header) {
		return body, fmt.Errorf("%d fields, expected %d", len(fields), len(header))
	}
	var problems []string
	expect := func(isSo bool, format string, field string) {
		if !isSo {
			problems = append(problems, fmt.Sprintf(format, field))
		}
	}
	// As clones, or each amount would keep its whole line in memory.
	body = ledger.Body{Side: strings.Clone(fields[2]), Amount: strings.Clone(fields[3]), Currency: strings.Clone(fields[4])}
	body.Account, err = uuid.Parse(fields[0])
	expect(err == nil && body.Account != uuid.Nil, "account %q is no UUID", fields[0])
	body.User, err = uuid.Parse(fields[1])
	expect(err == nil && body.User != uuid.Nil, "user %q is no UUID", fields[1])
	expect(body.Side == string(portfolios.SideBUY) || body.Side == string(portfolios.SideSELL), "side %q is neither BUY nor SELL", body.Side)
	_, err = api.NewAmount(body.Amount)
	sign, _ := api.Decimal(body.Amount).Sign()
	expect(err == nil, "amount %q is no number of up to 63 digits and 27 more behind a point", body.Amount)
	expect(err != nil || sign > 0, "amount %q is not above 0", body.Amount)
	expect(body.Currency == string(portfolios.CurrencyEUR), "currency %q is not EUR", body.Currency)
	if len(problems) > 0 {
		return body, errors.New(strings.Join(problems, "; "))
	}
	return body, nil
}
