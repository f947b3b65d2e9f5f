// Command reconcile writes the orders of a day to a CSV file, to be held against one's
// own books.
//
//	go run ./reconcile -day 2026-03-05 -to orders.csv
//
// It reads from the server that the UPVEST_API_* variables name. If it is broken off, the
// same command goes on where it stopped; what is written so far is in orders.csv.part,
// and orders.csv appears once it is whole.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/schollz/progressbar/v3" // a bar with rate and remaining time, and no output where nobody watches
	"golang.org/x/term"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var watched io.Writer = io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		watched = os.Stderr
	}
	if err := run(ctx, os.Args[1:], os.Stdout, watched); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "reconcile:", err)
		os.Exit(1)
	}
}

// run reports to out, and shows its progress to whoever watches.
func run(ctx context.Context, args []string, out, watched io.Writer) error {
	flags := flag.NewFlagSet("reconcile", flag.ContinueOnError)
	flags.SetOutput(out)
	date := flags.String("day", "", "the day, as in 2026-03-05, in UTC")
	path := flags.String("to", "orders.csv", "the file to write")
	rows := flags.Int("page", 1000, "how many orders to ask for at once")
	if err := flags.Parse(args); err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, *date)
	if err != nil {
		return fmt.Errorf("-day: %w", err)
	}
	if _, err := os.Stat(*path); err == nil {
		return fmt.Errorf("-to: %s is there already, and complete", *path)
	}
	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	client, err := upvest.New(credentials, upvest.WithUserAgent("reconcile"))
	if err != nil {
		return err
	}
	book, err := openBook(*path + ".part")
	if err != nil {
		return err
	}
	err = fill(ctx, client, book, day, int32(*rows), watched)
	if err := errors.Join(err, book.close()); err != nil {
		return fmt.Errorf(
			"%s has %d orders so far, give the same command to go on: %w",
			book.path,
			book.rows,
			err,
		)
	}
	if err := os.Rename(book.path, *path); err != nil {
		return fmt.Errorf("name the finished file: %w", err)
	}
	fmt.Fprintf(out, "%s has the %d orders of %s.\n", *path, book.rows, *date)
	return nil
}

// fill adds the orders of a day that the book does not have yet.
func fill(
	ctx context.Context,
	client *upvest.Client,
	book *book,
	day time.Time,
	rows int32,
	watched io.Writer,
) error {
	next := day.AddDate(0, 0, 1)
	// Whether end_date is inclusive is not documented: ask up to the next day's first
	// second, and leave out what is of the next day.
	params := portfolios.ListPortfoliosOrdersParams{StartDate: &day, EndDate: &next, Limit: &rows}
	total, done, err := position(ctx, client, params, book.last)
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions(
		total,
		progressbar.OptionSetWriter(watched),
		progressbar.OptionSetDescription(day.Format(time.DateOnly)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionThrottle(100*time.Millisecond),
	)
	defer func() { _ = bar.Exit() }()
	_ = bar.Set(done) // whether anybody sees it does not matter
	offset := int32(done)
	params.Offset = &offset
	for order, err := range client.Orders.All(ctx, params) {
		if err != nil {
			return err
		}
		if order.CreatedAt.Before(next) && bytes.Compare(order.ID[:], book.last[:]) > 0 {
			if err := book.add(order); err != nil {
				return err
			}
		}
		_ = bar.Add(1)
	}
	return nil
}
