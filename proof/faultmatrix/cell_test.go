package faultmatrix_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// cell is one fault applied to one operation.
type cell struct {
	server  server
	access  sandbox.Client
	row     fault
	op      operations.Operation
	network *network
	client  *upvest.Client
	about   operations.Subject
	token   string
}

func newCell(
	t *testing.T, server server, access sandbox.Client, row fault, op operations.Operation,
) *cell {
	t.Helper()
	c := &cell{server: server, access: access, row: row, op: op, network: newNetwork(server.connect)}
	credentials := server.CredentialsOf(access)
	preparer, err := upvest.New(credentials,
		upvest.WithHTTPClient(&http.Client{Transport: server.Transport()}))
	must(t, err)
	c.about = newSubject(t, preparer)
	token, err := preparer.TokenSource().Token()
	must(t, err)
	c.token = token.AccessToken
	c.client, err = upvest.New(credentials,
		upvest.WithTokenSource(preparer.TokenSource()),
		upvest.WithHTTPClient(&http.Client{Transport: c.network.transport}),
		upvest.WithClock(func() time.Time { return time.Now().Add(row.clock) }),
		upvest.WithRetry(upvest.RetryPolicy{
			MaxAttempts: attemptsOfPolicy, BaseDelay: time.Millisecond, MaxDelay: 2 * time.Millisecond,
			AttemptTimeout: cmp.Or(row.timeout, time.Hour),
		}))
	must(t, err)
	return c
}

func (c *cell) breakNetwork(t *testing.T) {
	t.Helper()
	if c.row.network != "" {
		c.network.fail(c.row.network, c.row.failures)
	}
	if c.row.inject == nil {
		return
	}
	injected := *c.row.inject
	injected.Operation = sandbox.Operation(c.op.ID)
	err := c.server.Inject(injected)
	if !c.isRefusedBySandbox() {
		must(t, err)
		return
	}
	if err == nil {
		t.Errorf("%s × %s: Inject accepted a fault that cuts or delays a response body, want an error, "+
			"because this response has no body", c.row.name, c.op.ID)
	}
}

// isRefusedBySandbox reports whether the sandbox refuses to inject the fault. The sandbox
// refuses a fault that cuts or delays the body of the response to a cancellation, because
// that response has no body.
func (c *cell) isRefusedBySandbox() bool {
	inject := c.row.inject
	return c.op.ID == cancellation && inject != nil && (inject.CutBody || inject.BodyDelay > 0)
}

// run makes the call, checks its result, and returns the text for the cell of the table.
func (c *cell) run(t *testing.T) string {
	t.Helper()
	effectsBefore := c.effects()
	requestsBefore := len(c.requests())
	_, err := c.op.Call(t.Context(), c.client, c.about)
	c.network.waitUntilEmpty()
	if c.row.timeout > 0 {
		synctest.Wait() // wait until the server has handled the end of the connection
	}
	effects := c.effects() - effectsBefore
	attempts := attemptsOf(err)
	if err == nil {
		attempts = len(c.requests()) - requestsBefore + c.row.failures
	}
	got := operations.VerdictOf(c.op.IsWrite(), err)
	text := fmt.Sprintf("%s %d/%d", got, attempts, effects)

	problems := append(c.judge(got, attempts, effects), c.judgeError(err)...)
	problems = append(problems, c.judgeShown(err)...)
	if len(problems) > 0 {
		t.Errorf("%s × %s: got %q (verdict, attempts/effects): %s\nerror: %v\nrequests:\n%s",
			c.row.name, c.op.ID, text, strings.Join(problems, "; "), err, c.requestLog())
	}
	return text
}

func (c *cell) judge(got operations.Verdict, attempts, effects int) []string {
	var problems []string
	if want := c.verdict(); got != want {
		problems = append(problems, fmt.Sprintf("want the verdict %s", want))
	}
	if want := c.attempts(); attempts != want {
		problems = append(problems, fmt.Sprintf("want %d attempts", want))
	}
	if effects > 1 {
		problems = append(problems, fmt.Sprintf("the call took effect %d times, want at most once", effects))
	}
	isDone := got == operations.Succeeded || got == operations.Accepted
	switch {
	case c.op.IsWrite() && isDone && effects == 0:
		problems = append(problems, "the call reported success without an effect")
	case got == operations.Refused && effects != 0:
		problems = append(problems, "the call reported a refusal although it took effect")
	}
	return problems
}

func (c *cell) judgeError(err error) []string {
	if err == nil || c.verdict() == operations.Succeeded {
		return nil
	}
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		return []string{fmt.Sprintf("the error has the type %T, want *upvest.Error", err)}
	}
	var problems []string
	want := c.row.want
	if failure.Operation != c.op.ID {
		problems = append(problems,
			fmt.Sprintf("the error names the operation %q, want %q", failure.Operation, c.op.ID))
	}
	if want.status != 0 && failure.Status != want.status {
		problems = append(problems,
			fmt.Sprintf("the error has status %d, want %d", failure.Status, want.status))
	}
	if want.kind != nil && !errors.Is(err, want.kind) {
		problems = append(problems, fmt.Sprintf("the error does not match %v", want.kind))
	}
	if failure.Status != 0 && failure.RequestID == "" {
		problems = append(problems, "the error has a status, but no request id")
	}
	if len(failure.Attempts) != c.attempts() {
		problems = append(problems,
			fmt.Sprintf("the error lists %d attempts, want %d", len(failure.Attempts), c.attempts()))
	}
	return problems
}

// judgeShown formats the error with %v, %+v and %#v, and searches the texts for secrets
// and for a word from the injected response bodies.
func (c *cell) judgeShown(err error) []string {
	var problems []string
	shown := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{c.access.Secret, c.token, "cloudflare"} {
		if strings.Contains(shown, secret) {
			problems = append(problems, fmt.Sprintf("the formatted error contains %q", secret))
		}
	}
	return problems
}

func (c *cell) verdict() operations.Verdict {
	want := c.row.want
	switch {
	case !c.op.IsWrite():
		return want.read
	case c.op.ID == cancellation && want.cancel != "":
		return want.cancel
	case c.isRefusedBySandbox():
		return operations.Succeeded
	}
	return want.write
}

func (c *cell) attempts() int {
	if c.isRefusedBySandbox() {
		return 1
	}
	return c.row.want.attempts
}

func attemptsOf(err error) int {
	if failure, ok := errors.AsType[*upvest.Error](err); ok {
		return len(failure.Attempts)
	}
	return 0
}

func (c *cell) effects() int {
	count := 0
	effects, _ := c.server.Effects() // returns an error only for an invalid filter
	for _, effect := range effects {
		if effect.ClientID == c.access.ID {
			count++
		}
	}
	return count
}

// requests returns the requests of this cell that the sandbox has received.
func (c *cell) requests() []sandbox.Request {
	var seen []sandbox.Request
	requests, _ := c.server.Requests() // returns an error only for an invalid filter
	for _, request := range requests {
		if request.ClientID == c.access.ID && string(request.Operation) == c.op.ID {
			seen = append(seen, request)
		}
	}
	return seen
}

func (c *cell) requestLog() string {
	var text strings.Builder
	for _, request := range c.requests() {
		fmt.Fprintf(&text, "%d: %s %s, idempotency key %q: status %d, detail %q, replayed %t, fault %t\n",
			request.Number, request.Method, request.Path, request.IdempotencyKey,
			request.Status, request.Detail, request.Replayed, request.Fault)
	}
	return text.String()
}
