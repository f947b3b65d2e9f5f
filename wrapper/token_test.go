package wrapper_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func staticToken(token string) oauth2.TokenSource {
	return oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
}

// tokenServer hands out token-1, token-2 and so on, and answers every other request if it
// comes with a token that is good.
type tokenServer struct {
	mu       sync.Mutex
	fetches  []*http.Request
	forms    []url.Values
	answers  []step        // of the token endpoint, each used once; after them it hands out tokens
	life     string        // expires_in, as JSON
	delay    time.Duration // of the token endpoint
	good     string        // the token that is accepted, or any
	calls    int
	accepted int
	other    step // answers the calls that are accepted
}

func (s *tokenServer) serve(req *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(req.URL.Path, "/auth/token") {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.calls++
		if s.good != "" && req.Header.Get("authorization") != "Bearer "+s.good {
			return answer(http.StatusUnauthorized, "application/problem+json",
				`{"type": "unauthorised", "status": 401, "detail": "Token is not active"}`), nil
		}
		s.accepted++
		if s.other != nil {
			return s.other(req)
		}
		return answer(http.StatusOK, "application/json", orderBody), nil
	}
	s.mu.Lock()
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.fetches = append(s.fetches, req)
	s.forms = append(s.forms, form)
	number := len(s.fetches)
	life := s.life
	if life == "" {
		life = "1800"
	}
	var other step
	if len(s.answers) > 0 {
		other = s.answers[0]
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	select {
	case <-time.After(s.delay):
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
	if other != nil {
		return other(req)
	}
	return answer(http.StatusOK, "application/json", fmt.Sprintf(
		`{"access_token": "token-%d", "expires_in": %s, "token_type": "bearer", "scope": "portfolios:read"}`, number, life)), nil
}

func (s *tokenServer) client(t testing.TB, options ...upvest.ClientOption) *upvest.Client {
	t.Helper()
	return newClientOver(t, roundTripper(s.serve), options...)
}

func retrieve(ctx context.Context, client *upvest.Client, options ...upvest.CallOption) error {
	_, err := client.Orders.Retrieve(ctx, someOrder, options...)
	return err
}

func TestTokenAskedForAndUsed(t *testing.T) {
	server := &tokenServer{}
	var authorization string
	server.other = func(req *http.Request) (*http.Response, error) {
		authorization = req.Header.Get("authorization")
		return answer(http.StatusOK, "application/json", orderBody), nil
	}
	if err := retrieve(t.Context(), server.client(t)); err != nil {
		t.Fatal(err)
	}
	req := server.fetches[0]
	form := server.forms[0]
	for name, want := range map[string]string{
		"grant_type": "client_credentials", "client_id": "5ec16164-6173-461d-b90d-116d68f55b40", "client_secret": "test-secret",
		"scope": "portfolios:admin portfolios:read",
	} {
		if form.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, form.Get(name), want)
		}
	}
	for name, want := range map[string]string{
		"content-type": "application/x-www-form-urlencoded", "accept": "application/json", "upvest-signature-version": "15",
		"upvest-client-id": "5ec16164-6173-461d-b90d-116d68f55b40", "upvest-api-version": "1", "authorization": "",
	} {
		if req.Header.Get(name) != want {
			t.Errorf("%s = %q, want %q", name, req.Header.Get(name), want)
		}
	}
	if input := req.Header.Get("signature-input"); !strings.Contains(input, `"content-digest"`) || strings.Contains(input, "authorization") {
		t.Errorf("signature-input = %s", input)
	}
	// The server writes the type in lower case, and grants less than was asked for.
	if authorization != "Bearer token-1" {
		t.Errorf("authorization = %q, want Bearer token-1", authorization)
	}
}

func TestOneFetchForAllCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Second}
		client := server.client(t)
		var callers sync.WaitGroup
		for range 100 {
			callers.Go(func() {
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if len(server.fetches) != 1 || server.accepted != 100 {
			t.Errorf("%d fetches for %d calls, want one for 100", len(server.fetches), server.accepted)
		}
	})
}

func TestACallerLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: 10*time.Second + 1}
		client := server.client(t)
		var callers sync.WaitGroup
		start := time.Now()
		for i := range 10 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				err := retrieve(ctx, client) // the first to come is the first to leave
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Duration(i+1)*time.Second {
					t.Errorf("caller %d: %v after %s", i, err, time.Since(start))
				}
			})
			synctest.Wait()
		}
		callers.Go(func() {
			if err := retrieve(t.Context(), client); err != nil || time.Since(start) != server.delay {
				t.Errorf("the one who stayed: %v after %s", err, time.Since(start))
			}
		})
		callers.Wait()
		if len(server.fetches) != 1 {
			t.Errorf("%d fetches, want one", len(server.fetches))
		}
	})
}

func TestTheLastToLeaveCancelsTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Hour}
		client := server.client(t, upvest.WithRetry(upvest.RetryPolicy{AttemptTimeout: 2 * time.Hour}))
		var callers sync.WaitGroup
		for i := range 3 {
			callers.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				if err := retrieve(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		synctest.Wait()
		if err := server.fetches[0].Context().Err(); !errors.Is(err, context.Canceled) {
			t.Errorf("the fetch goes on, though nobody waits: %v", err)
		}
		server.delay = 0
		if err := retrieve(t.Context(), client); err != nil || len(server.fetches) != 2 {
			t.Errorf("the next call: %v after %d fetches", err, len(server.fetches))
		}
	})
}

func TestTokenIsRenewedBeforeItExpires(t *testing.T) {
	for _, test := range []struct {
		life        string
		latency     time.Duration
		first, last time.Duration // renewal comes between these ages; 0 is never
	}{
		{life: "1800", latency: 0, first: 1500 * time.Second, last: 1650 * time.Second},
		{life: "1800.0", latency: 0, first: 1500 * time.Second, last: 1650 * time.Second},
		{life: "86400", latency: 0, first: 86100 * time.Second, last: 86250 * time.Second},
		{life: "100", latency: 0, first: 80 * time.Second, last: 90 * time.Second},
		{life: "5", latency: 0, first: 4000 * time.Millisecond, last: 4500 * time.Millisecond},
		{life: `"100"`, latency: 0, first: 80 * time.Second, last: 90 * time.Second},
		{
			life:    "100",
			latency: 20 * time.Second,
			first:   60 * time.Second,
			last:    70 * time.Second,
		}, // it may have been made at once
		{life: `"soon"`, latency: 0, first: 0, last: 0},
		{life: "{}", latency: 0, first: 0, last: 0},
		{life: "-1", latency: 0, first: 0, last: 0},
		{life: "null", latency: 0, first: 0, last: 0},
		{life: "0", latency: 0, first: 0, last: 0},
	} {
		ages := map[time.Duration]bool{}
		for random := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{life: test.life, delay: test.latency}
				source := server.client(t, upvest.WithRandom(fixedRandom(random*random*1_234_567_891))).TokenSource()
				got := time.Now().Add(test.latency)
				use := func() {
					t.Helper()
					if _, err := source.Token(); err != nil {
						t.Fatal(err)
					}
				}
				use()
				if test.first == 0 {
					time.Sleep(1000 * time.Hour)
					use()
					if len(server.fetches) != 1 {
						t.Errorf("expires_in %s: %d fetches, want one", test.life, len(server.fetches))
					}
					return
				}
				step := (test.last - test.first) / 20
				var age time.Duration
				for len(server.fetches) == 1 && age < 2*test.last {
					age = time.Since(got)
					use()
					time.Sleep(step)
					synctest.Wait() // for the request behind our back
				}
				if age < test.first || age > test.last+step {
					t.Errorf("expires_in %s: renewed at the age of %s, want %s to %s", test.life, age, test.first, test.last)
				}
				ages[age] = true
				time.Sleep(2 * test.latency)
			})
		}
		if test.first != 0 && len(ages) < 3 {
			t.Errorf("expires_in %s: renewed at the ages %v, want jitter", test.life, ages)
		}
	}
}

func TestTokenOutlivesAFailingRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{life: "1000"}
		client := server.client(t, upvest.WithoutRetry())
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		time.Sleep(990 * time.Second)
		server.good = "token-1"
		server.answers = slices.Repeat(scripted(problem(503)), 1000)
		for range 90 {
			if err := retrieve(t.Context(), client); err != nil {
				t.Fatalf("with a token that is good: %v", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if tries := len(server.fetches) - 1; tries < 2 || tries > 8 {
			t.Errorf("renewal was tried %d times in 90 calls, want a few", tries)
		}
		time.Sleep(2 * time.Second)
		if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrServiceUnavailable) {
			t.Errorf("error = %v, want that of the token endpoint: the old token has expired", err)
		}
	})
}

