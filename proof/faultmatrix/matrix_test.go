package faultmatrix_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// TestFaultMatrix meets every operation with every fault. In each cell the server acts at most once, the caller is told the truth,
// nothing secret shows and no connection is left.
func TestFaultMatrix(t *testing.T) {
	results := make([][]string, len(faultRows))
	t.Run("rows", func(t *testing.T) {
		for i, row := range faultRows {
			results[i] = make([]string, len(operations))
			t.Run(row.name, func(t *testing.T) {
				t.Parallel()
				runRow(t, row, results[i])
			})
		}
	})
	goroutinesMustBeGone(t)
	if !t.Failed() {
		printTable(t, results)
	}
}

// goroutinesMustBeGone waits for goroutines that the wrapper started: those of token requests and of connections end a little after
// the call that needed them.
func goroutinesMustBeGone(t *testing.T) {
	t.Helper()
	var stacks string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); runtime.Gosched() {
		buffer := make([]byte, 1<<22)
		stacks = string(buffer[:runtime.Stack(buffer, true)])
		if !strings.Contains(stacks, "upvest-portfolios-go/wrapper.") && !strings.Contains(stacks, "net/http.(*persistConn)") {
			return
		}
	}
	t.Errorf("goroutines were left:\n%s", stacks)
}

func printTable(t *testing.T, results [][]string) {
	t.Helper()
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "fault")
	for i := range operations {
		fmt.Fprintf(table, "\t%d", i+1)
	}
	for i, row := range faultRows {
		fmt.Fprintf(table, "\n%s\t%s", row.name, strings.Join(results[i], "\t"))
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&text, "\n\nEach cell: what the caller was told, after how many attempts, and how often the server acted.")
	for i, op := range operations {
		fmt.Fprintf(&text, "%4d  %s\n", i+1, op.id)
	}
	fmt.Fprintf(&text, "%d cells.\n", len(faultRows)*len(operations))
	if testing.Verbose() {
		fmt.Fprint(os.Stdout, text.String())
	}
}

// runRow meets all operations with one fault, each as an API client of its own, so that their states and effects stay apart.
func runRow(t *testing.T, row fault, results []string) {
	clients := make([]sandbox.Client, len(operations))
	for i := range clients {
		var err error
		clients[i], err = sandbox.NewClient(sandbox.ScopeRead, sandbox.ScopeAdmin)
		must(t, err)
	}
	server, err := sandbox.New(sandbox.WithClients(clients...), sandbox.WithOrderDelay(time.Hour),
		sandbox.WithResponseCheck(func(err error) { t.Error(err) }))
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	cells := make([]*cell, len(operations))
	for i, op := range operations {
		cells[i] = newCell(t, server, clients[i], row, op)
	}
	for _, c := range cells {
		c.breakNetwork(t)
	}
	var running sync.WaitGroup
	for i, c := range cells {
		running.Go(func() { results[i] = c.run(t) })
		if row.inject != nil && row.inject.Pad > 0 {
			running.Wait() // so much at once would run into the time-outs of a slow machine
		}
	}
	running.Wait()
}

// cell is one fault that meets one operation.
type cell struct {
	server *sandbox.Sandbox
	access sandbox.Client
	row    fault
	op     operation
	way    *network
	client *upvest.Client
	world  world
	token  string
}

