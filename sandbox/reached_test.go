package sandbox_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/authority"
)

func certificateFor(t *testing.T, host string) tls.Certificate {
	t.Helper()
	issuer, err := authority.New(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := issuer.Issue([]string{host}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// TestTransportWithTLS requires that the transport reaches the sandbox under the host
// name of the sandbox's URL, but only if the certificate is valid for this name.
func TestTransportWithTLS(t *testing.T) {
	const host = "sandbox.internal"
	for name, accepted := range map[string]bool{host: true, "other.internal": false} {
		s := sandbox.Start(t, sandbox.WithTLS(certificateFor(t, host)), sandbox.WithURL("https://"+name+"/"))
		if s.URL() != "https://"+name {
			t.Errorf("the URL is %s, want no slash at the end", s.URL())
		}
		client := clientOf(t, s, s.Client())
		_, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
		if (err == nil) != accepted {
			t.Errorf("for the host %s, the list returned the error %v, want one only for other.internal",
				name, err)
		}
	}
}

// TestResetOverTLS requires that a fault with Reset sends a TCP reset over TLS as well.
func TestResetOverTLS(t *testing.T) {
	const host = "sandbox.internal"
	s := sandbox.Start(t, sandbox.WithTLS(certificateFor(t, host)), sandbox.WithURL("https://"+host))
	if err := s.Inject(sandbox.Fault{Operation: sandbox.TokenOperation, Reset: true}); err != nil {
		t.Fatal(err)
	}
	client := clientOf(t, s, s.Client())
	_, err := client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the call returned the error %v, want a TCP reset", err)
	}
}

// TestControlRespondsToTheHostInTheURL requires that the control endpoint responds to
// requests whose Host is the host of the sandbox's URL or a loopback address, and to
// other hosts only if the sandbox is exposed.
func TestControlRespondsToTheHostInTheURL(t *testing.T) {
	url := sandbox.WithURL("http://Sandbox.internal:8080")
	for name, test := range map[string]struct {
		options []sandbox.Option
		host    string
		status  int
	}{
		"no URL is set":  {host: "sandbox.internal", status: 403},
		"the URL's host": {options: []sandbox.Option{url}, host: "sandbox.internal", status: 200},
		"the URL's host with a port": {
			options: []sandbox.Option{url}, host: "sandbox.internal.:8080", status: 200,
		},
		"a loopback address": {options: []sandbox.Option{url}, host: "127.0.0.1:1", status: 200},
		"not the URL's host": {options: []sandbox.Option{url}, host: "other.internal", status: 403},
		"a subdomain": {
			options: []sandbox.Option{url}, host: "evil.sandbox.internal", status: 403,
		},
		"any host if exposed": {
			options: []sandbox.Option{url, sandbox.WithExposure()}, host: "other.internal", status: 200,
		},
	} {
		s := sandbox.Start(t, append(test.options, sandbox.WithControl())...)
		r := httptest.NewRequest(http.MethodGet, "/_sandbox/effects", http.NoBody)
		r.Host = test.host
		if w := serve(s, r); w.Code != test.status {
			t.Errorf("%s: got %d %s, want the status %d", name, w.Code, w.Body, test.status)
		}
	}
}

func TestInvalidURLAndTLSOptionsAreRefused(t *testing.T) {
	certificate := certificateFor(t, "sandbox.internal")
	for reports, options := range map[string][]sandbox.Option{
		"listener on the network": {sandbox.WithTLS(certificate), sandbox.WithoutNetwork()},
		"expected https":          {sandbox.WithTLS(certificate), sandbox.WithURL("http://127.0.0.1")},
		"is missing":              {sandbox.WithTLS(tls.Certificate{})},
		"a scheme and a host":     {sandbox.WithURL("https://name:secret@sandbox.internal")},
	} {
		_, err := sandbox.New(options...)
		if err == nil || !strings.Contains(err.Error(), reports) || strings.Contains(err.Error(), "secret") {
			t.Errorf("New returned the error %v, want one with %q and no secret", err, reports)
		}
	}
}