func TestUnauthorizedOnce(t *testing.T) {
	server := &tokenServer{}
	client := server.client(t, upvest.WithoutRetry())
	if err := retrieve(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	server.good = "token-2"
	if err := retrieve(t.Context(), client); err != nil {
		t.Errorf("error = %v, want success with the new token", err)
	}
	if len(server.fetches) != 2 || server.calls != 3 {
		t.Errorf("%d fetches and %d calls, want 2 and 3", len(server.fetches), server.calls)
	}
}

func TestUnauthorizedForEver(t *testing.T) {
	server := &tokenServer{good: "another"}
	client := server.client(t)
	err := retrieve(t.Context(), client)
	if failure := asError(t, err); failure.Status != 401 || failure.Detail != "Token is not active" || len(failure.Attempts) != 2 {
		t.Errorf("error = %v, want the 401 with its detail after two attempts", err)
	}
	if len(server.fetches) != 2 || server.calls != 2 {
		t.Errorf("%d fetches and %d calls, want 2 of each", len(server.fetches), server.calls)
	}
}

func TestManyUnauthorizedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{delay: time.Second}
		client := server.client(t)
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
		server.good = "token-2"
		var callers sync.WaitGroup
		for i := range 50 {
			callers.Go(func() {
				time.Sleep(time.Duration(i%5) * 100 * time.Millisecond)
				if err := retrieve(t.Context(), client); err != nil {
					t.Error(err)
				}
			})
		}
		callers.Wait()
		if len(server.fetches) != 2 {
			t.Errorf("%d fetches, want one more", len(server.fetches))
		}
	})
}

func TestTokenEndpointFailsAndRecovers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &tokenServer{answers: scripted(problem(503), failing(io.ErrUnexpectedEOF), cutOff)}
		if err := retrieve(t.Context(), server.client(t)); err != nil || len(server.fetches) != 4 {
			t.Errorf("%v after %d fetches, want success after 4", err, len(server.fetches))
		}
		nonces := map[string]bool{}
		for i, req := range server.fetches {
			nonces[signatureParameters.FindStringSubmatch(req.Header.Get("signature-input"))[3]] = true
			if server.forms[i].Encode() != server.forms[0].Encode() || req.GetBody != nil {
				t.Errorf("attempt %d sends %v", i+1, server.forms[i])
			}
		}
		if len(nonces) != 4 {
			t.Errorf("%d nonces in 4 attempts", len(nonces))
		}
	})
}

func TestTokenEndpointFails(t *testing.T) {
	tests := map[string]struct {
		step    step
		status  int
		fetches int
	}{
		"unavailable":     {step: problem(503), status: 503, fetches: 4},
		"throttled":       {step: problem(429), status: 429, fetches: 4},
		"network failure": {step: failing(io.ErrUnexpectedEOF), status: 0, fetches: 4},
		"unauthorized":    {step: problem(401), status: 401, fetches: 1},
		"bad request":     {step: problem(400), status: 400, fetches: 1},
		"redirect": {
			step:    problem(302, "Location", "https://elsewhere.test/"),
			status:  302,
			fetches: 1,
		},
		"HTML":     {step: success("<html>Some detail</html>"), status: 200, fetches: 1},
		"empty":    {step: success(""), status: 200, fetches: 1},
		"no token": {step: success(`{"expires_in": 1800}`), status: 200, fetches: 1},
		"an empty token": {
			step:    success(`{"access_token": "", "expires_in": 1800}`),
			status:  200,
			fetches: 1,
		},
		"an error in 200": {
			step:    success(`{"access_token": "a", "error": "invalid_client"}`),
			status:  200,
			fetches: 1,
		},
		"a broken token": {step: success(`{"access_token": "a\nb"}`), status: 200, fetches: 1},
		"cut off":        {step: cutOff, status: 200, fetches: 4},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{answers: slices.Repeat(scripted(test.step), 10)}
				client := server.client(t)
				_, err := client.Orders.Create(t.Context(), someOrderRequest())
				failure := asError(t, err)
				if failure.Operation != "create_portfolios_order" || failure.Outcome != upvest.OutcomeRefused {
					t.Errorf("error = %v, outcome %q, want a refused create_portfolios_order", err, failure.Outcome)
				}
				var token *upvest.Error
				if !errors.As(failure.Err, &token) || token.Operation != "token" || token.Status != test.status {
					t.Fatalf("cause = %v, want one of token, status %d", failure.Err, test.status)
				}
				if test.status != 0 && test.status != 200 && !strings.Contains(string(token.Body), "Some detail") {
					t.Errorf("body = %q", token.Body)
				}
				if test.status == 401 && !errors.Is(err, upvest.ErrUnauthorized) {
					t.Errorf("error = %v, want ErrUnauthorized", err)
				}
				if len(server.fetches) != test.fetches || server.calls != 0 {
					t.Errorf("%d fetches, %d calls, want %d and none", len(server.fetches), server.calls, test.fetches)
				}
				if errors.Is(err, upvest.ErrOutcomeUnknown) {
					t.Errorf("error = %v: nothing was sent", err)
				}
			})
		})
	}
}

