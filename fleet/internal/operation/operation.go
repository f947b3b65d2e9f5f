// Package operation holds the writes that a fleet can make. Each is a small type that
// parses a line of a file, sends it, looks it up at the server, and reports whether it is
// settled.
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

// Operation is a write. Its methods are safe for concurrent use.
type Operation interface {
	// Name is how commands and the ledger name it, for example create-orders.
	Name() string
	// ID is the operationId of the API, from which idempotency keys are derived.
	ID() string
	// Columns are those of a file. The first is the subject, an id.
	Columns() []string
	// Parse checks the fields of a line after the subject. Its errors name every problem.
	Parse(fields []string) error
	// IsSame reports whether two lines of one subject ask for the same.
	IsSame(a, b []string) bool
	// Blindly says when an item may be sent without a look.
	Blindly() ledger.Blindly
	// Send sends the item.
	Send(ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption) (Sent, error)
	// Look looks for the item at the server.
	Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error)
	// IsSettled reports whether a state of the server is final.
	IsSettled(state string) bool
	// MakesOrders reports whether an item makes an order, which the server lists.
	MakesOrders() bool
}

// OrderMaker is an operation whose items make orders.
type OrderMaker interface {
	// Resembles reports whether an order of the server is what a line asks for.
	Resembles(line ledger.Line, order Candidate) bool
}

// Item is what an operation needs of an item of the ledger.
type Item struct {
	ledger.Line
	// Given is the order that the server returned for the item earlier.
	Given uuid.NullUUID
	// From and To bound when the attempts of the item can have acted. Zero is no bound.
	From, To time.Time
	// Claimed returns those of some orders that other items have.
	Claimed func(context.Context, []uuid.UUID) ([]uuid.UUID, error)
}

// Sent is a success of the server.
type Sent struct {
	Resource uuid.NullUUID // the order that was made
	State    string
	// Contradiction is what the response contains that is not the item's. The item then
	// needs a person.
	Contradiction string
}

// Verdict is the result of a look.
type Verdict int

// The verdicts.
const (
	None    Verdict = iota + 1 // the server does not have the item: it may be sent
	One                        // the server has it
	Several                    // more than one thing at the server may be the item's
	Unclear                    // the look cannot tell
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

// Named returns the operation of a name.
func Named(name string) (Operation, error) {
	for _, operation := range All() {
		if operation.Name() == name {
			return operation, nil
		}
	}
	return nil, fmt.Errorf("there is no operation %.60q: fleet help lists them", name)
}

// DateOf returns the Date header of a response. A response out of a cache has an old one,
// which counts as absent.
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

// valid makes an id that is there.
func valid(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: true} }
