package sandbox_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// requests returns the requests that the filters select.
func requests(t *testing.T, s *sandbox.Sandbox, filters ...sandbox.Filter) []sandbox.Request {
	t.Helper()
	found, err := s.Requests(filters...)
	if err != nil {
		t.Error(err)
	}
	return found
}

// effects returns the effects that the filters select.
func effects(t *testing.T, s *sandbox.Sandbox, filters ...sandbox.Filter) []sandbox.Effect {
	t.Helper()
	found, err := s.Effects(filters...)
	if err != nil {
		t.Error(err)
	}
	return found
}

// TestInvalidFiltersAreRefused requires that the sandbox refuses a filter that contains a
// mistake and would therefore select nothing or everything.
func TestInvalidFiltersAreRefused(t *testing.T) {
	s, client := started(t, invested())
	buy(t, client, portfolios.SideBUY, "50")
	for detail, filters := range map[string][]sandbox.Filter{
		`"create_portfolio_order" is not an operationId`: {sandbox.OfOperation("create_portfolio_order")},
		`"" is not an operationId`:                       {sandbox.OfOperation("")},
		`"create_account_liquidation" is not an operation`: {
			// an operation of later versions
			sandbox.OfOperation(sandbox.CreateAccountLiquidation),
		},
		"the zero UUID names no account": {sandbox.OfAccount(uuid.Nil)},
		"operation: given twice": {
			sandbox.OfOperation(sandbox.CreateOrder), sandbox.OfOperation(sandbox.CreateOrder),
		},
		"account: given twice": {sandbox.OfAccount(savings), sandbox.OfAccount(owner)},
		"number: given twice":  {sandbox.After(0), sandbox.After(1)},
	} {
		found, err := s.Requests(filters...)
		if err == nil || !strings.Contains(err.Error(), detail) || found != nil {
			t.Errorf("Requests returned %v with the error %v, want an error with %q", found, err, detail)
		}
		done, err := s.Effects(filters...)
		if err == nil || !strings.Contains(err.Error(), detail) || done != nil {
			t.Errorf("Effects returned %v with the error %v, want an error with %q", done, err, detail)
		}
	}
}

// TestEveryOperationConstantIsInTheContract requires that every constant names an
// operation of the contract. A check in proof/drift requires a constant for every
// operation.
func TestEveryOperationConstantIsInTheContract(t *testing.T) {
	now := []sandbox.Operation{
		sandbox.TokenOperation, sandbox.ListAllocations, sandbox.CreateAllocation, sandbox.RetrieveAllocation,
		sandbox.UpdateAllocation, sandbox.ListConfigurations, sandbox.CreateConfiguration,
		sandbox.RetrieveConfiguration, sandbox.UpdateConfiguration, sandbox.ListOrders, sandbox.CreateOrder,
		sandbox.RetrieveOrder, sandbox.CancelOrder, sandbox.CreateLiquidationRequest,
		sandbox.TriggerRebalancing, sandbox.RetrieveRebalancingExecution,
	}
	added := []sandbox.Operation{
		sandbox.DeleteConfiguration, sandbox.ListRebalancingExecutionOrders, sandbox.ListAccountLiquidations,
		sandbox.CreateAccountLiquidation, sandbox.RetrieveAccountLiquidation,
		sandbox.CancelAccountLiquidation,
	}
	s := sandbox.Start(t, sandbox.WithoutListener())
	for _, operation := range now {
		requests(t, s, sandbox.OfOperation(operation))
	}
	later := sandbox.Start(t, sandbox.WithoutListener(), sandbox.WithLaterVersions())
	for _, operation := range added {
		requests(t, later, sandbox.OfOperation(operation))
	}
}

