// Package operation defines the operations of a fleet. Each operation is a small type
// that checks a line of a file, sends the line, looks it up at the server, and reports
// whether its state there is final.
package operation

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Operation is a kind of write, such as placing orders. Its methods are safe for
// concurrent use.
type Operation interface {
	// Name is the name in commands and the ledger, for example create-orders.
	Name() string
	// ID is the operationId of the API, from which idempotency keys are derived.
	ID() string
	// Columns are the columns of the operation's files. The first column is the subject,
	// which is an id.
	Columns() []string
	// Parse checks the fields that follow the subject in a line. The error of Parse
	// describes every problem in these fields.
	Parse(fields []string) error
	// IsSame reports whether two lines with the same subject are equivalent.
	IsSame(a, b []string) bool
	// WithoutLookup returns for how long an item may be sent without a lookup.
	WithoutLookup() ledger.WithoutLookup
	// Send sends the item.
	Send(ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption) (Sent, error)
	// Look finds out whether the server has carried the item out.
	Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error)
	// IsSettled reports whether the given state of an item at the server is final.
	IsSettled(state string) bool
	// MakesOrders reports whether each item places an order. The order then appears in
	// the server's list of orders.
	MakesOrders() bool
}

// OrderMaker is an operation whose items place orders.
type OrderMaker interface {
	// Resembles reports whether an order at the server matches a line.
	Resembles(line ledger.Line, order Candidate) bool
}

// Item has those fields of an item in the ledger that an operation needs.
type Item struct {
	ledger.Line
	// Given is the order that the server returned for an earlier attempt of the item.
	Given uuid.NullUUID
	// From and To bound the time in which the server can have carried out an attempt of
	// the item. A lookup for an order ignores orders that were created outside it. If To
	// is the zero time, there is no upper bound.
	From, To time.Time
	// Claimed returns those of the given orders that already belong to an item.
	Claimed func(context.Context, []uuid.UUID) ([]uuid.UUID, error)
}

// Sent is the result of a request that the server has accepted.
type Sent struct {
	Resource uuid.NullUUID // the order that was placed
	State    string
	// Contradiction describes how the response differs from the item, or is empty. An
	// item with a contradiction goes to review.
	Contradiction string
}

// Verdict is the result of a lookup.
type Verdict int

// The verdicts.
const (
	None    Verdict = iota + 1 // the item was not carried out, so it may be sent
	One                        // the server has carried the item out
	Several                    // several resources at the server match the item
	Unclear                    // the lookup is inconclusive
	Refused                    // the item can no longer be carried out
)

// Finding is a verdict with its reason.
type Finding struct {
	Verdict  Verdict
	Resource uuid.NullUUID
	State    string
	Detail   string
	Date     time.Time // the Date header of the response, zero if there is none
}

// All returns the operations in the order in which help lists them.
func All() []Operation {
	return []Operation{
		CreateOrders{},
		CreateConfigurations{},
		ChangeConfigurations{},
		CancelOrders{},
		Liquidate{},
	}
}

// Named returns the operation with the given name.
func Named(name string) (Operation, error) {
	for _, operation := range All() {
		if operation.Name() == name {
			return operation, nil
		}
	}
	return nil, fmt.Errorf("there is no operation %.60q: fleet help lists all operations", name)
}

// DateOf returns the time in the Date header of a response, or the zero time if there is
// none. It ignores the header of a cached response, because that time is old.
func DateOf(response *upvest.Response) time.Time {
	if response.Header.Get("Age") != "" {
		return time.Time{}
	}
	date, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return date
}

// valid returns the id as a NullUUID that is set.
func valid(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: true} }
