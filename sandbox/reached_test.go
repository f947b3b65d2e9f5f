package sandbox_test

import (
	"crypto/tls"
	"net/http"
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

// The transport leads to the sandbox under the name of its URL, and trusts its
// certificate for that name alone.
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
