package ledger_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/journal"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
)

const (
	delay = 10 * time.Minute

	funds   = "IE00B0M62Q58"
	apple   = "US0378331005"
	upvests = "c2721bc0-9f65-474b-a846-b237eb17fb05"
)

const (
	statusNew  = contract.OrderStatusNEW
	processing = contract.OrderStatusPROCESSING
	filled     = contract.OrderStatusFILLED
	cancelled  = contract.OrderStatusCANCELLED
)

// anyOrder holds the parameters that list all orders.
var anyOrder = contract.ListPortfoliosOrdersParams{}

func byID(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

var (
	start = time.Date(2021, 7, 21, 14, 10, 0, 0, time.UTC)

	clientID = uuid.MustParse("ebabcf4d-61c3-4942-875c-e265a7c2d062")
	userID   = uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed")
	savings  = uuid.MustParse("debf2026-f2da-4ff0-bb84-92e45babb1e3")
	pension  = uuid.MustParse("00ef0be8-d564-43af-b3c7-11b7a2188030")
	nowhere  = uuid.MustParse("20151679-c159-4f16-b8a2-267b3d968c6f")
)

// world is a ledger whose clock the test moves, and whose ids are the same in every run.
type world struct {
	t      testing.TB
	client uuid.UUID
	// operation is the operation that the next calls record in their effects.
	operation contract.Operation
	api       contract.StrictServerInterface
	ledger    *ledger.Ledger

	mu   sync.Mutex
	time time.Time
	ids  uint64
}

func newWorld(t testing.TB, change ...func(*ledger.Options)) *world {
	t.Helper()
	w := &world{t: t, client: clientID, time: start}
	options := ledger.Options{Now: w.now, NewID: w.newID, OrderDelay: delay}
	for _, apply := range change {
		apply(&options)
	}
	w.ledger = ledger.New(options)
	w.api = w.ledger
	return w
}

// ctx returns the context of a new call.
func (w *world) ctx() context.Context {
	return ledger.WithCall(w.t.Context(), &ledger.Call{
		ClientID:  w.client,
		RequestID: "request of " + string(w.operation),
		Operation: w.operation,
	})
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

func (w *world) newID() uuid.UUID {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids++
	return uuid.NewSHA1(clientID, binary.BigEndian.AppendUint64(nil, w.ids))
}

func (w *world) effects() []journal.Effect {
	all, _, _ := w.ledger.Effects().After(0, -1, func(journal.Effect) bool { return true })
	return all
}

// instruments makes a list of instruments from alternating ids and weights.
func instruments(t testing.TB, idsAndWeights ...string) []contract.InstrumentWeight {
	t.Helper()
	var list []contract.InstrumentWeight
	for i := 0; i < len(idsAndWeights); i += 2 {
		item := contract.InstrumentWeight{
			InstrumentIDType: contract.InstrumentIDTypeISIN, Weight: idsAndWeights[i+1],
		}
		if strings.Count(idsAndWeights[i], "-") > 0 || len(idsAndWeights[i]) == 32 {
			item.InstrumentIDType = contract.InstrumentIDTypeUPVEST
		}
		if err := item.InstrumentID.FromInstrumentWeightInstrumentID0(idsAndWeights[i]); err != nil {
			t.Fatal(err)
		}
		list = append(list, item)
	}
	return list
}

// allocate makes an allocation.
func (w *world) allocate(idsAndWeights ...string) contract.Allocation {
	w.t.Helper()
	return must(w.createAllocation(w.mixOf(idsAndWeights...)))(w.t)
}

// remix replaces the instruments and weights of an allocation.
func (w *world) remix(id uuid.UUID, idsAndWeights ...string) contract.Allocation {
	w.t.Helper()
	return must(w.updateAllocation(id, w.mixOf(idsAndWeights...)))(w.t)
}

// configure makes an account follow an allocation.
func (w *world) configure(accountID, allocationID uuid.UUID) {
	w.t.Helper()
	request := contract.ConfigurationRequest{AccountID: accountID, AllocationID: allocationID}
	must(w.createConfiguration(request))(w.t)
}

func (w *world) mixOf(idsAndWeights ...string) contract.AllocationRequest {
	w.t.Helper()
	return contract.AllocationRequest{Allocation: instruments(w.t, idsAndWeights...)}
}

func (w *world) createAllocation(body contract.AllocationRequest) (contract.Allocation, error) {
	response, err := w.api.CreatePortfoliosAllocation(w.ctx(),
		contract.CreatePortfoliosAllocationRequestObject{Body: &body})
	return body200[contract.CreatePortfoliosAllocation200JSONResponse](response, err).Body, err
}

func (w *world) updateAllocation(id uuid.UUID, body contract.AllocationRequest) (contract.Allocation, error) {
	response, err := w.api.UpdatePortfoliosAllocation(w.ctx(),
		contract.UpdatePortfoliosAllocationRequestObject{AllocationID: id, Body: &body})
	return body200[contract.UpdatePortfoliosAllocation200JSONResponse](response, err).Body, err
}

func (w *world) retrieveAllocation(id uuid.UUID) (contract.Allocation, error) {
	response, err := w.api.RetrievePortfoliosAllocation(w.ctx(),
		contract.RetrievePortfoliosAllocationRequestObject{AllocationID: id})
	return body200[contract.RetrievePortfoliosAllocation200JSONResponse](response, err).Body, err
}

func (w *world) listAllocations(
	params contract.ListPortfoliosAllocationsParams,
) (contract.AllocationList, error) {
	response, err := w.api.ListPortfoliosAllocations(w.ctx(),
		contract.ListPortfoliosAllocationsRequestObject{Params: params})
	return written[contract.AllocationList](err, func(r http.ResponseWriter) error {
		return response.VisitListPortfoliosAllocationsResponse(r)
	})
}

func (w *world) createConfiguration(body contract.ConfigurationRequest) (contract.Configuration, error) {
	response, err := w.api.CreatePortfoliosConfiguration(w.ctx(),
		contract.CreatePortfoliosConfigurationRequestObject{Body: &body})
	return body200[contract.CreatePortfoliosConfiguration200JSONResponse](response, err).Body, err
}

func (w *world) updateConfiguration(
	accountID uuid.UUID, body contract.ConfigurationUpdate,
) (contract.Configuration, error) {
	response, err := w.api.UpdatePortfoliosConfiguration(w.ctx(),
		contract.UpdatePortfoliosConfigurationRequestObject{AccountID: accountID, Body: &body})
	return body200[contract.UpdatePortfoliosConfiguration200JSONResponse](response, err).Body, err
}

func (w *world) retrieveConfiguration(accountID uuid.UUID) (contract.Configuration, error) {
	response, err := w.api.RetrievePortfoliosConfiguration(w.ctx(),
		contract.RetrievePortfoliosConfigurationRequestObject{AccountID: accountID})
	return body200[contract.RetrievePortfoliosConfiguration200JSONResponse](response, err).Body, err
}

func (w *world) listConfigurations(
	params contract.ListPortfoliosConfigurationsParams,
) (contract.ConfigurationList, error) {
	response, err := w.api.ListPortfoliosConfigurations(w.ctx(),
		contract.ListPortfoliosConfigurationsRequestObject{Params: params})
	return written[contract.ConfigurationList](err, func(r http.ResponseWriter) error {
		return response.VisitListPortfoliosConfigurationsResponse(r)
	})
}

func (w *world) createOrder(body contract.OrderRequest) (contract.Order, error) {
	response, err := w.api.CreatePortfoliosOrder(w.ctx(),
		contract.CreatePortfoliosOrderRequestObject{Body: &body})
	return body200[contract.CreatePortfoliosOrder200JSONResponse](response, err).Body, err
}

func (w *world) retrieveOrder(id uuid.UUID) (contract.Order, error) {
	response, err := w.api.RetrievePortfoliosOrder(w.ctx(),
		contract.RetrievePortfoliosOrderRequestObject{PortfolioOrderID: id})
	return body200[contract.RetrievePortfoliosOrder200JSONResponse](response, err).Body, err
}

func (w *world) listOrders(params contract.ListPortfoliosOrdersParams) (contract.OrderList, error) {
	response, err := w.api.ListPortfoliosOrders(w.ctx(),
		contract.ListPortfoliosOrdersRequestObject{Params: params})
	return written[contract.OrderList](err, func(r http.ResponseWriter) error {
		return response.VisitListPortfoliosOrdersResponse(r)
	})
}

func (w *world) cancelOrder(id uuid.UUID) error {
	_, err := w.api.CancelPortfoliosOrder(w.ctx(),
		contract.CancelPortfoliosOrderRequestObject{PortfolioOrderID: id})
	return err
}

func (w *world) liquidate(accountID, userID uuid.UUID) (contract.Order, error) {
	request := contract.CreatePortfoliosLiquidationRequestRequestObject{
		AccountID: accountID, Body: &contract.LiquidationRequest{UserID: userID},
	}
	response, err := w.api.CreatePortfoliosLiquidationRequest(w.ctx(), request)
	return body200[contract.CreatePortfoliosLiquidationRequest200JSONResponse](response, err).Body, err
}

func (w *world) rebalance(body string) (uuid.UUID, error) {
	var request contract.RebalancingRequest
	if err := request.UnmarshalJSON([]byte(body)); err != nil {
		w.t.Fatal(err)
	}
	response, err := w.api.TriggerPortfolioRebalancing(w.ctx(),
		contract.TriggerPortfolioRebalancingRequestObject{Body: &request})
	return body200[contract.TriggerPortfolioRebalancing200JSONResponse](response, err).Body.ID, err
}

func (w *world) retrieveExecution(id uuid.UUID) (contract.RebalancingExecution, error) {
	response, err := w.api.RetrievePortfoliosRebalancingExecution(w.ctx(),
		contract.RetrievePortfoliosRebalancingExecutionRequestObject{ExecutionID: id})
	return body200[contract.RetrievePortfoliosRebalancingExecution200JSONResponse](response, err).Body, err
}

// body200 returns the response as type T, or the zero value if there is an error.
func body200[T any](response any, err error) T {
	if err != nil {
		var none T
		return none
	}
	return response.(T)
}

// written calls write, and decodes the list that write has written as a response. It
// returns an error if the list has a field that T does not have.
func written[T any](err error, write func(http.ResponseWriter) error) (list T, _ error) {
	if err != nil {
		return list, err
	}
	r := httptest.NewRecorder()
	if err := write(r); err != nil {
		return list, err
	}
	if r.Code != http.StatusOK || r.Header().Get("Content-Type") != "application/json" {
		return list, fmt.Errorf("got the status %d and the content-type %q, want 200 and application/json",
			r.Code, r.Header().Get("Content-Type"))
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return list, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return list, fmt.Errorf("the response continues after the list (%w)", err)
	}
	return list, nil
}

// must returns a function that ends the test if the call returned an error, and otherwise
// returns the result of the call. Example: must(w.createOrder(...))(t).
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// follow creates an allocation and the account's configuration, and returns the id of the
// allocation.
func (w *world) follow(accountID uuid.UUID, idsAndWeights ...string) uuid.UUID {
	w.t.Helper()
	made := w.allocate(idsAndWeights...)
	w.configure(accountID, made.ID)
	return made.ID
}

func orderOf(accountID uuid.UUID, side contract.Side, amount string) contract.OrderRequest {
	return contract.OrderRequest{
		AccountID: accountID, UserID: userID, CashAmount: amount, Currency: contract.CurrencyEUR, Side: side,
	}
}

func (w *world) buy(accountID uuid.UUID, amount string) contract.Order {
	w.t.Helper()
	return must(w.createOrder(orderOf(accountID, contract.SideBUY, amount)))(w.t)
}

func (w *world) sell(accountID uuid.UUID, amount string) contract.Order {
	w.t.Helper()
	return must(w.createOrder(orderOf(accountID, contract.SideSELL, amount)))(w.t)
}

// hold places a BUY, and moves the clock until the order is FILLED.
func (w *world) hold(accountID uuid.UUID, amount string) {
	w.t.Helper()
	bought := w.buy(accountID, amount)
	w.pass(2 * delay)
	w.wantOrder(bought.ID, filled, 2*delay, nil)
}

// value returns the cash that a liquidation of the account would pay out now. To learn
// the amount, it places a liquidation and cancels it.
func (w *world) value(accountID uuid.UUID) string {
	w.t.Helper()
	asked := must(w.liquidate(accountID, userID))(w.t)
	if err := w.cancelOrder(asked.ID); err != nil {
		w.t.Fatal(err)
	}
	return asked.CashAmount
}

func (w *world) wantValue(accountID uuid.UUID, want string) {
	w.t.Helper()
	if got := w.value(accountID); got != want {
		w.t.Fatalf("the account is worth %s, want %s", got, want)
	}
}

// wantOrder checks an order's status, the time between its creation and its last change,
// and its individual orders, such as "SELL FILLED". If parts is nil, it does not check
// the individual orders.
func (w *world) wantOrder(
	id uuid.UUID, status contract.OrderStatus, updatedAfter time.Duration, parts []string,
) {
	w.t.Helper()
	got := must(w.retrieveOrder(id))(w.t)
	if got.Status != status {
		w.t.Fatalf("the order has the status %s, want %s", got.Status, status)
	}
	if age := got.UpdatedAt.Sub(got.CreatedAt); age != updatedAfter {
		w.t.Fatalf("the order was updated %s after its creation, want %s", age, updatedAfter)
	}
	if parts == nil {
		return
	}
	shown := []string{}
	for _, part := range got.Orders {
		shown = append(shown, string(part.Side)+" "+string(part.Status))
	}
	if strings.Join(shown, ", ") != strings.Join(parts, ", ") {
		w.t.Fatalf("the individual orders are %q, want %q", shown, parts)
	}
}

// wantRefusal checks the status and type of a refusal, and that its detail contains every
// one of the words.
func wantRefusal(t testing.TB, err error, status int, slug string, words ...string) {
	t.Helper()
	var refusal *ledger.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got the error %v, want a refusal with %d %s", err, status, slug)
	}
	if refusal.Status != status || refusal.Type != slug {
		t.Fatalf("got a refusal with %d %s, want %d %s", refusal.Status, refusal.Type, status, slug)
	}
	for _, word := range words {
		if !strings.Contains(refusal.Detail, word) {
			t.Errorf("the detail of the refusal is %q, want it to contain %q", refusal.Detail, word)
		}
	}
}
