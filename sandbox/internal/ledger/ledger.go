package ledger

import (
	"context"
	"math/big"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

var _ contract.StrictServerInterface = (*Ledger)(nil)

// Options are what a [Ledger] takes from its surroundings. The zero value is ready to use.
type Options struct {
	// Now is the sandbox's clock. It is called with the ledger locked, so it must not call the ledger. nil: time.Now.
	Now func() time.Time
	// NewID makes the ids of allocations, orders and rebalancing executions; each call must give another one. It is called with the
	// ledger locked. nil: uuid.New.
	NewID func() uuid.UUID
	// OrderDelay is how long an order stays NEW, and then how long it stays PROCESSING. Zero or less: an order is FILLED at the first
	// look after the answer to its creation.
	OrderDelay time.Duration
	// Settles makes an order SETTLED another delay after it is FILLED, as in later versions of the API.
	Settles bool
	// Accounts tells who owns an account and whether it exists (closed world). It must be safe for concurrent use. nil: every account
	// and every user but the zero UUID exists, and every user owns every account (open world).
	Accounts func(accountID uuid.UUID) (ownerUser uuid.UUID, known bool)
}

// Ledger holds the state of every API client and answers the fifteen portfolios operations. It implements
// [contract.StrictServerInterface] and is safe for concurrent use. Make one with [New].
//
// A method that cannot do what it is asked for returns a [*Refusal]; the state is then as it was. No method waits, so a context only
// names the client (see [WithClient]). None keeps others out for long either: what goes through many items does so in turns.
type Ledger struct {
	options Options

	mu      sync.Mutex
	clients map[uuid.UUID]*client
	placed  uint32 // orders so far
	effects effectLog
	prices  map[string]*big.Int // by instrumentKey, of those that were set, in units of 10^-27
}

// client is the state of one API client.
type client struct {
	id             uuid.UUID
	allocations    index[allocation]
	configurations index[configuration] // sorted by account
	orders         index[order]
	executions     map[uuid.UUID]*execution
	accounts       map[uuid.UUID]*account
}

// New makes an empty ledger.
func New(options Options) *Ledger {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.NewID == nil {
		options.NewID = uuid.New
	}
	options.OrderDelay = max(0, options.OrderDelay)
	return &Ledger{options: options, clients: map[uuid.UUID]*client{}, effects: newEffectLog(), prices: map[string]*big.Int{}}
}

type clientKey struct{}

// WithClient returns a context whose calls act for the API client clientID. No client sees what another one made: it is not found.
// Without it, a call acts for the client with the zero UUID.
func WithClient(ctx context.Context, clientID uuid.UUID) context.Context {
	return context.WithValue(ctx, clientKey{}, clientID)
}

// enter returns the state of the calling client and the current time. The ledger must be locked.
func (l *Ledger) enter(ctx context.Context) (*client, time.Time) {
	id, _ := ctx.Value(clientKey{}).(uuid.UUID)
	c := l.clients[id]
	if c == nil {
		c = &client{
			id:             id,
			allocations:    newIndex(func(a *allocation) *uuid.UUID { return &a.id }),
			configurations: newIndex(func(c *configuration) *uuid.UUID { return &c.account.id }),
			orders:         newIndex((*order).key),
			executions:     map[uuid.UUID]*execution{},
			accounts:       map[uuid.UUID]*account{},
		}
		l.clients[id] = c
	}
	// Round(0) drops the monotonic reading, so that instants compare as the wall clock shows them.
	return c, l.options.Now().UTC().Round(0)
}

// look is enter for a caller that does not keep the ledger locked.
func (l *Ledger) look(ctx context.Context) (*client, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.enter(ctx)
}

// later returns the later of two instants: what shows updated_at must not go back when the clock does.
func later(a, b time.Time) time.Time {
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
		return notFound("account_id", "there is no account %s; expected the id of an existing account", accountID)
	}
	return nil
}

// checkOwner refuses an account that does not exist or that the user does not own.
//
// Choice: both are 404, as is every id in a request that leads nowhere.
func (l *Ledger) checkOwner(accountID, userID uuid.UUID) error {
	if err := l.checkAccount(accountID); err != nil {
		return err
	}
	owner := userID
	if l.options.Accounts != nil {
		owner, _ = l.options.Accounts(accountID)
	}
	if userID == uuid.Nil || owner != userID {
		return notFound("user_id", "there is no user %s with the account %s; expected the id of the account's owner", userID, accountID)
	}
	return nil
}
