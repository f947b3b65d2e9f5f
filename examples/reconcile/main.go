// Command reconcile writes the orders of a day to a CSV file, so that you can compare
// them with your books.
//
//	go run ./reconcile -day 2026-03-05 -to orders.csv
//
// The program reads from the server given in the UPVEST_API_* variables. Run it after the
// day (in UTC) has ended: an order that is placed during a run, or between two runs, may
// be missing from the file.
//
// After an interruption, run the command again to continue where the last run stopped.
// The file orders.csv.part contains the orders written so far, and is renamed to
// orders.csv after the last order.
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

	"github.com/schollz/progressbar/v3" // shows the rate and the remaining time
	"golang.org/x/term"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	progress := io.Discard
	if term.IsTerminal(int(os.Stderr.Fd())) {
		progress = os.Stderr
	}
	if err := run(ctx, os.Args[1:], os.Stdout, progress); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "reconcile:", err)
		os.Exit(1)
	}
}

// run writes the orders of a day to a file. It prints its result to the writer `out`, and
// a progress bar to the writer `progress`.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("reconcile", flag.ContinueOnError)
	flags.SetOutput(out)
	date := flags.String("day", "", "the day in UTC, such as 2026-03-05")
	path := flags.String("to", "orders.csv", "the file to write")
	rows := flags.Int("page", 1000, "the number of orders to request per page")
	if err := flags.Parse(args); err != nil {
		return err
	}
	day, err := time.Parse(time.DateOnly, *date)
	if err != nil {
		return fmt.Errorf("-day: %w", err)
	}
	if _, err := os.Stat(*path); err == nil {
		return fmt.Errorf("-to: %s exists already: remove it, or choose a different file", *path)
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
	err = fill(ctx, client, book, day, int32(*rows), progress)
	if err := errors.Join(err, book.close()); err != nil {
		const text = "%s has %d orders so far; run the same command to continue: %w"
		return fmt.Errorf(text, book.path, book.rows, err)
	}
	if err := os.Rename(book.path, *path); err != nil {
		return fmt.Errorf("rename the complete file: %w", err)
	}
	fmt.Fprintf(out, "%s has the %d orders of %s.\n", *path, book.rows, *date)
	return nil
}

// fill requests the orders of the day, and adds those that the book does not contain yet.
func fill(
	ctx context.Context, client *upvest.Client, book *book, day time.Time, rows int32, progress io.Writer,
) error {
	next := day.AddDate(0, 0, 1)
	// Upvest does not document whether end_date is inclusive. The program therefore sets
	// end_date to the next midnight, and skips any orders of the next day in the list.
	params := portfolios.ListPortfoliosOrdersParams{StartDate: &day, EndDate: &next, Limit: &rows}
	total, done, err := position(ctx, client, params, book.last)
	if err != nil {
		return err
	}
	bar := progressbar.NewOptions(
		total,
		progressbar.OptionSetWriter(progress),
		progressbar.OptionSetDescription(day.Format(time.DateOnly)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionThrottle(100*time.Millisecond),
	)
	defer func() { _ = bar.Exit() }()
	_ = bar.Set(done) // the program can continue without the bar
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
