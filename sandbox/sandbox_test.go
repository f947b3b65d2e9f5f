package sandbox_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// machine returns the time at which the tests make signatures and the sandbox checks
// them.
func machine() time.Time { return start }

// TestSandboxListens requires that a sandbox listens on 127.0.0.1 until Close, and
// that Close can be called twice.
func TestSandboxListens(t *testing.T) {
	s, err := sandbox.New(sandbox.WithMachineTime(machine))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Errorf("the URL is %s, want http://127.0.0.1 with a port", s.URL())
	}
	response, err := http.Get(s.URL() + "/portfolios/orders")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadRequest ||
		response.Header.Get("Date") != "Fri, 02 Jan 2026 03:04:05 GMT" {
		t.Errorf("got the status %d and the date %s, want 400 and the time of WithMachineTime",
			response.StatusCode, response.Header.Get("Date"))
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close returned the error %v, want none", err)
		}
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Error("the sandbox still listens after Close")
	}
}

func TestDefaultClientIsComplete(t *testing.T) {
	s := newSandbox(t)
	c := s.Client()
	if c.ID == uuid.Nil || c.Secret == "" || c.KeyID == "" || c.PrivateKey == nil || c.PublicKey == nil ||
		len(c.Scopes) != 2 {
		t.Errorf("the client is %v, want an ID, a secret, a key ID, both keys and two scopes", c)
	}
	if others := s.Clients(); len(others) != 1 || others[0].ID != c.ID {
		t.Errorf("the clients are %v, want only the first client", others)
	}
}

func TestPrintedClientShowsNoSecret(t *testing.T) {
	c := newSandbox(t).Client()
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, c), fmt.Sprintf(verb, &c),
			fmt.Sprintf(verb, []sandbox.Client{c}))
	}
	key := fmt.Sprintf("%v", c.PrivateKey)
	for _, text := range shown {
		for _, secret := range []string{
			c.Secret, fmt.Sprintf("%x", c.Secret), key[1 : len(key)-1], fmt.Sprintf("%x", c.PrivateKey),
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the client was printed as %s, want no secret", text)
			}
		}
	}
	if !strings.Contains(shown[1], c.ID.String()) {
		t.Errorf("the client was printed as %s, want its id", shown[1])
	}
}

func TestInvalidOptionsAreRefused(t *testing.T) {
	good, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*sandbox.Client)) sandbox.Option {
		c := good
		change(&c)
		return sandbox.WithClients(c)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for detail, option := range map[string]sandbox.Option{
		"address \"0.0.0.0:1\"":      sandbox.WithAddress("0.0.0.0:1"),
		"address \"example.com:1\"":  sandbox.WithAddress("example.com:1"),
		"clients: expected at least": sandbox.WithClients(),
		"appears twice":              sandbox.WithClients(good, good),
		"ID is missing":              with(func(c *sandbox.Client) { c.ID = uuid.Nil }),
		"Secret is missing":          with(func(c *sandbox.Client) { c.Secret = "" }),
		"KeyID is missing":           with(func(c *sandbox.Client) { c.KeyID = "" }),
		"PublicKey is missing": with(func(c *sandbox.Client) {
			c.PublicKey = nil
			c.PrivateKey = nil
		}),
		"PublicKey: a public key of":    with(func(c *sandbox.Client) { c.PublicKey = rsaKey.Public() }),
		"must be on the curve P-521":    with(func(c *sandbox.Client) { c.PublicKey = small.Public() }),
		"clock: is nil":                 sandbox.WithClock(nil),
		"machine time: is nil":          sandbox.WithMachineTime(nil),
		"order delay: -1ns":             sandbox.WithOrderDelay(-1),
		"the zero UUID":                 sandbox.WithAccounts(map[uuid.UUID]uuid.UUID{uuid.Nil: uuid.New()}),
		"rate limit: 0":                 sandbox.WithRateLimit(0),
		"token lifetime: 1ms":           sandbox.WithTokenLifetime(time.Millisecond),
		"signature skew: -1s":           sandbox.WithSignatureWindow(-time.Second, time.Minute),
		"signature lifetime: 0s":        sandbox.WithSignatureWindow(0, 0),
		"body limit: 0":                 sandbox.WithBodyLimit(0),
		"read timeout: 0s":              sandbox.WithReadTimeout(0),
		"response check: the report":    sandbox.WithResponseCheck(nil),
		"listen on 127.0.0.1:99999":     sandbox.WithAddress("127.0.0.1:99999"),
		"address \"127.0.0.1\": expect": sandbox.WithAddress("127.0.0.1"),
	} {
		s, err := sandbox.New(option)
		if err == nil || !strings.Contains(err.Error(), detail) {
			t.Errorf("New returned the error %v, want one that contains %q", err, detail)
		}
		if s != nil {
			t.Errorf("%s: New returned a sandbox, want only an error", detail)
		}
	}
}

