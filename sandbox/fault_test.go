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

// Inject refuses a fault without an effect, because a test with such a fault proves
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
				t.Errorf("%s: %v, want it to contain %q", f, err, detail)
			}
		}
	}
	if pending := s.PendingFaults(); len(pending) != 0 {
		t.Errorf("refused faults wait: %v", pending)
	}
}

// clientOf returns a client of this repository, without retries, with the credentials of
// one of the sandbox's clients.
func clientOf(t *testing.T, s *sandbox.Sandbox, c sandbox.Client) *upvest.Client {
	t.Helper()
	client, err := upvest.New(s.CredentialsOf(c),
		upvest.WithHTTPClient(&http.Client{Transport: s.Transport()}), upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// A fault can be limited to the requests of one client or one account, and to those from
// the nth on.
func TestFaultsAreLimited(t *testing.T) {
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
			t.Fatal("the first lists fail") // the lists also fetch the tokens
		}

		inject(sandbox.Fault{ClientID: second.ID, Status: http.StatusTeapot})
		if list(of) || !list(other) || list(other) {
			t.Error("the fault of the second client did not apply exactly once, or applied to another client")
		}
		inject(sandbox.Fault{Operation: sandbox.ListAllocations, Nth: 3, Count: 2, Status: http.StatusTeapot})
		inject(sandbox.Fault{Operation: sandbox.ListAllocations, Nth: 2, Status: http.StatusTeapot})
		var failed []bool
		for range 6 {
			failed = append(failed, list(of))
		}
		if !slices.Equal(failed, []bool{false, true, true, true, false, false}) {
			t.Errorf("requests %v failed, want the second, third and fourth", failed)
		}

		placed := buy(t, of, portfolios.SideBUY, "10")
		unused := owner // an account that no request names
		inject(sandbox.Fault{AccountID: unused, Status: http.StatusTeapot})
		inject(sandbox.Fault{AccountID: savings, Count: 3, Status: http.StatusTeapot})
		if list(of) {
			t.Error("a list of allocations got the fault of an account")
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
			t.Errorf("the pending faults are %v, want the fault that applied to no request", pending)
		}
	})
}

// A test that fails logs the faults that applied to no request.
func TestStartLogsUnmetFaults(t *testing.T) {
	r := &recorded{T: t, failed: true}
	s := sandbox.Start(r, sandbox.WithoutListener(), sandbox.WithMachineTime(machine))
	for _, f := range []sandbox.Fault{
		{Operation: sandbox.CreateOrder, AccountID: savings, Body: []byte("secret"), After: true},
		{Operation: sandbox.TokenOperation, Status: 503, Count: 2},
	} {
		if err := s.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	if w := serve(s, tokenRequest(s)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("the token: %d", w.Code)
	}
	pending := s.PendingFaults()
	if len(pending) != 2 || pending[1].Met != 1 || pending[1].Fault.Count != 1 {
		t.Errorf("pending: %+v", pending)
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
		t.Errorf("logged %q, want %q", r.lines, want)
	}
}

// Latency slows requests down, and faults still apply to them.
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
			t.Fatalf("without a latency, a list took %s with the error %v", took, err)
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
			t.Errorf("every list took %v, want different times", seen)
		}
		begun := time.Now()
		_, err = client.Configurations.Retrieve(t.Context(), savings)
		if took := time.Since(begun); err != nil || took != 20*time.Second {
			t.Errorf("an operation without an entry took %s with the error %v, want 20 s", took, err)
		}
		if err := s.SetLatency(sandbox.Latency{Delay: -1}); err == nil {
			t.Error("SetLatency accepts a negative latency")
		}
		s.Reset()
		if took, err := list(); took != 0 || err != nil {
			t.Errorf("after the reset, a list took %s with the error %v", took, err)
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

// A request that is in progress during a reset stays in the world in which it began.
func TestResetIsComplete(t *testing.T) {
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
			t.Fatalf("got %d requests after the reset, with the earlier one: %t; want only the %d later ones",
				len(logged), old, each)
		}
	}
}
