package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// plainClient is the generated client with these editors and nothing of ours but them.
// What it sends is appended to sent.
func plainClient(t *testing.T, sent *[]wire, editors ...portfolios.RequestEditorFn) *portfolios.Client {
	t.Helper()
	options := []portfolios.ClientOption{portfolios.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			w, err := wireOf(req)
			*sent = append(*sent, w)
			return answer(http.StatusOK, "application/json", orderBody), err
		}),
	})}
	for _, editor := range editors {
		options = append(options, portfolios.WithRequestEditorFn(editor))
	}
	client, err := portfolios.NewClient("https://upvest.test", options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func closeAnswer(t *testing.T, resp *http.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestHeaderEditorsAlone(t *testing.T) {
	for name, test := range map[string]struct {
		editor portfolios.RequestEditorFn
		header string
		want   string
	}{
		"version": {editor: upvest.VersionEditor(), header: "Upvest-Api-Version", want: "1"},
		"client id": {
			editor: upvest.ClientIDEditor(testCredentials(t).ClientID),
			header: "Upvest-Client-Id",
			want:   "5ec16164-6173-461d-b90d-116d68f55b40",
		},
		"accept": {editor: upvest.AcceptEditor(), header: "Accept", want: "application/json"},
		"token": {
			editor: upvest.TokenEditor(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ory_at_1", TokenType: "bearer"})),
			header: "Authorization", want: "Bearer ory_at_1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []wire
			before := func(_ context.Context, req *http.Request) error { // what was there is replaced, not added to
				req.Header.Set(test.header, "other")
				return nil
			}
			resp, err := plainClient(t, &sent, before, test.editor).RetrievePortfoliosOrder(t.Context(), someOrder)
			closeAnswer(t, resp, err)
			if got := sent[0].header.Values(test.header); !slices.Equal(got, []string{test.want}) {
				t.Errorf("%s is %q, want %q", test.header, got, test.want)
			}
			if len(sent[0].header) != 1 {
				t.Errorf("the editor added other headers: %v", sent[0].header)
			}
		})
	}
}

func TestIdempotencyKeyEditorAlone(t *testing.T) {
	const key = "9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c"
	calls := 0
	editor := upvest.IdempotencyKeyEditor(func() (uuid.UUID, error) {
		calls++
		return uuid.MustParse(key), nil
	})
	var sent []wire
	client := plainClient(t, &sent, editor)
	own := plainClient(t, &sent, func(_ context.Context, req *http.Request) error {
		req.Header.Set("idempotency-key", "own")
		return nil
	}, editor)
	for _, test := range []struct {
		name  string
		call  func() (*http.Response, error)
		want  string
		calls int // of the function that makes keys, in all
	}{
		{
			name:  "GET",
			call:  func() (*http.Response, error) { return client.RetrievePortfoliosOrder(t.Context(), someOrder) },
			calls: 0,
		},
		{name: "PUT", call: func() (*http.Response, error) {
			return client.UpdatePortfoliosAllocation(t.Context(), someAllocation, portfolios.AllocationRequest{})
		}, calls: 0},
		{
			name:  "DELETE",
			call:  func() (*http.Response, error) { return client.CancelPortfoliosOrder(t.Context(), someOrder) },
			calls: 0,
		},
		{
			name:  "POST",
			call:  func() (*http.Response, error) { return client.CreatePortfoliosOrder(t.Context(), someOrderRequest()) },
			want:  key,
			calls: 1,
		},
		{name: "PATCH", call: func() (*http.Response, error) {
			return client.UpdatePortfoliosConfiguration(t.Context(), someAccount, portfolios.ConfigurationUpdate{})
		}, want: key, calls: 2},
		{
			name:  "POST with a key",
			call:  func() (*http.Response, error) { return own.CreatePortfoliosOrder(t.Context(), someOrderRequest()) },
			want:  "own",
			calls: 2,
		},
	} {
		resp, err := test.call()
		closeAnswer(t, resp, err)
		last := sent[len(sent)-1]
		if got := strings.Join(last.header.Values("Idempotency-Key"), ","); got != test.want {
			t.Errorf("%s: idempotency-key is %q, want %q", test.name, got, test.want)
		}
		if calls != test.calls {
			t.Errorf("%s: %d keys were made, want %d", test.name, calls, test.calls)
		}
	}
}

func TestIdempotencyKeyEditorReportsFailure(t *testing.T) {
	failure := errors.New("no entropy")
	var sent []wire
	client := plainClient(t, &sent, upvest.IdempotencyKeyEditor(func() (uuid.UUID, error) { return uuid.Nil, failure }))
	resp, err := client.CreatePortfoliosOrder(t.Context(), someOrderRequest())
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, failure) || len(sent) != 0 {
		t.Errorf("got %v and %d requests, want %v and none", err, len(sent), failure)
	}
}

// contextSource is a source of the caller's with the method that takes a context.
type contextSource struct {
	token *oauth2.Token
	err   error
}

func (s contextSource) Token() (*oauth2.Token, error) {
	return nil, errors.New("asked without a context")
}

func (s contextSource) TokenContext(context.Context) (*oauth2.Token, error) { return s.token, s.err }

type plainSource struct {
	token *oauth2.Token
	err   error
}

func (s plainSource) Token() (*oauth2.Token, error) { return s.token, s.err }

func TestTokenEditorRefusesWhatIsNoToken(t *testing.T) {
	failure := errors.New("vault is sealed")
	for name, test := range map[string]struct {
		source oauth2.TokenSource
		want   string
	}{
		"a failure":                   {source: plainSource{err: failure}, want: "vault is sealed"},
		"a failure with a context":    {source: contextSource{err: failure}, want: "vault is sealed"},
		"nothing":                     {source: plainSource{}, want: "no token"},
		"nothing with a context":      {source: contextSource{}, want: "no token"},
		"an empty token":              {source: plainSource{token: &oauth2.Token{}}, want: "no token"},
		"an empty token with context": {source: contextSource{token: &oauth2.Token{}}, want: "no token"},
		"an answer of oauth2": {source: plainSource{err: &oauth2.RetrieveError{
			Response: &http.Response{StatusCode: http.StatusBadRequest, Status: "400 Bad Request"}, Body: []byte("CANARY"),
			ErrorCode: "CANARY", ErrorDescription: "CANARY",
		}}, want: "400"},
		"an error of oauth2 without an answer": {
			source: plainSource{err: &oauth2.RetrieveError{Body: []byte("CANARY"), ErrorDescription: "CANARY"}}, want: "token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent []wire
			resp, err := plainClient(t, &sent, upvest.TokenEditor(test.source)).RetrievePortfoliosOrder(t.Context(), someOrder)
			if err == nil {
				_ = resp.Body.Close()
				t.Fatal("got no error")
			}
			if !strings.Contains(err.Error(), "get an access token: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want it to hold %q", err, test.want)
			}
			if strings.Contains(err.Error(), "CANARY") {
				t.Errorf("%q quotes the answer", err)
			}
			if len(sent) != 0 {
				t.Error("the request was sent")
			}
		})
	}
}

