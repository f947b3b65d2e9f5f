package sandbox

import (
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// TB is the part of [testing.TB] that Start needs.
type TB interface {
	Helper()
	Cleanup(end func())
	Failed() bool
	Errorf(format string, arguments ...any)
	Fatalf(format string, arguments ...any)
	Logf(format string, arguments ...any)
}

// Start starts a sandbox for a test, and ends it when the test ends. If the test fails,
// Start logs the refused requests with their reasons, the requests that had a fault, and
// the waiting faults that have applied to no request. Start also compares responses with
// openapi.yaml as [WithResponseCheck] does. If a response differs, the test fails.
func Start(t TB, options ...Option) *Sandbox {
	t.Helper()
	checked := WithResponseCheck(func(err error) {
		t.Errorf("sandbox: a response differs from openapi.yaml: %v", err)
	})
	s, err := New(append([]Option{checked}, options...)...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.logRefusals(t)
			s.logUnmet(t)
		}
		if err := s.Close(); err != nil {
			t.Errorf("end the sandbox: %v", err)
		}
	})
	return s
}

func (s *Sandbox) logRefusals(t TB) {
	requests, err := s.Requests()
	if err != nil {
		t.Errorf("%v", err)
	}
	for _, r := range requests {
		switch {
		case r.Fault:
			t.Logf("sandbox: request %d, %s %s, had a fault: status %d", r.Number, r.Method, r.Path, r.Status)
		case r.Status >= 400:
			t.Logf("sandbox: request %d, %s %s, was refused: %d %s",
				r.Number, r.Method, r.Path, r.Status, r.Detail)
		}
	}
	if forgotten, _ := s.Forgotten(); forgotten > 0 {
		t.Logf("sandbox: the first %d requests were dropped", forgotten)
	}
}

// logUnmet logs the waiting faults that have applied to no request.
func (s *Sandbox) logUnmet(t TB) {
	for _, pending := range s.PendingFaults() {
		if pending.Met == 0 {
			t.Logf("sandbox: a fault applied to no request: %s", pending.Fault)
		}
	}
}

// Credentials returns the credentials of the sandbox's first API client, with all of its
// scopes, for use with this repository's client.
func (s *Sandbox) Credentials() upvest.Credentials { return s.CredentialsOf(s.Client()) }

// CredentialsOf returns the credentials of c, a client of the sandbox. They include the
// client's private key if the sandbox has it.
func (s *Sandbox) CredentialsOf(c Client) upvest.Credentials {
	return upvest.Credentials{
		BaseURL:      s.URL(),
		ClientID:     c.ID,
		ClientSecret: c.Secret,
		KeyID:        c.KeyID,
		PrivateKey:   c.PrivateKey,
		Scopes:       c.Scopes,
	}
}