// Answers that are right but for their Content-Type are taken for what they are.
func TestTokenOfAnyContentType(t *testing.T) {
	for _, contentType := range []string{
		"application/json; charset=utf-8", "text/plain; charset=utf-8", "",
		"application/x-www-form-urlencoded",
	} {
		server := &tokenServer{good: "some-token", answers: scripted(func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, contentType, `{"access_token": "some-token", "expires_in": 1800}`), nil
		})}
		if err := retrieve(t.Context(), server.client(t, upvest.WithoutRetry())); err != nil {
			t.Errorf("%q: %v", contentType, err)
		}
	}
}

func TestReplacedTokenSource(t *testing.T) {
	other := &tokenServer{}
	for name, source := range map[string]oauth2.TokenSource{
		"static":  staticToken("token-1"),
		"reused":  oauth2.ReuseTokenSource(nil, other.client(t).TokenSource()),
		"another": other.client(t).TokenSource(),
	} {
		server := &tokenServer{good: "token-1"}
		other.fetches = nil
		for range 3 {
			if err := retrieve(t.Context(), server.client(t, upvest.WithTokenSource(source))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(server.fetches) > 0 || len(other.fetches) > 1 {
			t.Errorf("%s: %d fetches of our own, %d of the source", name, len(server.fetches), len(other.fetches))
		}
	}
}

// A token that is refused to one client is renewed for all that share the source.
func TestSharedTokenSource(t *testing.T) {
	server := &tokenServer{}
	first := server.client(t)
	second := server.client(t, upvest.WithTokenSource(first.TokenSource()))
	for _, client := range []*upvest.Client{first, second} {
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	server.good = "token-2"
	for _, client := range []*upvest.Client{second, first} {
		if err := retrieve(t.Context(), client); err != nil {
			t.Fatal(err)
		}
	}
	if len(server.fetches) != 2 || server.calls != 5 {
		t.Errorf("%d fetches and %d calls, want 2 and 5", len(server.fetches), server.calls)
	}
}

type sourceFunc func() (*oauth2.Token, error)

func (f sourceFunc) Token() (*oauth2.Token, error) { return f() }

type sourceWithContext struct{ sourceFunc }

func (s sourceWithContext) TokenContext(context.Context) (*oauth2.Token, error) {
	return s.sourceFunc()
}

func TestTokenSourceThatFails(t *testing.T) {
	cause := errors.New("the vault is closed")
	for name, source := range map[string]sourceFunc{
		"error":        func() (*oauth2.Token, error) { return nil, cause },
		"nothing":      func() (*oauth2.Token, error) { return nil, nil },
		"empty token":  func() (*oauth2.Token, error) { return &oauth2.Token{}, nil },
		"broken token": func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "a\r\nb"}, nil },
	} {
		for _, source := range []oauth2.TokenSource{source, sourceWithContext{source}} {
			script := script{steps: scripted(success(orderBody))}
			_, err := newTestClient(t, script.serve, upvest.WithTokenSource(source)).Orders.Create(t.Context(), someOrderRequest())
			if failure := asError(t, err); failure.Outcome != upvest.OutcomeRefused || len(script.requests) > 0 {
				t.Errorf("%s: outcome %q after %d requests: %v", name, failure.Outcome, len(script.requests), err)
			}
			if name == "error" && !errors.Is(err, cause) {
				t.Errorf("error = %v, want that of the source", err)
			}
		}
	}
}

func TestTokenSourceAlone(t *testing.T) {
	server := &tokenServer{}
	source, err := upvest.NewTokenSource(testCredentials(t), upvest.WithHTTPClient(&http.Client{Transport: roundTripper(server.serve)}))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if token, err := source.Token(); err != nil || token.AccessToken != "token-1" || token.Type() != "Bearer" {
			t.Errorf("token = %v, %v", token, err)
		}
	}
	for _, step := range []struct{ forget, want string }{{
		forget: "another",
		want:   "token-1",
	}, {
		forget: "token-1",
		want:   "token-2",
	}, {
		forget: "token-1",
		want:   "token-2",
	}} {
		source.Forget(step.forget)
		if token, err := source.TokenContext(t.Context()); err != nil || token.AccessToken != step.want {
			t.Errorf("token = %v, %v after forgetting %s, want %s", token, err, step.forget, step.want)
		}
	}
}

