package journal

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

// Filter selects requests or effects. The zero value selects all entries. Each Set method
// adds a condition. It returns an error for a condition that is most likely a mistake of
// the caller.
type Filter struct {
	operation contract.Operation
	account   uuid.UUID
	// The filter selects only entries whose number is greater than After. The Matches
	// methods do not check this number, because callers pass After to [Log.After].
	After uint64
	// hasAfter is true once After is set.
	hasAfter bool
}

// SetOperation selects the entries of an operation. known reports whether an operation
// exists.
func (f *Filter) SetOperation(operation contract.Operation, known func(contract.Operation) bool) error {
	if f.operation != "" {
		return errors.New("filter by operation: given twice, but an entry has only one operation")
	}
	if !known(operation) {
		return fmt.Errorf("filter by operation: %q is not an operationId of this sandbox, nor %q",
			operation, contract.Token)
	}
	f.operation = operation
	return nil
}

// SetAccount selects the entries that name an account.
func (f *Filter) SetAccount(account uuid.UUID) error {
	if f.account != uuid.Nil {
		return errors.New("filter by account: given twice, expected one account")
	}
	if account == uuid.Nil {
		return errors.New("filter by account: the zero UUID names no account")
	}
	f.account = account
	return nil
}

// SetAfter selects the entries whose number is greater than the given number.
func (f *Filter) SetAfter(number uint64) error {
	if f.hasAfter {
		return errors.New("filter by number: given twice, expected one number")
	}
	f.After = number
	f.hasAfter = true
	return nil
}

// MatchesRequest reports whether the filter selects a request.
func (f *Filter) MatchesRequest(r Request) bool { return f.matches(r.Operation, r.AccountIDs) }

// MatchesEffect reports whether the filter selects an effect.
func (f *Filter) MatchesEffect(e Effect) bool { return f.matches(e.Operation, e.AccountIDs) }

func (f *Filter) matches(operation contract.Operation, accounts []uuid.UUID) bool {
	if f.operation != "" && f.operation != operation {
		return false
	}
	return f.account == uuid.Nil || HasAccount(accounts, f.account)
}
