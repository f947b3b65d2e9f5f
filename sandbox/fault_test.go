package sandbox_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// TestFaultsWithoutEffectAreRefused requires that Inject refuses a fault that changes
// nothing or that no request can match, because a test with this fault would prove
// nothing.
func TestFaultsWithoutEffectAreRefused(t *testing.T) {
	s := newSandbox(t, sandbox.WithAccounts(map[uuid.UUID]uuid.UUID{savings: owner}))
	for detail, wrong := range map[string][]sandbox.Fault{
		"changes nothing": {
			{},
			{After: true},
			{Operation: sandbox.CreateOrder},
			{Count: -1, Nth: 2},
			{AccountID: savings, ClientID: s.Client().ID, Header: http.Header{}},
		},
		"is not a client":     {{ClientID: uuid.New(), Status: 500}},
		"there is no account": {{AccountID: mixID, Status: 500}},
		"expected 1":          {{Nth: -1, Status: 500}},
	} {
		for _, f := range wrong {
			if err := s.Inject(f); err == nil || !strings.Contains(err.Error(), detail) {
				t.Errorf("%s: Inject returned the error %v, want one that contains %q", f, err, detail)
			}
		}
	}
	if pending := s.PendingFaults(); len(pending) != 0 {
		t.Errorf("Inject refused every fault, but the pending faults are %v, want none", pending)
	}
}

// clientOf returns this repository's client, without retries, with the credentials of the
// API client c.
func clientOf(t *testing.T, s *sandbox.Sandbox, c sandbox.Client) *upvest.Client {
	t.Helper()
	client, err := upvest.New(s.CredentialsOf(c),
		upvest.WithHTTPClient(&http.Client{Transport: s.Transport()}), upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestFaultsApplyOnlyWithinTheirLimits requires that a fault can be limited to the
// requests of one client, to the requests that name one account, and to the requests from
// the nth on.
func TestFaultsApplyOnlyWithinTheirLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		second, err := sandbox.NewClient()
		if err != nil {
			t.Fatal(err)
		}
		first, err := sandbox.NewClient()
		if err != nil {
			t.Fatal(err)
		}
		s, _ := started(t, sandbox.WithClients(first, second), invested())
		inject := func(f sandbox.Fault) {
			t.Helper()
			if err := s.Inject(f); err != nil {
				t.Fatal(err)
			}
		}
		list := func(c *upvest.Client) bool {
			_, err := c.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
			return err != nil
		}
		of := clientOf(t, s, s.Clients()[0])
		other := clientOf(t, s, s.Clients()[1])
		if list(of) || list(other) {
			t.Fatal("a list failed without a fault") // the lists also fetch the tokens
		}

		inject(sandbox.Fault{ClientID: second.ID, Status: http.StatusTeapot})
		if list(of) || !list(other) || list(other) {
			t.Error("the fault for the second client applied to the first client, or not exactly once")
		}
		inject(sandbox.Fault{Operation: sandbox.ListAllocations, Nth: 3, Count: 2, Status: http.StatusTeapot})
		inject(sandbox.Fault{Operation: sandbox.ListAllocations, Nth: 2, Status: http.StatusTeapot})
		var failed []bool
		for range 6 {
			failed = append(failed, list(of))
		}
		if !slices.Equal(failed, []bool{false, true, true, true, false, false}) {
			t.Errorf("the failures are %v, want only the second, third and fourth request to fail", failed)
		}

		placed := buy(t, of, portfolios.SideBUY, "10")
		unused := owner // an account that no request names
		inject(sandbox.Fault{AccountID: unused, Status: http.StatusTeapot})
		inject(sandbox.Fault{AccountID: savings, Count: 3, Status: http.StatusTeapot})
		if list(of) {
			t.Error("a list of allocations got the fault for an account, want no fault")
		}
		if _, err := of.Configurations.Retrieve(t.Context(), savings); err == nil {
			t.Error("a request with the account in its path did not get the fault")
		}
		if _, err := of.Orders.Retrieve(t.Context(), placed.ID); err == nil {
			t.Error("a request with an order of the account in its path did not get the fault")
		}
		_, err = of.Orders.Create(t.Context(), portfolios.OrderRequest{
			UserID: owner, AccountID: savings, CashAmount: "1",
			Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
		})
		if err == nil {
			t.Error("a request with the account in its body did not get the fault")
		}
		pending := s.PendingFaults()
		if len(pending) != 1 || pending[0].Met != 0 || pending[0].Fault.AccountID != unused {
			t.Errorf("the pending faults are %v, want only the fault for the unused account", pending)
		}
	})
}

