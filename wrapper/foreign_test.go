package wrapper_test

import (
	"bufio"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// foreignKey is a key behind code of somebody else's.
type foreignKey struct {
	crypto.Signer
	sign func() ([]byte, error)
}

func (k foreignKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return k.sign() }

// kmsKey is one that takes a context.
type kmsKey struct {
	crypto.Signer
	context func(context.Context)
}

func (k kmsKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("asked without a context")
}

func (k kmsKey) SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if k.context != nil {
		k.context(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.Signer.Sign(rand, digest, opts)
}

func TestNilContextIsAnError(t *testing.T) {
	client := newTestClient(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", orderBody), nil
	})
	var none context.Context
	for _, operation := range everyOperation() {
		if _, err := operation.call(none, client); asError(t, err).Outcome == upvest.OutcomeUnknown || !strings.Contains(err.Error(), "context is nil") {
			t.Errorf("%s: %v, want that the context is nil", operation.id, err)
		}
	}
	for _, err := range client.Orders.All(none, portfolios.ListPortfoliosOrdersParams{}) {
		if err == nil || !strings.Contains(err.Error(), "context is nil") {
			t.Errorf("All: %v", err)
		}
	}
	if _, err := client.Orders.Wait(none, someOrder, nil); err == nil {
		t.Error("Wait took no context")
	}
	if source, ok := client.TokenSource().(*upvest.TokenSource); !ok {
		t.Error("the token source is another")
	} else if _, err := source.TokenContext(none); err == nil {
		t.Error("TokenContext took no context")
	}
	if err := retrieve(t.Context(), client); err != nil {
		t.Errorf("the next call: %v", err)
	}
}

// A panic of foreign code reaches whoever waits for it, wherever it runs, and the client
// goes on.
func TestPanicsReachTheCaller(t *testing.T) {
	var trouble atomic.Bool
	burst := func() {
		if trouble.Load() {
			panic("of foreign code")
		}
	}
	for name, option := range map[string]func(*upvest.Credentials) upvest.ClientOption{
		"hook": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithAttemptHook(func(context.Context, upvest.Attempt) { burst() })
		},
		"limiter": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithLimiter(limiterFunc(func(context.Context) error { burst(); return nil }))
		},
		"signer": func(credentials *upvest.Credentials) upvest.ClientOption {
			key := credentials.PrivateKey
			credentials.PrivateKey = foreignKey{Signer: key, sign: func() ([]byte, error) { burst(); return key.Sign(rand.Reader, nil, crypto.Hash(0)) }}
			return upvest.WithoutRetry()
		},
		"signer with context": func(credentials *upvest.Credentials) upvest.ClientOption {
			credentials.PrivateKey = kmsKey{Signer: credentials.PrivateKey, context: func(context.Context) { burst() }}
			return upvest.WithoutRetry()
		},
		"token source": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
				burst()
				return &oauth2.Token{AccessToken: "token"}, nil
			}))
		},
		"clock": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithClock(func() time.Time { burst(); return time.Now() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				credentials := testCredentials(t)
				server := &tokenServer{}
				chosen := option(&credentials)
				client, err := upvest.New(credentials, upvest.WithHTTPClient(&http.Client{Transport: roundTripper(server.serve)}), chosen)
				if err != nil {
					t.Fatal(err)
				}
				call := func() (cause any, err error) {
					defer func() { cause = recover() }()
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					return nil, retrieve(ctx, client)
				}
				for range 3 { // with a token to fetch, and without
					trouble.Store(true)
					if cause, err := call(); fmt.Sprint(cause) != "of foreign code" {
						t.Errorf("got %v and the panic %v", err, cause)
					}
					trouble.Store(false)
					if cause, err := call(); err != nil || cause != nil {
						t.Errorf("the next call: %v, panic %v", err, cause)
					}
				}
			})
		})
	}
}

// What hangs is left when the context ends, and however many calls met it, few goroutines
// are left behind.
func TestHangingForeignCodeIsLeft(t *testing.T) {
	hang := make(chan struct{})
	defer close(hang)
	for name, option := range map[string]func(*upvest.Credentials) upvest.ClientOption{
		"signer": func(credentials *upvest.Credentials) upvest.ClientOption {
			credentials.PrivateKey = foreignKey{Signer: credentials.PrivateKey, sign: func() ([]byte, error) { <-hang; return nil, errors.New("too late") }}
			return upvest.WithoutRetry()
		},
		"token source": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) { <-hang; return nil, errors.New("too late") }))
		},
	} {
		credentials := testCredentials(t)
		chosen := option(&credentials)
		client, err := upvest.New(credentials, chosen, upvest.WithHTTPClient(stub(func(*http.Request) (*http.Response, error) {
			return answer(http.StatusOK, "application/json", orderBody), nil
		})))
		if err != nil {
			t.Fatal(err)
		}
		before := runtime.NumGoroutine()
		for range 100 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if err := retrieve(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v, want the deadline", name, err)
			}
			cancel()
		}
		if left := runtime.NumGoroutine() - before; left > 20 {
			t.Errorf("%s: %d goroutines are left behind 100 calls", name, left)
		}
	}
}