// TestClock requires that Advance and Set move both kinds of clock, and that a clock from
// NewMovingClock also moves with the machine's time.
func TestClock(t *testing.T) {
	still := sandbox.NewClock(start.In(time.FixedZone("", 3600)))
	still.Advance(time.Hour)
	if got := still.Now(); !got.Equal(start.Add(time.Hour)) || got.Location() != time.UTC {
		t.Errorf("the clock shows %s, want an hour after the start, in UTC", got)
	}
	still.Set(start)
	if got := still.Now(); !got.Equal(start) {
		t.Errorf("after Set, the clock shows %s, want the start", got)
	}
	synctest.Test(t, func(t *testing.T) {
		moving := sandbox.NewMovingClock(start)
		time.Sleep(time.Minute)
		if got := moving.Now(); !got.Equal(start.Add(time.Minute)) {
			t.Errorf("after a minute, the clock shows %s, want a minute after the start", got)
		}
		moving.Set(start)
		moving.Advance(time.Hour)
		time.Sleep(time.Second)
		if got := moving.Now(); !got.Equal(start.Add(time.Hour + time.Second)) {
			t.Errorf("a second after the jump, the clock shows %s, want 1h0m1s after the start", got)
		}
	})
}

// TestFaultDelayFollowsTheTimeOfABubble requires that the delay of a fault follows the
// time of a synctest bubble.
func TestFaultDelayFollowsTheTimeOfABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t)
		if err := s.Inject(sandbox.Fault{Operation: sandbox.TokenOperation, Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		w := serve(s, tokenRequest(s))
		if waited := time.Since(before); w.Code != http.StatusOK || waited != time.Hour {
			t.Errorf("got %d %s after %s, want 200 after an hour", w.Code, w.Body, waited)
		}
	})
}

// TestCloseEndsDelays requires that Close cuts the connection of a request that a
// fault delays.
func TestCloseEndsDelays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t)
		if err := s.Inject(sandbox.Fault{Delay: time.Hour}); err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		var wait sync.WaitGroup
		wait.Go(func() {
			defer func() {
				cut, _ := recover().(error)
				if !errors.Is(cut, http.ErrAbortHandler) {
					t.Errorf("the handler panicked with %v, want http.ErrAbortHandler", cut)
				}
			}()
			serve(s, tokenRequest(s))
		})
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wait.Wait()
		if waited := time.Since(before); waited != 0 {
			t.Errorf("the delay ended %s after Close, want it to end immediately", waited)
		}
	})
}

func TestTheJournalDropsTheOldestRequests(t *testing.T) {
	s := newSandbox(t)
	for range 12_000 {
		serve(s, httptest.NewRequest(http.MethodGet, "/portfolios/orders", http.NoBody))
	}
	w := serve(s, tokenRequest(s))
	log := requests(t, s)
	forgotten, _ := s.Forgotten()
	if len(log) != 10_000 || forgotten != 2_001 {
		t.Errorf("the journal has %d requests and dropped %d, want 10,000 and 2,001", len(log), forgotten)
	}
	last := log[len(log)-1]
	want := sandbox.Request{
		Number:       12_001,
		Time:         last.Time,
		RequestID:    w.Header().Get("Upvest-Request-Id"),
		Method:       "POST",
		Path:         "/auth/token",
		Operation:    sandbox.TokenOperation,
		ClientID:     s.Client().ID,
		AccountIDs:   []uuid.UUID{},
		Header:       last.Header,
		Body:         last.Body,
		Status:       http.StatusOK,
		ResponseBody: last.ResponseBody,
	}
	if !reflect.DeepEqual(last, want) {
		t.Errorf("the last request is %+v, want %+v", last, want)
	}
	tokens := requests(t, s, sandbox.OfOperation(sandbox.TokenOperation), sandbox.After(12_000))
	if len(tokens) != 1 {
		t.Errorf("the journal has %d token requests after the number 12,000, want 1", len(tokens))
	}
}

func TestTheJournalIsLimitedInBytes(t *testing.T) {
	s := newSandbox(t)
	for range 68 {
		serve(s, httptest.NewRequest(http.MethodGet, "/?"+strings.Repeat("p", 1<<20), http.NoBody))
	}
	if n := len(requests(t, s)); n == 0 || n > 64 {
		t.Errorf("the journal has %d requests of 1 MiB each, want 1 to 64", n)
	}
}

