package histories_test

import (
	"cmp"
	"slices"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
)

// kind is the kind of an operation in a history.
type kind string

const (
	create   kind = "create"
	cancel   kind = "cancel"
	retrieve kind = "retrieve"
	// inspect reads the actual effects from the sandbox after all calls have ended.
	inspect kind = "inspect"
)

// input is an operation on the only order of an account.
type input struct {
	kind    kind
	account int
}

// output is the result that a caller received. A call and the calls that resume it count
// as one operation, with the verdict of the last of these calls.
type output struct {
	verdict   operations.Verdict
	order     uuid.UUID // the order in the response, or the order to cancel; zero if none
	cancelled bool
	created   []uuid.UUID // for the kind inspect: the orders placed for the account
}

// state describes an account in the model.
type state struct {
	exists    bool      // the order of the account exists
	order     uuid.UUID // zero until a caller has received the id of the order
	cancelled bool
}

// named returns the state after a caller has received the id of an order, and reports
// whether this result is possible in the state s. The zero UUID means that the caller
// received no id.
func (s state) named(order uuid.UUID) (state, bool) {
	if order == uuid.Nil {
		return s, s.exists
	}
	isSame := s.order == uuid.Nil || s.order == order
	s.order = order
	return s, s.exists && isSame
}

// step returns the possible states of an account after an operation with this output.
func (s state) step(in input, out output) []state {
	changed := s
	switch in.kind {
	case create:
		changed.exists = true
	case cancel:
		changed.cancelled = true
	case retrieve:
		return s.read(out)
	case inspect:
		return s.inspected(out)
	}
	changed, isPossible := changed.named(out.order)
	isDone := out.verdict == operations.Succeeded || out.verdict == operations.Accepted
	switch {
	case isDone && isPossible:
		return []state{changed}
	case isDone:
		return nil
	case out.verdict == operations.Unknown && isPossible:
		return []state{s, changed}
	}
	return []state{s} // the operation was refused, or cannot have taken effect
}

func (s state) read(out output) []state {
	if out.verdict != operations.Succeeded {
		return []state{s}
	}
	after, isPossible := s.named(out.order)
	if !isPossible || out.cancelled != s.cancelled {
		return nil
	}
	return []state{after}
}

func (s state) inspected(out output) []state {
	want := 0
	if s.exists {
		want = 1
	}
	if len(out.created) != want || out.cancelled != s.cancelled {
		return nil
	}
	if want == 1 {
		if _, isSame := s.named(out.created[0]); !isSame {
			return nil
		}
	}
	return []state{s}
}

// model describes the guarantees of the clients: an account has at most one order,
// callers receive only the id of that order, and a write that succeeds has taken effect.
func model() porcupine.Model {
	nondeterministic := porcupine.NondeterministicModel{
		Partition: byAccount,
		Init:      func() []any { return []any{state{}} },
		Step: func(before, in, out any) (after []any) {
			for _, next := range before.(state).step(in.(input), out.(output)) {
				after = append(after, next)
			}
			return after
		},
		Equal: func(a, b any) bool { return a == b },
	}
	return nondeterministic.ToModel()
}

func byAccount(history []porcupine.Operation) (parts [][]porcupine.Operation) {
	account := func(o porcupine.Operation) int { return o.Input.(input).account }
	slices.SortStableFunc(history, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(account(a), account(b)), cmp.Compare(a.Call, b.Call))
	})
	for i, operation := range history {
		if i == 0 || account(history[i-1]) != account(operation) {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], operation)
	}
	return parts
}