// TestRequestsAndEffectsAreLinked requires that the journal's entries for a request and
// its effect have the same request id, and that each entry names every account that the
// request touched.
func TestRequestsAndEffectsAreLinked(t *testing.T) {
	s, client := started(t, invested())
	follow := portfolios.ConfigurationRequest{AccountID: owner, AllocationID: mixID}
	if _, err := client.Configurations.Create(t.Context(), follow); err != nil {
		t.Fatal(err)
	}
	var response upvest.Response
	byAllocation := portfolios.RebalancingRequest{Allocations: []uuid.UUID{mixID}}
	execution, err := client.Rebalancings.Trigger(t.Context(), byAllocation, upvest.WithResponse(&response))
	if err != nil {
		t.Fatal(err)
	}
	id := response.Header.Get("Upvest-Request-Id")
	for _, account := range []uuid.UUID{savings, owner} {
		done := effects(t, s, sandbox.OfOperation(sandbox.TriggerRebalancing), sandbox.OfAccount(account))
		sent := requests(t, s, sandbox.OfOperation(sandbox.TriggerRebalancing), sandbox.OfAccount(account))
		if len(done) != 1 || len(sent) != 1 {
			t.Fatalf("the account %s has the effects %v and requests %v, want one effect and one request",
				account, done, sent)
		}
		if done[0].RequestID != id || sent[0].RequestID != id {
			t.Errorf("the effect has the request id %s and the request has %s, want %s for both",
				done[0].RequestID, sent[0].RequestID, id)
		}
		if done[0].ResourceID != execution.ID || sent[0].ResourceID != execution.ID {
			t.Errorf("the effect has the resource id %s and the request has %s, want %s for both",
				done[0].ResourceID, sent[0].ResourceID, execution.ID)
		}
	}
	placed := buy(t, client, portfolios.SideBUY, "1")
	if err := client.Orders.Cancel(t.Context(), placed.ID); err != nil {
		t.Fatal(err)
	}
	cancelled := requests(t, s, sandbox.OfOperation(sandbox.CancelOrder), sandbox.OfAccount(savings))
	if len(cancelled) != 1 || cancelled[0].ResourceID != placed.ID || cancelled[0].Status != 204 {
		t.Errorf("the cancellations are %+v, want one with the account, the order and 204", cancelled)
	}
}

// TestJournalHasTheResourceOfACutResponse requires that an entry names the order that a
// request placed even if a fault cut the response before the id of the order.
func TestJournalHasTheResourceOfACutResponse(t *testing.T) {
	s, client := started(t, invested())
	err := s.Inject(sandbox.Fault{Operation: sandbox.CreateOrder, After: true, CutBody: true})
	if err != nil {
		t.Fatal(err)
	}
	placed := buy(t, client, portfolios.SideBUY, "50")
	created := requests(t, s, sandbox.OfOperation(sandbox.CreateOrder))
	if len(created) != 2 {
		t.Fatalf("the journal has %d requests for the order, want 2", len(created))
	}
	for _, sent := range created {
		if sent.ResourceID != placed.ID {
			t.Errorf("the entry names the resource %s, want the order %s: %+v",
				sent.ResourceID, placed.ID, sent)
		}
	}
}

// TestJournalHasTheResponse requires that an entry contains the response that was sent,
// not the response that a fault replaced.
func TestJournalHasTheResponse(t *testing.T) {
	s, client := started(t, invested())
	placed := buy(t, client, portfolios.SideBUY, "50")
	created := requests(t, s, sandbox.OfOperation(sandbox.CreateOrder))[0]
	var shown portfolios.Order
	if err := json.Unmarshal([]byte(created.ResponseBody), &shown); err != nil || shown.ID != placed.ID {
		t.Errorf("the response is %q, want the order %s", created.ResponseBody, placed.ID)
	}
	if created.ResourceID != placed.ID || created.Status != 200 || created.Detail != "" {
		t.Errorf("the entry is %+v, want the order, the status 200 and no detail", created)
	}

	if err := s.Inject(sandbox.Fault{Operation: sandbox.CancelOrder, After: true, Status: 400}); err != nil {
		t.Fatal(err)
	}
	// The order does not exist, so the response that the fault replaces is a 404.
	err := client.Orders.Cancel(t.Context(), owner)
	if failure, ok := errors.AsType[*upvest.Error](err); !ok || failure.Status != 400 {
		t.Fatalf("the cancellation returned the error %v, want the 400 of the fault", err)
	}
	failed := requests(t, s, sandbox.OfOperation(sandbox.CancelOrder))[0]
	if failed.Status != 400 || failed.Detail != "an injected fault" ||
		failed.ResourceID != uuid.Nil ||
		!strings.Contains(failed.ResponseBody, failed.Detail) {
		t.Errorf("the entry is %+v, want the response of the fault", failed)
	}
}