// TestConcurrentRequests requires that requests, faults, the journal and the clock can
// be used concurrently.
func TestConcurrentRequests(t *testing.T) {
	s := newSandbox(t, sandbox.WithResponseCheck(func(err error) { t.Error(err) }), sandbox.WithSeed(1))
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 50 {
				if w := serve(s, tokenRequest(s)); w.Code != http.StatusOK && w.Code != http.StatusTeapot {
					t.Errorf("the token request returned %d %s, want 200, or 418 for a fault", w.Code, w.Body)
				}
				serve(s, httptest.NewRequest(http.MethodGet, "/portfolios/orders", http.NoBody))
				if err := s.Inject(sandbox.Fault{Status: http.StatusTeapot}); err != nil {
					t.Error(err)
				}
				requests(t, s)
				effects(t, s)
				s.Clock().Advance(time.Millisecond)
				s.RevokeTokens()
				s.ClearFaults()
			}
		})
	}
	wait.Wait()
}

func newSandbox(t *testing.T, options ...sandbox.Option) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(append([]sandbox.Option{
		sandbox.WithoutListener(), sandbox.WithMachineTime(machine),
	}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func serve(s *sandbox.Sandbox, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

// tokenRequest returns a token request that is signed by hand. The request lacks the
// headers that a connection would add.
func tokenRequest(s *sandbox.Sandbox) *http.Request {
	c := s.Client()
	body := "grant_type=client_credentials&scope=portfolios%3Aread" +
		"&client_id=" + c.ID.String() + "&client_secret=" + c.Secret
	return signByHand(s, post(s, "/auth/token", "application/x-www-form-urlencoded", body), len(body))
}

// TestHandlerAcceptsANilBody requires that the handler accepts a request whose Body is
// nil, because a test that calls the handler directly may pass such a request.
func TestHandlerAcceptsANilBody(t *testing.T) {
	s := newSandbox(t)
	r := httptest.NewRequest(http.MethodGet, "/portfolios/orders", http.NoBody)
	r.Body = nil
	if w := serve(s, r); w.Code != http.StatusBadRequest ||
		!strings.Contains(w.Body.String(), "missing_client_id") {
		t.Errorf("got %d %s, want 400 with missing_client_id", w.Code, w.Body)
	}
}

// TestFaultsFitTheirResponses requires that Inject refuses a fault that does not fit the
// response of its operation, and accepts a fault that fits.
func TestFaultsFitTheirResponses(t *testing.T) {
	s := newSandbox(t)
	const cancels = "cancel_portfolios_order" // its response, a 204, has no body
	for detail, wrong := range map[string][]sandbox.Fault{
		"has no body": {
			{Operation: cancels, CutBody: true},
			{Operation: cancels, Pad: 1},
			{Operation: cancels, BodyDelay: time.Second},
			{Operation: cancels, After: true, Body: []byte("{")},
			{Status: 204, CutBody: true},
			{Status: 304, Body: []byte("x")},
			{Operation: "list_portfolios_orders", Status: 204, Pad: 1},
		},
		"sends no response": {
			{Reset: true, Status: 500},
			{Reset: true, CutBody: true},
			{Reset: true, After: true, DateSkew: time.Hour},
		},
		"an empty body cannot": {{Body: []byte{}, CutBody: true}, {Body: []byte{}, BodyDelay: time.Second}},
		"that can be sent": {
			{Header: http.Header{"a\nb": {"c"}}}, {Header: http.Header{"Retry-After": {"1\r\nx: y"}}},
		},
	} {
		for _, f := range wrong {
			if err := s.Inject(f); err == nil || !strings.Contains(err.Error(), detail) {
				t.Errorf("%+v: Inject returned the error %v, want one that contains %q", f, err, detail)
			}
		}
	}
	for _, right := range []sandbox.Fault{
		{Operation: cancels, Status: 503, CutBody: true},
		{Operation: cancels, Body: []byte("{")},
		{Operation: cancels, Reset: true, After: true},
		{Status: 204},
		{Operation: cancels, After: true, Body: []byte{}},
		{Body: []byte{}, Pad: 1},
	} {
		if err := s.Inject(right); err != nil {
			t.Errorf("%+v: Inject returned the error %v, want none", right, err)
		}
	}
	s.ClearFaults()
}

// TestFaultWaitsForAResponseWithABody requires that a fault that cuts the body skips a
// 204 and applies to the next response with a body.
func TestFaultWaitsForAResponseWithABody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := started(t, invested(), sandbox.WithOrderDelay(time.Hour))
		placed := buy(t, client, "BUY", "1")
		if err := s.Inject(sandbox.Fault{CutBody: true}); err != nil {
			t.Fatal(err)
		}
		if err := client.Orders.Cancel(t.Context(), placed.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := client.Orders.Retrieve(t.Context(), placed.ID); err != nil {
			t.Fatal(err)
		}
		met := map[sandbox.Operation]bool{}
		for _, r := range requests(t, s) {
			met[r.Operation] = met[r.Operation] || r.Fault
		}
		if met[sandbox.CancelOrder] || !met[sandbox.RetrieveOrder] {
			t.Errorf("the fault applied to these operations: %v, want true for the retrieval of the order, "+
				"and false for its cancellation", met)
		}
	})
}
