package wrapper_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// withOption makes a client with the given option, and returns the error of New.
func withOption(t *testing.T, option upvest.ClientOption) error {
	t.Helper()
	_, err := upvest.New(testCredentials(t), option)
	return err
}

// edit runs an editor on a request, and returns the error of the editor.
func edit(t *testing.T, editor portfolios.RequestEditorFn) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://upvest.test/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return editor(t.Context(), req)
}

// Functions return an error for a nil argument, and for an interface that holds a nil
// pointer.
func TestNilArgumentsAreErrors(t *testing.T) {
	var (
		noContext context.Context
		noSource  *upvest.TokenSource
		noSigner  *upvest.Signer
		noFailure *upvest.Error
		noReply   *upvest.Response
	)
	server := scripted(success(orderBody))
	client := newTestClient(t, server.serve)
	call := func(option upvest.CallOption) error { return retrieve(t.Context(), client, option) }
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "key", PrivateKey: testKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	list := func(ctx context.Context, options ...upvest.AllOption) error {
		for _, err := range client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{}, options...) {
			return err
		}
		return nil
	}
	_, noKeyErr := upvest.NewSigner(upvest.SignerConfig{KeyID: "key"})
	_, parseErr := upvest.ParsePrivateKey(nil, "")
	_, credentialsErr := upvest.New(upvest.Credentials{})
	_, sourceErr := upvest.NewTokenSource(upvest.Credentials{}, nil)
	_, tokenErr := noSource.Token()
	_, emptyTokenErr := new(upvest.TokenSource).Token()
	_, waitErr := client.Orders.Wait(noContext, someOrder, nil)
	_, keyErr := upvest.IdempotencyKeyFor("", "")
	for name, err := range map[string]error{
		"New":                           credentialsErr,
		"NewTokenSource":                sourceErr,
		"NewSigner":                     noKeyErr,
		"ParsePrivateKey":               parseErr,
		"IdempotencyKeyFor":             keyErr,
		"client option":                 withOption(t, nil),
		"WithHTTPClient":                withOption(t, upvest.WithHTTPClient(nil)),
		"WithTokenSource":               withOption(t, upvest.WithTokenSource(nil)),
		"WithTokenSource, nil pointer":  withOption(t, upvest.WithTokenSource(noSource)),
		"WithTokenSource, nil function": withOption(t, upvest.WithTokenSource(sourceFunc(nil))),
		"WithLimiter":                   withOption(t, upvest.WithLimiter(nil)),
		"WithLimiter, nil pointer":      withOption(t, upvest.WithLimiter((*limiterFunc)(nil))),
		"WithLogger":                    withOption(t, upvest.WithLogger(nil)),
		"WithAttemptHook":               withOption(t, upvest.WithAttemptHook(nil)),
		"WithSignatureBase":             withOption(t, upvest.WithSignatureBase(nil)),
		"WithClock":                     withOption(t, upvest.WithClock(nil)),
		"WithRandom":                    withOption(t, upvest.WithRandom(nil)),
		"WithRandom, nil pointer":       withOption(t, upvest.WithRandom((*bytes.Reader)(nil))),
		"call option":                   call(nil),
		"WithResponse":                  call(upvest.WithResponse(nil)),
		"Resume, nil *Error":            call(noFailure.Resume()),
		"context of a call":             retrieve(noContext, client),
		"context of a list":             list(noContext),
		"context of Wait":               waitErr,
		"option of a list":              list(t.Context(), nil),
		"context of Do":                 client.Do(noContext, upvest.Request{Method: "GET", Path: "/x"}, nil),
		"Token, nil *TokenSource":       tokenErr,
		"Token, empty TokenSource":      emptyTokenErr,
		"TokenEditor":                   edit(t, upvest.TokenEditor(nil)),
		"TokenEditor, nil pointer":      edit(t, upvest.TokenEditor(noSource)),
		"IdempotencyKeyEditor":          edit(t, upvest.IdempotencyKeyEditor(nil)),
		"SignatureEditor":               edit(t, upvest.SignatureEditor(nil)),
		"Sign, nil *Signer":             noSigner.Sign(t.Context(), documentedRequest(t)),
		"context of Sign":               signer.Sign(noContext, documentedRequest(t)),
		"request of Sign":               signer.Sign(t.Context(), nil),
		"Decode, nil *Response":         noReply.Decode(new(int)),
		"value of Decode":               new(upvest.Response).Decode(nil),
		"value of Decode, nil pointer":  new(upvest.Response).Decode((*int)(nil)),
	} {
		if err == nil {
			t.Errorf("got no error for a nil value (%s), want an error", name)
		}
	}
	noSource.Forget("token")
	new(upvest.TokenSource).Forget("token")
	if upvest.IsDone(nil) {
		t.Error("IsDone(nil) is true, want false")
	}
	server.requireRequests(t, 0)
}