// TestStartLogsUnusedFaults requires that Start logs the faults that applied to no
// request if the test fails.
func TestStartLogsUnusedFaults(t *testing.T) {
	r := &recorded{T: t, failed: true}
	s := sandbox.Start(r, sandbox.WithoutListener(), sandbox.WithMachineTime(machine))
	for _, f := range []sandbox.Fault{
		{Operation: sandbox.CreateOrder, AccountID: savings, Body: []byte("secret"), After: true},
		{Operation: sandbox.TokenOperation, Status: 503, Count: 2},
		{Operation: sandbox.TokenOperation, Status: 500, Count: -1},
	} {
		if err := s.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	if w := serve(s, tokenRequest(s)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("the token request returned %d, want the 503 of the fault", w.Code)
	}
	pending := s.PendingFaults()
	if len(pending) != 3 || pending[1].Met != 1 || pending[1].Fault.Count != 1 {
		t.Errorf("the pending faults are %+v, want three, the second used once with the count 1", pending)
	}
	for _, want := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError} {
		if w := serve(s, tokenRequest(s)); w.Code != want {
			t.Errorf("the token request returned %d, want the %d of the fault", w.Code, want)
		}
	}
	pending = s.PendingFaults()
	if len(pending) != 2 || pending[1].Met != 1 || pending[1].Fault.Count != -1 {
		t.Errorf("the pending faults are %+v, want two, the second used once with the count -1", pending)
	}
	for _, end := range r.cleanup {
		end()
	}
	want := "sandbox: a fault applied to no request: operation create_portfolios_order, account " +
		savings.String() + ", count 1, after true, body of 6 bytes"
	unmet := slices.DeleteFunc(slices.Clone(r.lines), func(line string) bool {
		return !strings.Contains(line, "applied to no")
	})
	if !slices.Equal(unmet, []string{want}) {
		t.Errorf("the test logged %q, want %q as the only line about unused faults", r.lines, want)
	}
}

// TestLatency requires that latency slows requests down, and that faults still apply to
// these requests.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := started(t, invested(), sandbox.WithSeed(1))
		client := clientOf(t, s, s.Client())
		list := func() (took time.Duration, err error) {
			begun := time.Now()
			_, err = client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
			return time.Since(begun), err
		}
		if took, err := list(); took != 0 || err != nil {
			t.Fatalf("without a latency, a list took %s with the error %v, want no delay", took, err)
		}
		err := s.SetLatency(
			sandbox.Latency{Delay: 20 * time.Second},
			sandbox.Latency{Operation: sandbox.ListAllocations, Delay: time.Second, Spread: time.Second},
		)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Inject(sandbox.Fault{Operation: sandbox.ListAllocations, Status: 500}); err != nil {
			t.Fatal(err)
		}
		seen := map[time.Duration]bool{}
		for i := range 5 {
			took, err := list()
			if took < time.Second || took >= 2*time.Second || (err != nil) != (i == 0) {
				t.Errorf("list %d took %s with the error %v, want 1 to 2 s, and only the first to fail",
					i, took, err)
			}
			seen[took] = true
		}
		if len(seen) < 2 {
			t.Errorf("the lists took the times %v, want at least two different times", seen)
		}
		begun := time.Now()
		_, err = client.Configurations.Retrieve(t.Context(), savings)
		if took := time.Since(begun); err != nil || took != 20*time.Second {
			t.Errorf("an operation without an entry took %s with the error %v, want 20 s", took, err)
		}
		if err := s.SetLatency(sandbox.Latency{Delay: -1}); err == nil {
			t.Error("SetLatency accepted a negative latency")
		}
		s.Reset()
		if took, err := list(); took != 0 || err != nil {
			t.Errorf("after the reset, a list took %s with the error %v, want no delay", took, err)
		}
	})
}

// blocking is a body that reports when it is read, and then waits.
type blocking struct {
	reading, release chan struct{}
	once             *sync.Once
}

func (b blocking) Read([]byte) (int, error) {
	b.once.Do(func() { close(b.reading) })
	<-b.release
	return 0, io.EOF
}

// TestResetForgetsRequestsInProgress requires that a request that is in progress during a
// reset does not appear in the journal after the reset.
func TestResetForgetsRequestsInProgress(t *testing.T) {
	const rounds = 30
	const each = 20
	s := newSandbox(t)
	allocation := "/portfolios/allocations/" + mixID.String()
	for range rounds {
		release := make(chan struct{})
		var done sync.WaitGroup
		for range each {
			body := blocking{reading: make(chan struct{}), release: release, once: &sync.Once{}}
			done.Go(func() { serve(s, httptest.NewRequest(http.MethodPut, allocation, body)) })
			<-body.reading
		}
		s.Reset()
		done.Go(func() { close(release) })
		for range each {
			done.Go(func() { serve(s, httptest.NewRequest(http.MethodGet, allocation, http.NoBody)) })
		}
		done.Wait()
		logged := requests(t, s)
		old := slices.ContainsFunc(logged, func(r sandbox.Request) bool { return r.Method == http.MethodPut })
		if old || len(logged) != each {
			t.Fatalf("after the reset, the journal has %d requests (earlier ones: %t), want %d later ones",
				len(logged), old, each)
		}
	}
}
