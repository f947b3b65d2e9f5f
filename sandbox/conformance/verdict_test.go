package conformance_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// need is what an address must have for a rule to be testable.
type need string

const (
	needsControl  need = "the control endpoint of a sandbox, for its clock and faults"
	needsAccounts need = "a server that accepts every account, and the scope portfolios:admin"
	needsAdmin    need = "the scope portfolios:admin"
	needsBoth     need = "the scopes portfolios:read and portfolios:admin"
	needsReadOnly need = "a client without the scope portfolios:admin"
	needsEd25519  need = "an Ed25519 key"
	needsStart    need = "a server that is started with certain flags"
)

// The possible results of testing the server at an address against a rule: the server
// follows the rule, it does not, or it lacks something that the test needs.
const (
	same        = "same"
	differs     = "differs"
	notTestable = "not testable"
)

// verdict is the result of testing the server at an address against a rule. It has a
// reason unless the result is "same".
type verdict struct {
	rule   rule
	result string
	reason string
}

func (v verdict) String() string {
	line := fmt.Sprintf("%-12s  %s (%s)", v.result, v.rule.rule, v.rule.source)
	if v.reason != "" {
		line += ": " + v.reason
	}
	return line
}

// judge tests each rule at the address.
func (a *address) judge(t testing.TB, rules []rule) []verdict {
	t.Helper()
	verdicts := make([]verdict, 0, len(rules))
	for _, rule := range rules {
		c := a.caller
		if rule.needs == needsControl {
			c = a.world
		}
		v := verdict{rule: rule, result: same}
		if missing := a.missing(rule); missing != "" {
			v.result = notTestable
			v.reason = "needs " + string(missing)
		} else if failed := record(t, rule, c); failed != "" {
			v.result = differs
			v.reason = failed
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// missing returns what the rule needs but the address lacks. It returns "" if the rule is
// testable.
func (a *address) missing(rule rule) need {
	isAdmin := slices.Contains(a.scopes, "portfolios:admin")
	isReader := slices.Contains(a.scopes, "portfolios:read")
	_, isEd25519 := a.key.(ed25519.PrivateKey)
	has := map[need]bool{
		"":            true,
		needsControl:  a.world != nil,
		needsAccounts: a.fixture != nil,
		needsBoth:     isAdmin && isReader,
		needsReadOnly: !isAdmin,
		needsEd25519:  isEd25519,
	}
	switch {
	case !has[rule.needs]:
		return rule.needs
	case rule.needs != needsControl && !isAdmin && rule.isWrite(a.caller):
		return needsAdmin
	}
	return ""
}

// isWrite reports whether the rule sends a request that needs the scope portfolios:admin.
func (rule rule) isWrite(c *caller) bool {
	for _, build := range []func(*caller) *request{rule.keeps, rule.breaks} {
		if build == nil {
			continue
		}
		if r := build(c); r.method != http.MethodGet && r.path != "/auth/token" {
			return true
		}
	}
	return rule.writes
}

// compare reports how the server differs from the rule. For a rule without run, it checks
// only the status of each response, and not the detail of a problem, because Upvest does
// not document the text of this field.
func (rule rule) compare(t testing.TB, c *caller) {
	t.Helper()
	if rule.run != nil {
		rule.run(t, c)
		return
	}
	if rule.keeps != nil {
		if a := c.send(t, rule.keeps(c)); a.status/100 != 2 {
			t.Errorf("a request that keeps the rule got the status %d, want 2xx", a.status)
		}
	}
	if rule.breaks != nil {
		if a := c.send(t, rule.breaks(c)); a.status != rule.status {
			t.Errorf("a request that breaks the rule got the status %d, want %d", a.status, rule.status)
		}
	}
}

// recorder collects the failures that a rule reports to it, and does not fail the test.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Errorf(format string, values ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, values...))
}

func (r *recorder) Error(values ...any) { r.Errorf("%s", fmt.Sprint(values...)) }

func (r *recorder) Fatalf(format string, values ...any) {
	r.Errorf(format, values...)
	runtime.Goexit()
}

func (r *recorder) Fatal(values ...any) { r.Fatalf("%s", fmt.Sprint(values...)) }

// record compares the server with a rule, and returns the differences in one line.
func record(t testing.TB, rule rule, c *caller) string {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		rule.compare(r, c)
	}()
	<-done
	return strings.Join(strings.Fields(strings.Join(r.failures, "; ")), " ")
}

func newID() string { return uuid.NewString() }
