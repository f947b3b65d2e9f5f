package wrapper

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
)

// networkError is the failure of a request that was handed to the network.
type networkError struct {
	cause   error
	reached bool // there was a connection, so the request may have arrived
}

func (e *networkError) Error() string { return e.cause.Error() }

func (e *networkError) Unwrap() error { return e.cause }

func (e *networkError) outcome() Outcome {
	if e.reached {
		return OutcomeUnknown
	}
	return OutcomeRefused
}

// doer sends requests with a copy of the caller's client and marks failures as those of the network.
type doer struct{ client *http.Client }

func newDoer(client *http.Client) doer {
	copied := *client
	// The signature of a redirected request would no longer match, and its headers would go to a stranger.
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return doer{&copied}
}

// defaultHTTPClient keeps more idle connections than net/http does: with two, a busy client pays a TLS handshake for most calls.
func defaultHTTPClient() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok {
		transport = standard.Clone()
	}
	transport.MaxIdleConnsPerHost = 32
	return &http.Client{Transport: transport}
}

func (d doer) Do(req *http.Request) (*http.Response, error) {
	var asked, connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	resp, err := d.client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		return resp, nil
	}
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err // the operation says more than a URL does
	}
	// A transport that reports no connections may have reached the server, whatever it does, unless the error itself tells.
	reached := connected.Load() || !asked.Load() && !failedToConnect(err)
	return nil, &networkError{cause: err, reached: reached}
}

func failedToConnect(err error) bool {
	var operation *net.OpError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &operation) && operation.Op == "dial" ||
		errors.As(err, &name) || errors.As(err, &certificate) || errors.As(err, &authority)
}