func TestKeyWithAContextIsAskedWithIt(t *testing.T) {
	type mark struct{}
	marked := 0
	credentials := testCredentials(t)
	credentials.PrivateKey = kmsKey{Signer: credentials.PrivateKey, context: func(ctx context.Context) {
		if ctx.Value(mark{}) != nil {
			marked++
		}
	}}
	client, err := upvest.New(credentials, upvest.WithHTTPClient(stub(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", orderBody), nil
	})))
	if err != nil {
		t.Fatal(err)
	}
	if err := retrieve(context.WithValue(t.Context(), mark{}, true), client); err != nil || marked != 2 {
		t.Errorf("%v, %d signatures saw the context of the call, want those of the token and the call", err, marked)
	}
}

func TestKeyWithoutItsSecretIsRefused(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, incomplete := range map[string]crypto.Signer{
		"no D": &ecdsa.PrivateKey{PublicKey: key.PublicKey}, "nothing": &ecdsa.PrivateKey{}, "nil": (*ecdsa.PrivateKey)(nil),
	} {
		credentials := testCredentials(t)
		credentials.PrivateKey = incomplete
		if _, err := upvest.New(credentials); err == nil || !strings.Contains(err.Error(), "PrivateKey") {
			t.Errorf("%s: %v, want that PrivateKey is incomplete", name, err)
		}
	}
}

// After 101 comes another protocol, which never ends.
func TestSwitchedProtocolIsNotRead(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			defer connection.Close()
			if _, err := http.ReadRequest(bufio.NewReader(connection)); err != nil {
				return
			}
			_, _ = io.WriteString(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nno end")
		}
	}()
	credentials := testCredentials(t)
	credentials.BaseURL = strings.Replace("http://"+listener.Addr().String(), "127.0.0.1", "LOCALHOST", 1)
	client, err := upvest.New(credentials, upvest.WithTokenSource(staticToken("token")))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	_, err = client.Orders.Create(t.Context(), someOrderRequest())
	if failure := asError(t, err); failure.Status != 101 || failure.Outcome != upvest.OutcomeUnknown || !strings.Contains(err.Error(), "protocol") {
		t.Errorf("%v, want a 101 with an unknown outcome", err)
	}
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	transport := &closingTransport{RoundTripper: stub(nil).Transport}
	newClientOver(t, transport).CloseIdleConnections()
	if transport.closed != 1 {
		t.Errorf("the transport was told %d times", transport.closed)
	}
}

type closingTransport struct {
	http.RoundTripper
	closed int
}

func (t *closingTransport) CloseIdleConnections() { t.closed++ }

// A transport may quote the request in its error, in a form of its own.
func TestFailureOfATransportShowsNoKey(t *testing.T) {
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		key := req.Header.Get("idempotency-key")
		return nil, fmt.Errorf("cannot send %s, %s, %s with %s signed %s", key, strings.ToUpper(key), strings.ReplaceAll(key, "-", ""),
			req.Header.Get("authorization"), req.Header.Get("signature"))
	}, upvest.WithoutRetry())
	key := uuid.MustParse("b1946ac9-2492-4d23-8a4f-0d6f1c2e3a4b")
	_, err := client.Orders.Create(t.Context(), someOrderRequest(), upvest.WithIdempotencyKey(key))
	plain := strings.ReplaceAll(key.String(), "-", "")
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
			if shown := strings.ToLower(strings.ReplaceAll(text, "-", "")); strings.Contains(shown, plain) || strings.Contains(text, "test-token") {
				t.Errorf("the error shows what it must not: %s", text)
			}
		}
	}
}

// A field that differs from a documented one by case only is another field.
func TestMembersGoByCase(t *testing.T) {
	body := strings.Replace(orderBody, "{", `{"Status": "FILLED", "ID": "x", "Cash_Amount": 7, `, 1)
	order, err := answering(t, http.StatusOK, "application/json", body).Orders.Retrieve(t.Context(), someOrder)
	if err != nil || order.Status != "PROCESSING" || order.ID != someOrder {
		t.Errorf("%+v, %v, want the order as documented", order, err)
	}
}

func TestTokenEndpointThatWantsAnUpgrade(t *testing.T) {
	server := &tokenServer{answers: scripted(problem(426))}
	if err := retrieve(t.Context(), server.client(t)); !errors.Is(err, upvest.ErrUpgradeRequired) {
		t.Errorf("%v, want ErrUpgradeRequired", err)
	}
}