// The token editor accepts a nil context if the token source takes no context.
func TestTokenEditorAcceptsANilContext(t *testing.T) {
	source := sourceFunc(func() (*oauth2.Token, error) { return &oauth2.Token{AccessToken: "a"}, nil })
	req := documentedRequest(t)
	var none context.Context
	err := upvest.TokenEditor(source)(none, req)
	if got := req.Header.Get("Authorization"); err != nil || got != "Bearer a" {
		t.Errorf("got authorization %q and the error %v, want \"Bearer a\" and no error", got, err)
	}
}

func TestIdempotencyKeyOfFindsTheKeyInTheOptions(t *testing.T) {
	key := uuid.MustParse("b1946ac9-2492-4d23-8a4f-0d6f1c2e3a4b")
	other := uuid.MustParse("9b2f6c1e-4d3a-4f5b-8a7c-0d1e2f3a4b5c")
	failure := &upvest.Error{IdempotencyKey: key}
	withKey := upvest.WithIdempotencyKey(key)
	withOther := upvest.WithIdempotencyKey(other)
	header := upvest.WithHeader("Accept-Language", "de")
	for name, test := range map[string]struct {
		options []upvest.CallOption
		want    uuid.UUID
	}{
		"no option":                    {},
		"options without a key":        {options: []upvest.CallOption{header}},
		"a key":                        {options: []upvest.CallOption{header, withKey}, want: key},
		"a key twice":                  {options: []upvest.CallOption{withKey, withKey}, want: key},
		"a resumed call":               {options: []upvest.CallOption{failure.Resume()}, want: key},
		"an error and its key":         {options: []upvest.CallOption{failure.Resume(), withKey}, want: key},
		"two different keys":           {options: []upvest.CallOption{withKey, withOther}},
		"an error and a different key": {options: []upvest.CallOption{failure.Resume(), withOther}},
		"an error without a key":       {options: []upvest.CallOption{new(upvest.Error).Resume()}},
		"a nil option":                 {options: []upvest.CallOption{withKey, nil}},
		"an invalid option":            {options: []upvest.CallOption{withKey, upvest.WithTimeout(-1)}},
	} {
		got, ok := upvest.IdempotencyKeyOf(test.options...)
		if got != test.want || ok != (test.want != uuid.Nil) {
			t.Errorf("%s: got the key %s (found: %t), want the key %s (found: %t)",
				name, got, ok, test.want, test.want != uuid.Nil)
		}
	}
}

// Do sends a namedBytes unchanged, because this type has no methods. For a namedText, Do
// sends the text that MarshalText returns, as a JSON string.
type (
	namedBytes []byte
	namedText  []byte
)

func (namedText) MarshalText() ([]byte, error) { return []byte("text"), nil }

func TestDoSendsBytesAsTheyAre(t *testing.T) {
	for want, body := range map[string]any{
		`{"a": 1}`:  []byte(`{"a": 1}`),
		`{"a":  2}`: json.RawMessage(`{"a":  2}`),
		`{"a": 3}`:  namedBytes(`{"a": 3}`),
		`"text"`:    namedText(`{"a": 4}`),
	} {
		var sent []byte
		client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
			var err error
			sent, err = io.ReadAll(req.Body)
			return newResponse(http.StatusNoContent, "", ""), err
		})
		request := upvest.Request{Method: http.MethodPut, Path: "/x", Body: body}
		if err := client.Do(t.Context(), request, nil); err != nil || string(sent) != want {
			t.Errorf("Do sent a %T as %q with the error %v, want %q and no error", body, sent, err, want)
		}
	}
}

// The value of a header that is set for a call replaces the value that is set for the
// client. The signature covers the header once.
func TestWithHeaderSendsTheLastValue(t *testing.T) {
	var sent []string
	var input string
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		sent = req.Header["Accept-Language"]
		input = req.Header.Get("Signature-Input")
		return respond(http.StatusNoContent, "", "")(req)
	}, upvest.WithHeader("Accept-Language", "client"))
	request := upvest.Request{Method: http.MethodPut, Path: "/x"}
	err := client.Do(t.Context(), request, nil,
		upvest.WithHeader("accept-language", "call"), upvest.WithHeader("ACCEPT-LANGUAGE", "last"))
	if err != nil {
		t.Fatal(err)
	}
	if len(sent) != 1 || sent[0] != "last" {
		t.Errorf("accept-language is %q, want only \"last\"", sent)
	}
	if count := strings.Count(input, `"accept-language"`); count != 1 {
		t.Errorf("the signature covers the header %d times, want once: %s", count, input)
	}
}
