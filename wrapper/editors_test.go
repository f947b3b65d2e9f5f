package wrapper_test

import (
	"context"
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

// plainClient returns a generated client that uses only the given editors of this
// package. It records its requests in sent.
func plainClient(t *testing.T, sent *wireLog, editors ...portfolios.RequestEditorFn) *portfolios.Client {
	t.Helper()
	transport := sent.over(success(orderBody))
	options := []portfolios.ClientOption{portfolios.WithHTTPClient(&http.Client{Transport: transport})}
	for _, editor := range editors {
		options = append(options, portfolios.WithRequestEditorFn(editor))
	}
	client, err := portfolios.NewClient("https://upvest.test", options...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// closeResponse closes the body of a response of the generated client. It ends the test
// if the call returned an error.
func closeResponse(t *testing.T, resp *http.Response, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

// failedCall returns the error of a call of the generated client. It ends the test if the
// call succeeded.
func failedCall(t *testing.T, resp *http.Response, err error) error {
	t.Helper()
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("the call succeeded, want an error")
	}
	return err
}

func TestHeaderEditorsOnThePlainClient(t *testing.T) {
	clientID := testCredentials(t).ClientID
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "ory_at_1", TokenType: "bearer"})
	for name, test := range map[string]struct {
		editor portfolios.RequestEditorFn
		header string
		want   string
	}{
		"version": {editor: upvest.VersionEditor(), header: "Upvest-Api-Version", want: "1"},
		"accept":  {editor: upvest.AcceptEditor(), header: "Accept", want: "application/json"},
		"token":   {editor: upvest.TokenEditor(source), header: "Authorization", want: "Bearer ory_at_1"},
		"client ID": {
			editor: upvest.ClientIDEditor(clientID),
			header: "Upvest-Client-Id",
			want:   clientID.String(),
		},
	} {
		t.Run(name, func(t *testing.T) {
			var sent wireLog
			// The tested editor must replace the header that an earlier editor set.
			before := func(_ context.Context, req *http.Request) error {
				req.Header.Set(test.header, "other")
				return nil
			}
			client := plainClient(t, &sent, before, test.editor)
			resp, err := client.RetrievePortfoliosOrder(t.Context(), someOrder)
			closeResponse(t, resp, err)
			if got := sent[0].header.Values(test.header); !slices.Equal(got, []string{test.want}) {
				t.Errorf("the header %s is %q, want %q", test.header, got, test.want)
			}
			if len(sent[0].header) != 1 {
				t.Errorf("the request has the headers %v, want only %s", sent[0].header, test.header)
			}
		})
	}
}

func TestIdempotencyKeyEditorOnThePlainClient(t *testing.T) {
	const key = "9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c"
	for name, test := range map[string]struct {
		call func(context.Context, *portfolios.Client) (*http.Response, error)
		want string
	}{
		"GET": {
			call: func(ctx context.Context, client *portfolios.Client) (*http.Response, error) {
				return client.RetrievePortfoliosOrder(ctx, someOrder)
			},
		},
		"PUT": {
			call: func(ctx context.Context, client *portfolios.Client) (*http.Response, error) {
				return client.UpdatePortfoliosAllocation(ctx, someAllocation, portfolios.AllocationRequest{})
			},
		},
		"DELETE": {
			call: func(ctx context.Context, client *portfolios.Client) (*http.Response, error) {
				return client.CancelPortfoliosOrder(ctx, someOrder)
			},
		},
		"POST": {
			call: func(ctx context.Context, client *portfolios.Client) (*http.Response, error) {
				return client.CreatePortfoliosOrder(ctx, someOrderRequest())
			},
			want: key,
		},
		"PATCH": {
			call: func(ctx context.Context, client *portfolios.Client) (*http.Response, error) {
				update := portfolios.ConfigurationUpdate{}
				return client.UpdatePortfoliosConfiguration(ctx, someAccount, update)
			},
			want: key,
		},
	} {
		t.Run(name, func(t *testing.T) {
			keys := 0
			editor := upvest.IdempotencyKeyEditor(func() (uuid.UUID, error) {
				keys++
				return uuid.MustParse(key), nil
			})
			var sent wireLog
			resp, err := test.call(t.Context(), plainClient(t, &sent, editor))
			closeResponse(t, resp, err)
			if got := strings.Join(sent[0].header.Values("Idempotency-Key"), ","); got != test.want {
				t.Errorf("idempotency-key is %q, want %q", got, test.want)
			}
			if isMade := keys == 1; isMade != (test.want != "") || keys > 1 {
				t.Errorf("got %d generated keys for a %s, want one for POST and PATCH, else none", keys, name)
			}
		})
	}
}

func TestIdempotencyKeyEditorKeepsAnExistingKey(t *testing.T) {
	editor := upvest.IdempotencyKeyEditor(func() (uuid.UUID, error) {
		t.Error("the editor generated a key, want it to keep the key of the request")
		return uuid.New(), nil
	})
	own := func(_ context.Context, req *http.Request) error {
		req.Header.Set("idempotency-key", "own")
		return nil
	}
	var sent wireLog
	resp, err := plainClient(t, &sent, own, editor).CreatePortfoliosOrder(t.Context(), someOrderRequest())
	closeResponse(t, resp, err)
	if got := sent[0].header.Values("Idempotency-Key"); !slices.Equal(got, []string{"own"}) {
		t.Errorf("the idempotency key is %q, want the key \"own\" that the request already had", got)
	}
}

// To give a key to a single call, a caller passes two more editors to the call, as the
// doc comment of IdempotencyKeyEditor describes: one that sets the key, and a
// SignatureEditor.
func TestIdempotencyKeyOfASingleCallOnThePlainClient(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	var sent wireLog
	client := plainClient(t, &sent,
		upvest.IdempotencyKeyEditor(uuid.NewRandom), upvest.SignatureEditor(signer))
	const key = "9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c"
	ofCall := func(_ context.Context, req *http.Request) error {
		req.Header.Set("idempotency-key", key)
		return nil
	}
	resp, err := client.CreatePortfoliosOrder(
		t.Context(), someOrderRequest(), ofCall, upvest.SignatureEditor(signer))
	closeResponse(t, resp, err)
	if got := sent[0].header.Values("Idempotency-Key"); !slices.Equal(got, []string{key}) {
		t.Errorf("idempotency-key is %q, want %q", got, key)
	}
	if covered := requireSigned(t, sent[0], testPublicKey(t)); !slices.Contains(covered, "idempotency-key") {
		t.Errorf("the signature covers %q, want it to cover idempotency-key", covered)
	}
}

func TestIdempotencyKeyEditorReturnsTheErrorOfTheGenerator(t *testing.T) {
	failure := errors.New("no entropy")
	var sent wireLog
	editor := upvest.IdempotencyKeyEditor(func() (uuid.UUID, error) { return uuid.Nil, failure })
	resp, err := plainClient(t, &sent, editor).CreatePortfoliosOrder(t.Context(), someOrderRequest())
	if err := failedCall(t, resp, err); !errors.Is(err, failure) {
		t.Errorf("got the error %v, want %v", err, failure)
	}
	if len(sent) != 0 {
		t.Errorf("got %d requests, want none", len(sent))
	}
}

func TestTokenEditorRefusesInvalidTokens(t *testing.T) {
	sources := map[string]struct {
		token sourceFunc
		want  string
	}{
		"an error": {
			token: func() (*oauth2.Token, error) { return nil, errors.New("vault is sealed") },
			want:  "vault is sealed",
		},
		"neither a token nor an error": {
			token: func() (*oauth2.Token, error) { return nil, nil },
			want:  "no token",
		},
		"an empty token": {
			token: func() (*oauth2.Token, error) { return &oauth2.Token{}, nil },
			want:  "no token",
		},
		"an oauth2 error with a response": {
			token: func() (*oauth2.Token, error) {
				return nil, &oauth2.RetrieveError{
					Response:         &http.Response{StatusCode: 400, Status: "400 Bad Request"},
					Body:             []byte("CANARY"),
					ErrorCode:        "invalid_client",
					ErrorDescription: "the secret is wrong",
				}
			},
			want: "400",
		},
		"an oauth2 error without a response": {
			token: func() (*oauth2.Token, error) {
				return nil, &oauth2.RetrieveError{Body: []byte("CANARY"), ErrorDescription: "no response"}
			},
			want: "token",
		},
	}
	for name, test := range sources {
		for kind, source := range map[string]oauth2.TokenSource{
			"source without a context": test.token,
			"source with a context":    contextSource(test.token),
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				var sent wireLog
				client := plainClient(t, &sent, upvest.TokenEditor(source))
				resp, err := client.RetrievePortfoliosOrder(t.Context(), someOrder)
				err = failedCall(t, resp, err)
				requireText(t, err, "get an access token: ", test.want)
				if strings.Contains(err.Error(), "CANARY") {
					t.Errorf("the error %q quotes the body of the response, want no part of it", err)
				}
				if len(sent) != 0 {
					t.Errorf("got %d requests, want none", len(sent))
				}
			})
		}
	}
}

