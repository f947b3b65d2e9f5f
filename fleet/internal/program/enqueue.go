package program

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
)

const (
	chunk    = 1000 // rows to a transaction
	maxNamed = 1000 // bad lines that are named
)

var header = []string{"account", "user", "side", "amount", "currency"}

// enqueue goes through the file twice: once to find every bad line, before anything is written, and once to write.
func (c *command) enqueue(ctx context.Context, arguments []string) error {
	run := c.flags.String("run", "", "the name of the run, for ever: with the account it makes the key of each order")
	if err := c.parse(arguments, 1); err != nil {
		return err
	}
	if *run == "" {
		return errors.New("-run is missing")
	}
	file, remove, err := seekable(c.flags.Arg(0))
	if err != nil {
		return err
	}
	defer remove()
	l, err := c.open(ctx, 2)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.IsMigrated(ctx); err != nil {
		return err
	}
	client, err := queue.New(l, c.logger)
	if err != nil {
		return err
	}
	total, err := c.checkFile(ctx, l, *run, file)
	if err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the file again: %w", err)
	}
	if _, err := l.AddRun(ctx, *run); err != nil {
		return err
	}
	seen, added, started := 0, 0, time.Now()
	progress := c.newProgress()
	err = readChunks(file, func(lines []line) error {
		bodies := make([]ledger.Body, len(lines))
		for i, line := range lines {
			bodies[i] = line.body
		}
		fresh, err := queue.Add(ctx, l, client, *run, bodies)
		if err != nil {
			return fmt.Errorf("after %d orders: %w; run the command again to go on", added, err)
		}
		seen, added = seen+len(lines), added+fresh
		progress.show(fmt.Sprintf("%s %d of %d", bar(seen, total), seen, total))
		return nil
	})
	progress.end()
	if err != nil {
		return err
	}
	if err := l.Settle(ctx); err != nil {
		return err
	}
	rate := float64(seen) / time.Since(started).Seconds()
	_, err = fmt.Fprintf(c.out, "run %s: %d orders added, %d were there already (%.0f a second)\n", *run, added, seen-added, rate)
	return err
}

// seekable opens a file that can be read twice: what comes from a pipe is kept beside it.
func seekable(name string) (file *os.File, remove func(), err error) {
	if name != "-" {
		if file, err = os.Open(name); err != nil {
			return nil, nil, fmt.Errorf("open the orders: %w", err)
		}
		return file, func() { _ = file.Close() }, nil
	}
	if file, err = os.CreateTemp("", "fleet-*.csv"); err != nil {
		return nil, nil, fmt.Errorf("keep the orders: %w", err)
	}
	remove = func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}
	_, err = io.Copy(file, os.Stdin)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("keep the orders: %w", err)
	}
	return file, remove, nil
}

type line struct {
	number int
	body   ledger.Body
	err    error
}

// checkFile names every bad line: one that is no order, an account that comes twice, or that has another order in the run already.
func (c *command) checkFile(ctx context.Context, l *ledger.Ledger, run string, file io.Reader) (total int, err error) {
	bad := 0
	name := func(number int, problem error) {
		if bad++; bad <= maxNamed {
			_, _ = fmt.Fprintf(c.errors, "line %d: %v\n", number, problem)
		}
	}
	first := map[uuid.UUID]int{}
	err = readChunks(file, func(lines []line) error {
		bodies := make([]ledger.Body, 0, len(lines))
		for i, line := range lines {
			if line.err == nil && first[line.body.Account] != 0 {
				line.err = fmt.Errorf("account %s is in line %d too", line.body.Account, first[line.body.Account])
			}
			if lines[i] = line; line.err == nil {
				first[line.body.Account] = line.number
				bodies = append(bodies, line.body)
			}
		}
		differing, err := l.Differing(ctx, run, bodies)
		for _, line := range lines {
			if line.err == nil && differing[line.body.Account] {
				line.err = fmt.Errorf("account %s has another order in the run %s already", line.body.Account, run)
			}
			if line.err != nil {
				name(line.number, line.err)
			}
		}
		return err
	})
	switch {
	case err != nil:
		return 0, err
	case bad > 0:
		return 0, fmt.Errorf("%d bad lines, the first %d are named; nothing was written", bad, min(bad, maxNamed))
	case len(first) == 0:
		return 0, errors.New("the file has no orders")
	}
	return len(first), nil
}

// readChunks passes the orders of a file on, some at a time.
func readChunks(file io.Reader, handle func([]line) error) error {
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	reader.ReuseRecord = true
	names, err := reader.Read()
	if err != nil || !slices.Equal(names, header) {
		return fmt.Errorf("the first line has to be account,user,side,amount,currency, not %q (%w)", names, errors.Join(err))
	}
	lines := make([]line, 0, chunk)
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		number, _ := reader.FieldPos(0)
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			number = syntax.StartLine
		} else if err != nil {
			return fmt.Errorf("read the orders: %w", err)
		}
		next := line{number: number, err: err}
		if err == nil {
			next.body, next.err = readBody(fields)
		}
		if lines = append(lines, next); len(lines) == chunk {
			if err := handle(lines); err != nil {
				return err
			}
			lines = lines[:0]
		}
	}
	if len(lines) == 0 {
		return nil
	}
	return handle(lines)
}

// readBody reads the fields of a line, and keeps to what the API's reference says of an order.
func readBody(fields []string) (body ledger.Body, err error) {
	if len(fields) != len(header) {
		return body, fmt.Errorf("%d fields, expected %d", len(fields), len(header))
	}
	var account, user, amount, sign error
	body = ledger.Body{Side: fields[2], Amount: fields[3], Currency: fields[4]}
	if body.Account, account = uuid.Parse(fields[0]); account != nil || body.Account == uuid.Nil {
		account = fmt.Errorf("account %q is no UUID", fields[0])
	}
	if body.User, user = uuid.Parse(fields[1]); user != nil || body.User == uuid.Nil {
		user = fmt.Errorf("user %q is no UUID", fields[1])
	}
	var side, currency error
	if body.Side != string(portfolios.SideBUY) && body.Side != string(portfolios.SideSELL) {
		side = fmt.Errorf("side %q is neither BUY nor SELL", body.Side)
	}
	if _, amount = api.NewAmount(body.Amount); amount == nil {
		if value, err := api.Decimal(body.Amount).Rat(); err != nil || value.Sign() <= 0 {
			sign = fmt.Errorf("amount %q is not above 0", body.Amount)
		}
	}
	if body.Currency != string(portfolios.CurrencyEUR) {
		currency = fmt.Errorf("currency %q is not EUR", body.Currency)
	}
	for _, problem := range []error{account, user, side, amount, sign, currency} {
		if problem != nil && err == nil {
			err = problem
		} else if problem != nil {
			err = fmt.Errorf("%w; %w", err, problem)
		}
	}
	return body, err
}
