package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// columns contains the names of the columns, which form the first line of the file. The
// method book.add writes one field for each column, in this order.
var columns = []string{
	"id", "created_at", "account_id", "user_id", "allocation_id",
	"type", "cash_amount", "currency", "status", "individual_orders",
}

// book is a CSV file with one order per line, sorted by ID. Amounts are written exactly
// as the server sent them.
type book struct {
	path string
	file *os.File
	csv  *csv.Writer
	rows int
	last uuid.UUID // the ID of the last order, zero in an empty book
}

// openBook opens the book at the given path for appending. If the file does not exist,
// openBook creates an empty book.
func openBook(path string) (*book, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	b := &book{path: path, file: file, csv: csv.NewWriter(file)}
	if err := b.resume(); err != nil {
		return nil, errors.Join(fmt.Errorf("resume %s: %w", path, err), file.Close())
	}
	return b, nil
}

// resume removes an incomplete last line from the file, counts the orders in the other
// lines, and stores the ID of the last order. If no lines remain, resume writes the names
// of the columns.
func (b *book) resume() error {
	text, err := io.ReadAll(b.file)
	if err != nil {
		return err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	if err := b.file.Truncate(int64(len(text))); err != nil {
		return err
	}
	if _, err := b.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if len(records) == 0 {
		return b.csv.Write(columns)
	}
	b.rows = len(records) - 1
	if b.rows == 0 {
		return nil
	}
	b.last, err = uuid.Parse(records[b.rows][0])
	return err
}

func (b *book) add(order portfolios.Order) error {
	err := b.csv.Write([]string{
		order.ID.String(),
		order.CreatedAt.UTC().Format(time.RFC3339Nano),
		order.AccountID.String(),
		order.UserID.String(),
		order.AllocationID.String(),
		string(order.Type),
		string(order.CashAmount),
		string(order.Currency),
		string(order.Status),
		strconv.Itoa(len(order.Orders)),
	})
	if err != nil {
		return fmt.Errorf("write order %s: %w", order.ID, err)
	}
	b.rows++
	b.last = order.ID
	return nil
}

// close writes the orders that are still in memory, and closes the file.
func (b *book) close() error {
	b.csv.Flush()
	return errors.Join(b.csv.Error(), b.file.Close())
}