func TestTokenEditorKeepsTheCause(t *testing.T) {
	var sent []wire
	source := plainSource{err: &oauth2.RetrieveError{Response: &http.Response{StatusCode: http.StatusForbidden}, Body: []byte("why")}}
	resp, err := plainClient(t, &sent, upvest.TokenEditor(source)).RetrievePortfoliosOrder(t.Context(), someOrder)
	if err == nil {
		_ = resp.Body.Close()
	}
	var failure *upvest.Error
	if !errors.As(err, &failure) || !errors.Is(err, upvest.ErrForbidden) || string(failure.Body) != "why" {
		t.Errorf("got %v, want an *Error that is ErrForbidden and has the body", err)
	}
}

func TestSignatureEditorCoversWhatEditorsBeforeItSet(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ory_at_1"})
	var sent []wire
	client := plainClient(t, &sent,
		upvest.VersionEditor(), upvest.ClientIDEditor(testCredentials(t).ClientID), upvest.AcceptEditor(),
		upvest.IdempotencyKeyEditor(uuid.NewRandom), upvest.TokenEditor(source), upvest.SignatureEditor(signer))
	for range 2 {
		resp, err := client.CreatePortfoliosOrder(t.Context(), someOrderRequest())
		closeAnswer(t, resp, err)
	}
	for _, w := range sent {
		covered := requireSigned(t, w, testKey(t).Public().(ed25519.PublicKey))
		want := []string{
			"@method", "@path", "accept", "authorization", "content-length", "content-type", "content-digest",
			"idempotency-key", "upvest-client-id", "upvest-api-version",
		}
		if !slices.Equal(covered, want) {
			t.Errorf("the signature covers %q, want %q", covered, want)
		}
	}
	if first, second := sent[0].header.Get("Idempotency-Key"), sent[1].header.Get("Idempotency-Key"); first == second {
		t.Errorf("two calls have the key %s", first)
	}
}

func TestTokenSourceOnThePlainClient(t *testing.T) {
	var asked []wire
	source, err := upvest.NewTokenSource(testCredentials(t), upvest.WithHTTPClient(&http.Client{
		Transport: roundTripper(func(req *http.Request) (*http.Response, error) {
			w, err := wireOf(req)
			asked = append(asked, w)
			return tokenAnswer(), err
		}),
	}))
	if err != nil {
		t.Fatal(err)
	}
	var sent []wire
	client := plainClient(t, &sent, upvest.TokenEditor(source))
	for range 3 {
		resp, err := client.RetrievePortfoliosOrder(t.Context(), someOrder)
		closeAnswer(t, resp, err)
		if got := sent[len(sent)-1].header.Get("Authorization"); got != "Bearer test-token" {
			t.Errorf("authorization is %q", got)
		}
	}
	if len(asked) != 1 {
		t.Fatalf("%d tokens were fetched, want 1", len(asked))
	}
	requireSigned(t, asked[0], testKey(t).Public().(ed25519.PublicKey))
}
