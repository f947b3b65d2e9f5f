package sandbox_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/authority"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
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

// The transport reaches the sandbox under the host name of its URL, and trusts the
// certificate for that name only.
func TestTransportWithTLS(t *testing.T) {
	const host = "sandbox.internal"
	for name, accepted := range map[string]bool{host: true, "other.internal": false} {
		s := sandbox.Start(t, sandbox.WithTLS(certificateFor(t, host)), sandbox.WithURL("https://"+name+"/"))
		if s.URL() != "https://"+name {
			t.Errorf("URL %s", s.URL())
		}
		client, err := upvest.New(
			s.Credentials(),
			upvest.WithHTTPClient(&http.Client{Transport: s.Transport()}),
			upvest.WithoutRetry(),
		)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{})
		if (err == nil) != accepted {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The control endpoint responds under the host of the URL, and under every host name only
// if the sandbox is exposed.
func TestControlUnderTheHostOfTheURL(t *testing.T) {
	url := sandbox.WithURL("http://Sandbox.internal:8080")
	for name, test := range map[string]struct {
		options []sandbox.Option
		host    string
		status  int
	}{
		"no URL":             {host: "sandbox.internal", status: 403},
		"its host":           {options: []sandbox.Option{url}, host: "sandbox.internal", status: 200},
		"its host and port":  {options: []sandbox.Option{url}, host: "sandbox.internal.:8080", status: 200},
		"loopback beside it": {options: []sandbox.Option{url}, host: "127.0.0.1:1", status: 200},
		"another host":       {options: []sandbox.Option{url}, host: "other.internal", status: 403},
		"a host within":      {options: []sandbox.Option{url}, host: "evil.sandbox.internal", status: 403},
		"exposed": {
			options: []sandbox.Option{url, sandbox.WithExposure()}, host: "other.internal", status: 200,
		},
	} {
		s := sandbox.Start(t, append(test.options, sandbox.WithControl())...)
		r := httptest.NewRequest(http.MethodGet, "/_sandbox/effects", http.NoBody)
		r.Host = test.host
		if w := serve(s, r); w.Code != test.status {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, test.status)
		}
	}
}

func TestReachedRefusesBadOptions(t *testing.T) {
	certificate := certificateFor(t, "sandbox.internal")
	for reports, options := range map[string][]sandbox.Option{
		"listener on the network": {sandbox.WithTLS(certificate), sandbox.WithoutNetwork()},
		"expected https":          {sandbox.WithTLS(certificate), sandbox.WithURL("http://127.0.0.1")},
		"is missing":              {sandbox.WithTLS(tls.Certificate{})},
		"a scheme and a host":     {sandbox.WithURL("https://name:secret@sandbox.internal")},
	} {
		_, err := sandbox.New(options...)
		if err == nil || !strings.Contains(err.Error(), reports) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want it to report %q", err, reports)
		}
	}
}
