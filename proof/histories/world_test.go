package histories_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const (
	accounts = 4
	callers  = 3
	steps    = 6 // per caller
	resumes  = 4 // the largest number of times that a caller resumes a call
)

// world contains a sandbox, and the orders that several callers place, cancel and read.
type world struct {
	random   *rand.Rand // draws the plans before the callers start
	server   *sandbox.Sandbox
	defect   defect
	accounts []uuid.UUID
	user     uuid.UUID

	mu      sync.Mutex
	tick    int64
	orders  []uuid.UUID // the order that a caller has received for each account, or zero
	history []porcupine.Operation
}

// move is a planned step of a caller.
type move struct {
	kind    kind
	account int
	wait    time.Duration
	// the caller restarts, and loses the error that it needs to resume the call
	restart bool
}

func newWorld(seed uint64, d defect) (*world, error) {
	w := &world{
		random: rand.New(rand.NewPCG(seed, 0)), defect: d, user: newID(seed, 1),
		orders: make([]uuid.UUID, accounts),
	}
	mix := newID(seed, 2)
	weights := map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}
	start := sandbox.State{Allocations: []sandbox.Allocation{{ID: mix, Weights: weights}}}
	for i := range accounts {
		account := newID(seed, uint64(3+i))
		w.accounts = append(w.accounts, account)
		start.Accounts = append(start.Accounts, sandbox.Account{ID: account, AllocationID: mix})
	}
	var err error
	w.server, err = sandbox.New(sandbox.WithoutNetwork(), sandbox.WithState(start), sandbox.WithSeed(seed+1),
		sandbox.WithOrderDelay(1000*time.Hour))
	return w, err
}

func newID(seed, number uint64) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%d %d", seed, number))
}

// run lets all callers carry out their plans at the same time, and then reads the actual
// effects. It records all operations in the history.
func (w *world) run(ctx context.Context) error {
	var plans [][]move
	for range callers {
		plans = append(plans, w.plan())
	}
	if err := w.injectFaults(); err != nil {
		return err
	}
	var running sync.WaitGroup
	failures := make([]error, callers+1)
	for i, plan := range plans {
		running.Go(func() { failures[i] = w.call(ctx, plan) })
	}
	running.Wait()
	failures[callers] = w.inspect()
	return errors.Join(failures...)
}

func (w *world) plan() (plan []move) {
	for range steps {
		kinds := []kind{create, create, cancel, retrieve}
		plan = append(plan, move{
			kind: kinds[w.random.IntN(len(kinds))], account: w.random.IntN(accounts),
			wait: time.Duration(w.random.IntN(3000)) * time.Millisecond, restart: w.random.IntN(4) == 0,
		})
	}
	return plan
}

func (w *world) injectFaults() error {
	statuses := []int{
		0, 0, http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusBadRequest,
	}
	for range 10 {
		f := sandbox.Fault{
			Operation: []sandbox.Operation{sandbox.CreateOrder, sandbox.CancelOrder}[w.random.IntN(2)],
			Status:    statuses[w.random.IntN(len(statuses))],
			After:     w.random.IntN(2) == 0,
			Nth:       1 + w.random.IntN(3),
			Count:     1 + w.random.IntN(5),
		}
		f.Reset = f.Status == 0
		if f.Status == http.StatusBadRequest {
			f.After = false // only a defective server refuses a request that took effect
		}
		if err := w.server.Inject(f); err != nil {
			return fmt.Errorf("inject a fault: %w", err)
		}
	}
	return nil
}

// newClient returns a new client. A caller creates a client for every step, as a program
// does after a restart.
func (w *world) newClient() (*upvest.Client, error) {
	server := w.server.Transport()
	if w.defect.wrap != nil {
		server = w.defect.wrap(w, server)
	}
	return upvest.New(w.server.Credentials(), upvest.WithHTTPClient(&http.Client{Transport: server}))
}

func (w *world) call(ctx context.Context, plan []move) error {
	for _, m := range plan {
		client, err := w.newClient()
		if err != nil {
			return err
		}
		time.Sleep(m.wait)
		w.mu.Lock()
		order := w.orders[m.account]
		w.mu.Unlock()
		if m.kind != create && order == uuid.Nil {
			continue
		}
		w.perform(ctx, client, m, order)
	}
	return nil
}

// perform makes a call. Unless the caller restarts, perform resumes the call up to four
// times while its outcome is unknown or its response is unusable. It records all these
// calls as one operation.
func (w *world) perform(ctx context.Context, client *upvest.Client, m move, order uuid.UUID) {
	began := w.now()
	out, err := w.once(ctx, client, m, order)
	for range resumes {
		var failure *upvest.Error
		if m.restart || out.verdict != operations.Unknown && out.verdict != operations.Accepted {
			break
		}
		if !errors.As(err, &failure) {
			break
		}
		out, err = w.once(ctx, client, m, order, w.defect.repeat(failure)...)
	}
	if m.kind == create && out.order != uuid.Nil {
		w.mu.Lock()
		w.orders[m.account] = out.order
		w.mu.Unlock()
	}
	w.record(began, input{kind: m.kind, account: m.account}, out)
}

func (w *world) once(
	ctx context.Context, client *upvest.Client, m move, order uuid.UUID, options ...upvest.CallOption,
) (out output, err error) {
	switch m.kind {
	case create:
		if len(options) == 0 {
			options = append(options, upvest.WithIdempotencyKey(keyOf(m.account)))
		}
		var placed *portfolios.Order
		placed, err = client.Orders.Create(ctx, portfolios.OrderRequest{
			AccountID: w.accounts[m.account], UserID: w.user, CashAmount: "100.00",
			Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
		}, options...)
		if err == nil {
			out.order = placed.ID
		}
	case cancel:
		err = client.Orders.Cancel(ctx, w.defect.target(w, m.account, order), options...)
		out.order = order
	default:
		var read *portfolios.Order
		read, err = client.Orders.Retrieve(ctx, order, options...)
		if err == nil {
			out.order = read.ID
			out.cancelled = read.Status == portfolios.OrderStatusCANCELLED
		}
	}
	out.verdict = operations.VerdictOf(m.kind != retrieve, err)
	return out, err
}

// keyOf returns the idempotency key that all callers use to place the order of an
// account.
func keyOf(account int) uuid.UUID { return newID(uint64(account), 1) }

// inspect reads the effects of all calls from the sandbox, and records them for each
// account.
func (w *world) inspect() error {
	effects, err := w.server.Effects()
	if err != nil {
		return fmt.Errorf("read the effects: %w", err)
	}
	for i, account := range w.accounts {
		out := output{verdict: operations.Succeeded}
		for _, effect := range effects {
			if !slices.Contains(effect.AccountIDs, account) {
				continue
			}
			if effect.Operation == sandbox.CreateOrder {
				out.created = append(out.created, effect.ResourceID)
			}
			out.cancelled = out.cancelled || effect.Operation == sandbox.CancelOrder
		}
		w.record(w.now(), input{kind: inspect, account: i}, out)
	}
	return nil
}

func (w *world) now() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tick++
	return w.tick
}

func (w *world) record(began int64, in input, out output) {
	ended := w.now()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.history = append(w.history, porcupine.Operation{Input: in, Call: began, Output: out, Return: ended})
}
