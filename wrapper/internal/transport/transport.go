// Package transport sends requests, and reports whether a failed request may have reached
// the server.
package transport

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"regexp"
	"sync/atomic"
	"time"
)

// Error is the failure of a request that was handed to the HTTP client, or of reading its
// response.
type Error struct {
	*Sealed

	// the request may have arrived: there was a connection, or the transport does not
	// report whether there was one
	Reached bool
	// the server's certificate is not valid, so another attempt would fail too
	Untrusted bool
}

// NewError makes an Error. Its text is the text of the cause, without what the echo
// hides, and without quoted parts, which may come from a body.
func NewError(cause error, echo Echo) *Error {
	text := quotation.ReplaceAllString(cause.Error(), "(hidden)")
	return &Error{Sealed: sealAs(cause, echo.Hide(text)), Untrusted: isUntrusted(cause)}
}

// quotation matches the texts that net/http quotes, which may be parts of a body.
var quotation = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// Doer sends requests with a copy of the caller's client, and returns an [Error] if a
// request fails. Only closures hold the copy, because the buffer of a connection contains
// the last request, and a printer cannot read what a closure contains.
type Doer struct {
	do        func(*http.Request) (*http.Response, error)
	closeIdle func()
	secret    func() string // returns the secret of the API client
	// reports is set if the transport calls the hook GetConn before it uses a connection.
	// If such a transport did not call the hook, it has sent nothing. WithHTTPClient
	// documents the exception.
	reports bool
}

// NewDoer makes a Doer. The client is copied and stays unchanged; redirects are never
// followed.
func NewDoer(client *http.Client, secret func() string) Doer {
	copied := *client
	// The signature of a redirected request would no longer match, and another host could
	// receive its headers.
	copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	transport := client.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	copied.Transport = readableLocation{transport}
	_, reports := transport.(*http.Transport)
	return Doer{
		do:        copied.Do,
		closeIdle: copied.CloseIdleConnections,
		secret:    secret,
		reports:   reports,
	}
}

// readableLocation removes a header Location that is not a URL, because net/http would
// otherwise return an error instead of the response.
type readableLocation struct{ transport http.RoundTripper }

func (r readableLocation) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := r.transport.RoundTrip(req)
	if resp == nil {
		return nil, err
	}
	if location := resp.Header.Get("Location"); location != "" {
		if _, bad := req.URL.Parse(location); bad != nil {
			resp.Header.Del("Location")
		}
	}
	return resp, err
}

func (r readableLocation) CloseIdleConnections() {
	(&http.Client{Transport: r.transport}).CloseIdleConnections()
}

// DefaultClient returns an HTTP client for many concurrent calls. By default, net/http
// keeps only two idle connections per host, so that a busy client needs a TLS handshake
// for most calls; this client keeps 100. It sends pings over HTTP/2, because all calls
// share a connection and would hang if that connection were dead.
func DefaultClient() *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	pings := &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		ForceAttemptHTTP2:     true,
		HTTP2:                 pings,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   100,
		IdleConnTimeout:       90 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ExpectContinueTimeout: time.Second,
	}}
}

// CloseIdleConnections closes the connections that no call is using.
func (d Doer) CloseIdleConnections() { d.closeIdle() }

// Do sends a request. Its error is an *[Error].
func (d Doer) Do(req *http.Request) (*http.Response, error) {
	var asked, connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}
	resp, err := d.do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		resp.Request = req // not every transport sets this field
		return resp, nil
	}
	if inURL, ok := errors.AsType[*url.Error](err); ok {
		err = inURL.Err // errors name the operation, which tells more than the URL
	}
	reached := connected.Load()
	if !asked.Load() && !d.reports {
		// This transport may reach the server without calling the hook.
		reached = reached || !failedToConnect(err)
	}
	failure := NewError(err, EchoOf(d.secret(), req))
	failure.Reached = reached
	return nil, failure
}

func failedToConnect(err error) bool {
	var operation *net.OpError
	var name *net.DNSError
	return errors.As(err, &operation) && operation.Op == "dial" || errors.As(err, &name) || isUntrusted(err)
}

func isUntrusted(err error) bool {
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &certificate) || errors.As(err, &authority)
}
