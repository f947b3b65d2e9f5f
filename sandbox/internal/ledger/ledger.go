package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
)

var (
	_ contract.StrictServerInterface = (*Ledger)(nil)
	_ later.StrictServerInterface    = (*Ledger)(nil)
)

// Options configure a [Ledger]. The zero value is ready to use.
type Options struct {
	// Now is the sandbox's clock. The ledger is locked when it calls Now, so Now must not
	// call the ledger. The default is time.Now.
	Now func() time.Time
	// NewID makes the ids of allocations, orders and rebalancing executions. It must
	// return a new id each time, and must not call the ledger. The default is uuid.New.
	NewID func() uuid.UUID
	// OrderDelay is how long an order stays in each of the states NEW and PROCESSING. If
	// it is zero or less, every transition of an order is due at once, and is applied
	// when the order is read for the first time after its creation.
	OrderDelay time.Duration
	// If Settles is set, an order becomes SETTLED one OrderDelay after it is FILLED, as
	// in later versions of the API.
	Settles bool
	// Accounts returns the owner of an account, and whether the account exists (closed
	// world). It must be safe for concurrent use. If Accounts is nil, every account and
	// every user except the zero UUID exists, and every user owns every account (open
	// world).
	Accounts func(accountID uuid.UUID) (ownerUser uuid.UUID, known bool)
}

// Ledger holds the state of every API client. It carries out the portfolios operations
// and the operations of later versions of the API. It is safe for concurrent use. Create
// a ledger with [New].
//
// An operation of the API that refuses a request returns a [*Refusal], and changes no
// resource. No operation can be cancelled; the context only carries the call (see
// [WithCall]). A rebalancing, and a list operation with a filter, unlock the ledger for
// other calls after every [turn] items.
type Ledger struct {
	options Options

	mu      sync.Mutex
	clients map[uuid.UUID]*client
	placed  uint32 // number of orders placed so far
	ids     uint64 // number of ids made so far
	effects *journal.Log[journal.Effect]
	prices  prices
}

// client is the state of one API client.
type client struct {
	allocations    index[allocation]
	configurations index[configuration] // sorted by account
	orders         index[order]
	executions     map[uuid.UUID]*execution
	accounts       map[uuid.UUID]*account
}

// New returns an empty ledger.
func New(options Options) *Ledger {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.NewID == nil {
		options.NewID = uuid.New
	}
	options.OrderDelay = max(0, options.OrderDelay)
	return &Ledger{
		options: options,
		clients: map[uuid.UUID]*client{},
		effects: journal.NewLog[journal.Effect](maxEffects, maxEffectBytes),
		prices:  prices{},
	}
}

// enter returns the state of the calling client and the current time. The ledger must be
// locked.
func (l *Ledger) enter(ctx context.Context) (*client, time.Time) {
	return l.client(callOf(ctx).ClientID), l.now()
}

// client returns the state of an API client. If the ledger has no state of this client
// yet, it adds an empty one.
func (l *Ledger) client(id uuid.UUID) *client {
	c := l.clients[id]
	if c == nil {
		c = &client{
			allocations:    newIndex(func(a *allocation) *uuid.UUID { return &a.id }),
			configurations: newIndex(func(c *configuration) *uuid.UUID { return &c.account.id }),
			orders:         newIndex((*order).key),
			executions:     map[uuid.UUID]*execution{},
			accounts:       map[uuid.UUID]*account{},
		}
		l.clients[id] = c
	}
	return c
}

// newID makes the id of a resource.
func (l *Ledger) newID() uuid.UUID {
	l.ids++
	return l.options.NewID()
}

// now returns the time without its monotonic reading, so that comparisons use the wall
// clock.
func (l *Ledger) now() time.Time { return l.options.Now().UTC().Round(0) }

// look locks the ledger, calls enter, and returns the results of enter.
func (l *Ledger) look(ctx context.Context) (*client, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enter(ctx)
}

// latest returns the later of two instants. It keeps `updated_at` from decreasing if the
// clock is set back.
func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// checkAccount refuses an account that does not exist.
func (l *Ledger) checkAccount(accountID uuid.UUID) error {
	known := accountID != uuid.Nil
	if known && l.options.Accounts != nil {
		_, known = l.options.Accounts(accountID)
	}
	if !known {
		return notFound("account_id",
			"there is no account %s; expected the id of an existing account", accountID)
	}
	return nil
}

// checkOwner refuses an account that does not exist or that the user does not own.
//
// Choice: both cases are refused with 404, like every other id that does not exist.
func (l *Ledger) checkOwner(accountID, userID uuid.UUID) error {
	if err := l.checkAccount(accountID); err != nil {
		return err
	}
	owner := userID
	if l.options.Accounts != nil {
		owner, _ = l.options.Accounts(accountID)
	}
	if userID == uuid.Nil || owner != userID {
		return notFound("user_id",
			"there is no user %s with the account %s; expected the id of the account's owner",
			userID, accountID)
	}
	return nil
}