// A status of the token endpoint is not one of the resource.
func TestTokenStatusIsNotThatOfTheResource(t *testing.T) {
	for status, kinds := range map[int]map[error]bool{
		http.StatusNotFound:     {upvest.ErrNotFound: false},
		http.StatusConflict:     {upvest.ErrConflict: false},
		http.StatusUnauthorized: {upvest.ErrUnauthorized: true},
		http.StatusForbidden:    {upvest.ErrForbidden: true},
	} {
		client := newClientOver(t, roundTripper(func(*http.Request) (*http.Response, error) {
			return answer(status, "application/problem+json", `{"type": "x", "status": 1}`, "Upvest-Request-Id", "of-the-token", "Cf-Ray", "ray"), nil
		}), upvest.WithoutRetry())
		err := retrieve(t.Context(), client)
		for kind, want := range kinds {
			if errors.Is(err, kind) != want {
				t.Errorf("%d of the token endpoint: errors.Is(%v) = %v, want %v", status, kind, !want, want)
			}
		}
		if failure := asError(t, err); failure.RequestID != "of-the-token" || failure.CFRay != "ray" {
			t.Errorf("request id %q and ray %q, want those of the token request", failure.RequestID, failure.CFRay)
		}
	}
}

// While a token is good nobody waits for the next one, however slow or broken the token
// endpoint is.
func TestRenewalHoldsNobodyUp(t *testing.T) {
	const life, margin = 1800 * time.Second, 300 * time.Second
	for name, test := range map[string]struct {
		trouble time.Duration // of the token endpoint, from when renewal is due
		step    step
	}{
		"hanging":             {trouble: 2 * time.Minute, step: hangs},
		"slow":                {trouble: time.Hour},
		"unavailable":         {trouble: 4 * time.Minute, step: problem(503, "Retry-After", "2")},
		"refusing":            {trouble: 4 * time.Minute, step: problem(401)},
		"longer than we wait": {trouble: 4 * time.Minute, step: problem(503, "Retry-After", "3600")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &tokenServer{}
				client := server.client(t)
				started := time.Now()
				if err := retrieve(t.Context(), client); err != nil {
					t.Fatal(err)
				}
				time.Sleep(life - margin)
				if test.step == nil {
					server.delay = 1200 * time.Millisecond
				}
				for time.Since(started) < life+margin {
					if test.step != nil && time.Since(started) < life-margin+test.trouble {
						server.answers = scripted(test.step)
					} else {
						server.answers = nil
					}
					before := time.Now()
					if err := retrieve(t.Context(), client); err != nil || time.Since(before) != 0 {
						t.Fatalf("at the age of %s: %v after %s", time.Since(started), err, time.Since(before))
					}
					time.Sleep(time.Second)
					synctest.Wait()
				}
				if len(server.fetches) > 200 || len(server.fetches) < 2 {
					t.Errorf("%d token requests", len(server.fetches))
				}
			})
		})
	}
}

// A source of the caller's may fetch each time that it is asked.
func TestTokenSourceIsAskedOncePerAttempt(t *testing.T) {
	asked := 0
	requests := 0
	source := sourceFunc(func() (*oauth2.Token, error) {
		asked++
		return &oauth2.Token{AccessToken: "token"}, nil
	})
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		requests++
		return answer(http.StatusUnauthorized, "application/problem+json", `{"type": "unauthorised", "status": 401}`), nil
	}, upvest.WithTokenSource(source))
	if err := retrieve(t.Context(), client); !errors.Is(err, upvest.ErrUnauthorized) {
		t.Fatal(err)
	}
	if asked != 2 || requests != 2 {
		t.Errorf("asked %d times for %d requests, want 2 and 2", asked, requests)
	}
}