func newCell(t *testing.T, server *sandbox.Sandbox, access sandbox.Client, row fault, op operation) *cell {
	t.Helper()
	address, err := url.Parse(server.URL())
	must(t, err)
	c := &cell{server: server, access: access, row: row, op: op, way: newNetwork(address.Host)}
	credentials := upvest.Credentials{
		BaseURL: server.URL(), ClientID: access.ID, ClientSecret: access.Secret,
		KeyID: access.KeyID, PrivateKey: access.PrivateKey, Scopes: access.Scopes,
	}
	preparer, err := upvest.New(credentials)
	must(t, err)
	c.world = newWorld(t, preparer)
	token, err := preparer.TokenSource().Token()
	must(t, err)
	c.token = token.AccessToken
	c.client, err = upvest.New(credentials,
		upvest.WithTokenSource(preparer.TokenSource()),
		upvest.WithHTTPClient(&http.Client{Transport: c.way.transport}),
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
	if c.row.inject != nil {
		injected := *c.row.inject
		injected.Operation = c.op.id
		err := c.server.Inject(injected)
		if c.op.id == "cancel_portfolios_order" && c.row.spoilsBodyOnly() {
			if err == nil {
				t.Errorf("%s × %s: a fault that needs a body was taken for an answer without one", c.row.name, c.op.id)
			}
			return
		}
		must(t, err)
	}
	if c.row.network != "" {
		c.way.fail(c.row.network, c.row.times)
	}
}

// run makes the call, judges it and returns the text of the cell.
func (c *cell) run(t *testing.T) string {
	effectsBefore, requestsBefore := c.effects(), c.requests()
	err := c.op.call(t.Context(), c.client, c.world)
	acted := c.effects() - effectsBefore
	got, attempts := verdictOf(c.op, err), attemptsOf(err)
	if err == nil {
		attempts = c.requests() - requestsBefore + c.row.times
	}
	text := fmt.Sprintf("%s %d/%d", got, attempts, acted)
	complain := func(format string, args ...any) {
		t.Errorf("%s × %s: %s: %s: %v", c.row.name, c.op.id, text, fmt.Sprintf(format, args...), err)
	}
	if want := c.row.verdict(c.op); got != want {
		complain("want %s", want)
	}
	if want := c.row.attemptsOf(c.op); attempts != want {
		complain("want %d attempts", want)
	}
	if acted > 1 {
		complain("the server acted %d times", acted)
	}
	switch {
	case c.op.isWrite && (got == succeeds || got == accepted) && acted == 0:
		complain("the caller thinks that the server acted")
	case c.op.isWrite && got == refused && acted != 0:
		complain("the caller thinks that the server did not act")
	}
	checkError(c.row, c.op, err, complain)
	shown := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{c.access.Secret, c.token, "cloudflare"} {
		if strings.Contains(shown, secret) {
			complain("the error shows %q", secret)
		}
	}
	c.way.mustBeEmpty(t)
	return text
}

func checkError(row fault, op operation, err error, complain func(string, ...any)) {
	if err == nil || row.verdict(op) == succeeds {
		return
	}
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		complain("the error is a %T", err)
		return
	}
	if failure.Operation != op.id {
		complain("the error is of %q", failure.Operation)
	}
	if row.status != 0 && failure.Status != row.status {
		complain("the error has status %d, want %d", failure.Status, row.status)
	}
	if row.kind != nil && !errors.Is(err, row.kind) {
		complain("the error is not %v", row.kind)
	}
	if failure.Status != 0 && failure.RequestID == "" {
		complain("the request id is lost")
	}
	if len(failure.Attempts) != row.attemptsOf(op) {
		complain("the error lists %d attempts", len(failure.Attempts))
	}
}

func (f fault) verdict(op operation) verdict {
	switch {
	case !op.isWrite:
		return f.read
	case op.id == "cancel_portfolios_order" && f.cancel != "":
		return f.cancel
	case op.id == "cancel_portfolios_order" && f.spoilsBodyOnly():
		return succeeds
	}
	return f.write
}

func (f fault) attemptsOf(op operation) int {
	if op.id == "cancel_portfolios_order" && f.spoilsBodyOnly() {
		return 1
	}
	return f.attempts
}

// spoilsBodyOnly reports whether the fault is one of a body, which the 204 of a cancellation does not have: the sandbox refuses to inject it.
func (f fault) spoilsBodyOnly() bool {
	return f.inject != nil && (f.inject.CutBody || f.inject.BodyDelay > 0)
}

func verdictOf(op operation, err error) verdict {
	switch {
	case err == nil:
		return succeeds
	case !op.isWrite:
		return fails
	case errors.Is(err, upvest.ErrOutcomeUnknown):
		return unknown
	case errors.Is(err, upvest.ErrAccepted):
		return accepted
	}
	return refused
}

func attemptsOf(err error) int {
	var failure *upvest.Error
	if errors.As(err, &failure) {
		return len(failure.Attempts)
	}
	return 0
}

func (c *cell) effects() int {
	count := 0
	for _, effect := range c.server.Effects() {
		if effect.ClientID == c.access.ID {
			count++
		}
	}
	return count
}

// requests counts the requests for the operation that the sandbox has seen, answered or not.
func (c *cell) requests() int {
	count := 0
	for _, request := range c.server.Requests() {
		if request.ClientID == c.access.ID && request.Operation == c.op.id {
			count++
		}
	}
	return count
}
