package wrapper_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// In most tests of this file, the client calls code of the caller that panics or never
// returns: a private key, a token source, a limiter, a hook or a clock.

// remoteKey is a key of the caller that signs without a context.
type remoteKey struct {
	crypto.Signer
	sign func(message []byte) ([]byte, error)
}

func (k remoteKey) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(message)
}

// kmsKey is a key of the caller that signs with a context.
type kmsKey struct {
	crypto.Signer
	before func(context.Context)
}

func (kmsKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("called without a context")
}

func (k kmsKey) SignContext(
	ctx context.Context, random io.Reader, digest []byte, opts crypto.SignerOpts,
) ([]byte, error) {
	if k.before != nil {
		k.before(ctx)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return k.Signer.Sign(random, digest, opts)
}

// callerCode puts code of the caller into the credentials, or returns an option that
// contains such code.
type callerCode func(*upvest.Credentials) upvest.ClientOption

// clientWithCode makes a client with code of the caller.
func clientWithCode(t *testing.T, code callerCode) *upvest.Client {
	t.Helper()
	credentials := testCredentials(t)
	option := code(&credentials)
	return newClientWith(t, credentials, roundTrip((&tokenServer{}).serve), option)
}

// If the caller's code panics, the panic reaches the call that waits for this code, even
// if the call and the code run in different goroutines. The next call succeeds.
func TestPanicsReachTheCaller(t *testing.T) {
	var failing atomic.Bool
	burst := func() {
		if failing.Load() {
			panic("of the caller's code")
		}
	}
	for name, code := range map[string]callerCode{
		"hook": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithAttemptHook(func(context.Context, upvest.Attempt) { burst() })
		},
		"limiter": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithLimiter(limiterFunc(func(context.Context) error {
				burst()
				return nil
			}))
		},
		"private key": func(credentials *upvest.Credentials) upvest.ClientOption {
			key := credentials.PrivateKey
			credentials.PrivateKey = remoteKey{Signer: key, sign: func(message []byte) ([]byte, error) {
				burst()
				return key.Sign(rand.Reader, message, crypto.Hash(0))
			}}
			return upvest.WithoutRetry()
		},
		"private key with a context": func(credentials *upvest.Credentials) upvest.ClientOption {
			key := credentials.PrivateKey
			credentials.PrivateKey = kmsKey{Signer: key, before: func(context.Context) { burst() }}
			return upvest.WithoutRetry()
		},
		"token source": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
				burst()
				return &oauth2.Token{AccessToken: "token"}, nil
			}))
		},
		"clock": func(*upvest.Credentials) upvest.ClientOption {
			return upvest.WithClock(func() time.Time {
				burst()
				return time.Now()
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := clientWithCode(t, code)
				for range 3 { // with and without a token request
					failing.Store(true)
					if cause, err := recoverCall(t, client); fmt.Sprint(cause) != "of the caller's code" {
						t.Errorf("got the error %v and the panic %v, want the panic of the caller's code",
							err, cause)
					}
					failing.Store(false)
					if cause, err := recoverCall(t, client); err != nil || cause != nil {
						t.Errorf("the call after the panic had the error %v and the panic %v, want success",
							err, cause)
					}
				}
			})
		})
	}
}

// recoverCall makes a call. It returns the error of the call, or the value with which the
// call panicked.
func recoverCall(t *testing.T, client *upvest.Client) (cause any, err error) {
	t.Helper()
	defer func() { cause = recover() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return nil, retrieve(ctx, client)
}

// If a private key or a token source that takes no context hangs, a call returns when its
// context ends. Only a limited number of goroutines continue to wait for this code.
func TestCallsReturnIfTheCallersCodeHangs(t *testing.T) {
	for name, code := range map[string]func(hang <-chan struct{}) callerCode{
		"private key": func(hang <-chan struct{}) callerCode {
			return func(credentials *upvest.Credentials) upvest.ClientOption {
				key := credentials.PrivateKey
				credentials.PrivateKey = remoteKey{Signer: key, sign: func([]byte) ([]byte, error) {
					<-hang
					return nil, errors.New("too late")
				}}
				return upvest.WithoutRetry()
			}
		},
		"token source": func(hang <-chan struct{}) callerCode {
			return func(*upvest.Credentials) upvest.ClientOption {
				return upvest.WithTokenSource(sourceFunc(func() (*oauth2.Token, error) {
					<-hang
					return nil, errors.New("too late")
				}))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				hang := make(chan struct{})
				defer close(hang)
				client := clientWithCode(t, code(hang))
				before := runtime.NumGoroutine()
				for range 100 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					if err := retrieve(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("got the error %v, want context.DeadlineExceeded", err)
					}
					cancel()
				}
				synctest.Wait()
				if left := runtime.NumGoroutine() - before; left > 20 {
					t.Errorf("%d more goroutines run after 100 calls than before, want at most 20 more", left)
				}
			})
		})
	}
}

func TestKeyReceivesTheContextOfTheCall(t *testing.T) {
	type mark struct{}
	marked := 0
	client := clientWithCode(t, func(credentials *upvest.Credentials) upvest.ClientOption {
		key := credentials.PrivateKey
		credentials.PrivateKey = kmsKey{Signer: key, before: func(ctx context.Context) {
			if ctx.Value(mark{}) != nil {
				marked++
			}
		}}
		return upvest.WithoutRetry()
	})
	if err := retrieve(context.WithValue(t.Context(), mark{}, true), client); err != nil {
		t.Fatal(err)
	}
	if marked != 2 {
		t.Errorf("got %d signatures with the context of the call, want 2: for the token and the call",
			marked)
	}
}

func TestCloseClosesIdleConnections(t *testing.T) {
	transport := &closingTransport{}
	newClientOver(t, transport).Close()
	if transport.closed.Load() != 1 {
		t.Errorf("CloseIdleConnections of the transport was called %d times, want once",
			transport.closed.Load())
	}
}

// closingTransport counts how often CloseIdleConnections is called.
type closingTransport struct {
	http.RoundTripper
	closed atomic.Int64
}

func (t *closingTransport) CloseIdleConnections() { t.closed.Add(1) }
