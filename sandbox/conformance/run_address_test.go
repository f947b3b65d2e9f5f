package conformance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// TestAddress runs the suite against the server given in the UPVEST_API_* variables, and
// prints one line per rule.
func TestAddress(t *testing.T) {
	if os.Getenv("CONFORMANCE") == "" {
		t.Skip("this test needs a server in the UPVEST_API_* variables; run it with `make conformance`")
	}
	a := newAddress(t, os.Getenv)
	counts := map[string]int{}
	for _, v := range a.judge(t, a.suite()) {
		fmt.Println(v)
		counts[v.result]++
	}
	fmt.Printf("%d same, %d differ, %d not testable at %s\n",
		counts[same], counts[differs], counts[notTestable], a.base)
	if counts[differs] > 0 {
		t.Fail()
	}
}

// startServer starts a sandbox and returns its address. The function change wraps the
// sandbox's handler, and may change its behavior. The function client changes the
// sandbox's client.
func startServer(
	t *testing.T, change func(next http.Handler) http.Handler, client func(*sandbox.Client),
	options ...sandbox.Option,
) *address {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	made, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	client(&made)
	options = append(options, sandbox.WithoutListener(), sandbox.WithClients(made),
		sandbox.WithURL("http://"+server.Listener.Addr().String()))
	s, err := sandbox.New(options...)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = change(s.Handler())
	server.Start()
	t.Cleanup(server.Close)
	t.Cleanup(func() { _ = s.Close() })
	variables := map[string]string{}
	for _, pair := range s.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		variables[name] = value
	}
	return newAddress(t, func(name string) string { return variables[name] })
}

func unchanged(next http.Handler) http.Handler { return next }

func anyClient(*sandbox.Client) {}

// TestSandboxSatisfiesTheSuite requires that the sandbox satisfies all rules. A rule may
// be untestable only if the address lacks what the rule needs.
func TestSandboxSatisfiesTheSuite(t *testing.T) {
	reads := func(c *sandbox.Client) { c.Scopes = []string{sandbox.ScopeRead} }
	closed := sandbox.WithAccounts(nil)
	for name, test := range map[string]struct {
		client  func(*sandbox.Client)
		options []sandbox.Option
		// missing are the needs that this address does not meet.
		missing []need
	}{
		"with the control endpoint": {
			client: anyClient, options: []sandbox.Option{sandbox.WithControl()},
			missing: []need{needsReadOnly, needsStart},
		},
		"without the control endpoint": {
			client: anyClient, missing: []need{needsReadOnly, needsStart, needsControl},
		},
		"no account exists": {
			client: anyClient, options: []sandbox.Option{closed},
			missing: []need{needsReadOnly, needsStart, needsControl, needsAccounts},
		},
		"only the scope portfolios:read": {
			client:  reads,
			missing: []need{needsStart, needsControl, needsAccounts, needsAdmin, needsBoth},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := startServer(t, unchanged, test.client, test.options...)
			var missing []need
			for _, v := range a.judge(t, a.suite()) {
				switch v.result {
				case differs:
					t.Error(v)
				case notTestable:
					missing = append(missing, need(strings.TrimPrefix(v.reason, "needs ")))
				}
			}
			slices.Sort(missing)
			slices.Sort(test.missing)
			missing = slices.Compact(missing)
			if !slices.Equal(missing, test.missing) {
				t.Errorf("some rules are not testable because they need %q, want %q", missing, test.missing)
			}
		})
	}
}

// TestServerThatBreaksOneRuleDiffers requires that, for a server that breaks a single
// rule, the suite reports a difference for this rule only.
func TestServerThatBreaksOneRuleDiffers(t *testing.T) {
	for name, test := range map[string]struct {
		isWrong func(*http.Request) bool
		status  int
		want    string
	}{
		"a limit that is too large": {
			isWrong: func(r *http.Request) bool { return r.URL.Query().Get("limit") == "1001" },
			status:  200, want: "limit is at most 1000",
		},
		"a version that does not exist": {
			isWrong: func(r *http.Request) bool { return r.Header.Get("Upvest-Api-Version") == "2" },
			status:  200, want: "the version is optional",
		},
		"a wrong status": {
			isWrong: func(r *http.Request) bool { return r.Header.Get("Authorization") == "Basic eA==" },
			status:  403, want: "the token is a bearer token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			wrong := func(next http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if test.isWrong(r) {
						w.WriteHeader(test.status)
						return
					}
					next.ServeHTTP(w, r)
				})
			}
			a := startServer(t, wrong, anyClient, sandbox.WithControl())
			var found []string
			for _, v := range a.judge(t, a.suite()) {
				if v.result == differs {
					found = append(found, v.rule.rule)
				}
			}
			if !slices.Equal(found, []string{test.want}) {
				t.Errorf("the server differs in the rules %q, want only %q", found, test.want)
			}
		})
	}
}