func TestTokenEditorKeepsTheResponseInItsError(t *testing.T) {
	source := sourceFunc(func() (*oauth2.Token, error) {
		response := &http.Response{StatusCode: http.StatusForbidden}
		return nil, &oauth2.RetrieveError{Response: response, Body: []byte("why")}
	})
	var sent wireLog
	client := plainClient(t, &sent, upvest.TokenEditor(source))
	resp, err := client.RetrievePortfoliosOrder(t.Context(), someOrder)
	failure := asError(t, failedCall(t, resp, err))
	if !errors.Is(failure, upvest.ErrForbidden) || string(failure.Body) != "why" {
		t.Errorf("got the error %v with the body %q, want ErrForbidden with the body as received",
			failure, failure.Body)
	}
}

func TestSignatureEditorCoversWhatEarlierEditorsSet(t *testing.T) {
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	var sent wireLog
	client := plainClient(t, &sent,
		upvest.VersionEditor(),
		upvest.ClientIDEditor(testCredentials(t).ClientID),
		upvest.AcceptEditor(),
		upvest.IdempotencyKeyEditor(uuid.NewRandom),
		upvest.TokenEditor(staticToken("ory_at_1")),
		upvest.SignatureEditor(signer))
	for range 2 {
		resp, err := client.CreatePortfoliosOrder(t.Context(), someOrderRequest())
		closeResponse(t, resp, err)
	}
	want := []string{
		"@method", "@path", "accept", "authorization", "content-length", "content-type", "content-digest",
		"idempotency-key", "upvest-client-id", "upvest-api-version",
	}
	for _, w := range sent {
		if covered := requireSigned(t, w, testPublicKey(t)); !slices.Equal(covered, want) {
			t.Errorf("the signature covers %q, want %q", covered, want)
		}
	}
	first := sent[0].header.Get("Idempotency-Key")
	if second := sent[1].header.Get("Idempotency-Key"); first == second {
		t.Errorf("two calls carry the idempotency key %s, want different keys", first)
	}
}

func TestTokenSourceOnThePlainClient(t *testing.T) {
	var tokenRequests wireLog
	source := newTokenSource(t, tokenRequests.over(success(tokenBody)))
	var sent wireLog
	client := plainClient(t, &sent, upvest.TokenEditor(source))
	for range 3 {
		resp, err := client.RetrievePortfoliosOrder(t.Context(), someOrder)
		closeResponse(t, resp, err)
		if got := sent.last().header.Get("Authorization"); got != "Bearer test-token" {
			t.Errorf("authorization is %q, want Bearer test-token", got)
		}
	}
	if len(tokenRequests) != 1 {
		t.Fatalf("got %d token requests, want one", len(tokenRequests))
	}
	requireSigned(t, tokenRequests[0], testPublicKey(t))
}