// TestJournalTruncatesLargeBodies requires that the journal keeps only the beginning of a
// large list, whose body the sandbox generates while it sends the body.
func TestJournalTruncatesLargeBodies(t *testing.T) {
	// This sandbox does not check responses, because a check needs whole bodies.
	s, err := sandbox.New(sandbox.WithoutListener())
	if err != nil {
		t.Fatal(err)
	}
	transport := &inProcess{handler: s.Handler()}
	client, err := upvest.New(s.Credentials(), upvest.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	counts := map[bool]int{}
	for range 100 {
		_, err := client.Allocations.Create(t.Context(), portfolios.AllocationRequest{
			Name: strings.Repeat("n", 100),
			Allocation: []portfolios.InstrumentWeight{{
				InstrumentID: world, InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1",
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
		if err != nil {
			t.Fatal(err)
		}
		sent := requests(t, s, sandbox.OfOperation(sandbox.ListAllocations))
		last := sent[len(sent)-1]
		if len(last.ResponseBody) > 16<<10 ||
			last.ResponseTruncated == json.Valid([]byte(last.ResponseBody)) {
			t.Fatalf("a list of %d rows has %d bytes in the journal (truncated: %t), "+
				"want at most 16 KiB, and valid JSON unless truncated",
				len(list.Data), len(last.ResponseBody), last.ResponseTruncated)
		}
		counts[last.ResponseTruncated]++
	}
	if counts[true] == 0 || counts[false] == 0 {
		t.Errorf("got %d truncated and %d whole entries, want at least one of each",
			counts[true], counts[false])
	}
}

// TestJournalSpellsIdempotencyKeysAlike requires that the journal shows an idempotency
// key in lower case with all dashes, even if a client sends the key in upper case or
// without dashes.
func TestJournalSpellsIdempotencyKeysAlike(t *testing.T) {
	s := newSandbox(t)
	for _, key := range []string{
		"F11504212E3442B6AAE952EF157065B9", "f1150421-2e34-42b6-aae9-52ef157065b9",
		"F11504212E34-42B6-AAE9-52EF157065B9",
	} {
		r := post(s, "/portfolios/allocations", "application/json", someAllocation)
		r.Header.Set("Idempotency-Key", key)
		serve(s, r) // the sandbox refuses the request, because it has no signature
	}
	for _, sent := range requests(t, s) {
		if sent.IdempotencyKey != "f1150421-2e34-42b6-aae9-52ef157065b9" {
			t.Errorf("the key in the journal is %s, want lower case with all dashes", sent.IdempotencyKey)
		}
	}
}

// TestJournalContainsNoSecret requires that neither the journal nor a response shows a
// secret that a client sends in a wrong path, query, header or body.
func TestJournalContainsNoSecret(t *testing.T) {
	s := newSandbox(t)
	c := s.Client()
	granted := serve(s, tokenRequest(s))
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(granted.Body.Bytes(), &token); err != nil || token.AccessToken == "" {
		t.Fatalf("the token request returned %s, want a token", granted.Body)
	}
	const live = "the-live-secret"
	form := url.Values{"client_id": {c.ID.String()}, "client_secret": {live}}.Encode()
	send := func(method, target, contentType, body string, header ...string) {
		t.Helper()
		r := post(s, "/", contentType, body)
		r.Method = method
		parsed, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		r.URL = parsed
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		shown := serve(s, signByHand(s, r, len(body)))
		for _, secret := range []string{live, c.Secret, token.AccessToken} {
			if strings.Contains(shown.Body.String(), secret) {
				t.Errorf("%s %s: the response shows a secret: %s", method, target, shown.Body)
			}
		}
	}
	send("GET", "/auth/token?"+form, "", "")
	send("POST", "/auth/token?client%5Fsecret="+live, "application/x-www-form-urlencoded", form)
	send("POST", "/portfolios/allocations", "application/x-www-form-urlencoded", form)
	send("POST", "/portfolios/allocations", "application/json", `{"client_secret":"`+live+`","a":1}`)
	send("POST", "/portfolios/allocations", "application/json", `{"client_secret":"`+live)
	send("GET", "/portfolios/allocations?access_token="+token.AccessToken, "", "")
	send("GET", "/portfolios/"+token.AccessToken, "", "")
	send("GET", "/portfolios/"+c.Secret, "", "")
	send("GET", "/portfolios/orders", "", "", "X-Client-Secret", live, "X-Note", c.Secret)
	send("GET", "/portfolios/orders", "", "", "Authorization", live)
	send("POST", "/portfolios/orders", "application/json", "{}", "Idempotency-Key", c.Secret)
	for _, name := range []string{"grant_type", "scope", "client_id"} {
		misplaced := url.Values{name: {c.Secret}, "client_secret": {c.Secret}}
		for other, value := range map[string]string{
			"grant_type": "client_credentials", "scope": "portfolios:read", "client_id": c.ID.String(),
		} {
			if other != name {
				misplaced.Set(other, value)
			}
		}
		send("POST", "/auth/token", "application/x-www-form-urlencoded", misplaced.Encode())
	}

	journal := requests(t, s)
	shown, err := json.Marshal(journal)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{live, c.Secret, token.AccessToken} {
		if strings.Contains(string(shown), secret) {
			i := slices.IndexFunc(journal, func(r sandbox.Request) bool {
				one, _ := json.Marshal(r)
				return strings.Contains(string(one), secret)
			})
			t.Errorf("the request %+v contains the secret %q", journal[i], secret)
		}
	}
}
