package faultmatrix_test

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// runRow applies one fault to all operations. It uses a separate API client for each
// operation, so that the operations do not share resources or effects.
func runRow(t *testing.T, row fault, columns []operations.Operation, results []string) {
	t.Helper()
	clients := make([]sandbox.Client, len(columns))
	for i := range clients {
		client, err := sandbox.NewClient(sandbox.ScopeRead, sandbox.ScopeAdmin)
		must(t, err)
		clients[i] = client
	}
	server := startServer(t, row, clients)
	cells := make([]*cell, len(columns))
	for i, op := range columns {
		cells[i] = newCell(t, server, clients[i], row, op)
	}
	for _, c := range cells {
		c.breakNetwork(t)
	}
	var running sync.WaitGroup
	for i, c := range cells {
		running.Go(func() { results[i] = c.run(t) })
		if row.isLarge() {
			running.Wait() // so that only one body of 33 MiB is in memory at a time
		}
	}
	running.Wait()
}

// server is a sandbox, with the function that connects to it.
type server struct {
	*sandbox.Sandbox
	connect dialFunc
}

// startServer starts a sandbox. The sandbox listens on loopback, or in memory if the row
// uses virtual time.
func startServer(t *testing.T, row fault, clients []sandbox.Client) server {
	t.Helper()
	options := []sandbox.Option{
		sandbox.WithClients(clients...),
		sandbox.WithOrderDelay(time.Hour),
		sandbox.WithResponseCheck(func(err error) { t.Error(err) }),
	}
	if row.timeout > 0 {
		options = append(options, sandbox.WithoutNetwork())
	}
	started, err := sandbox.New(options...)
	must(t, err)
	t.Cleanup(func() { must(t, started.Close()) })
	if row.timeout == 0 {
		return server{Sandbox: started, connect: (&net.Dialer{}).DialContext}
	}
	memory, ok := started.Transport().(*http.Transport)
	if !ok {
		t.Fatalf("the transport of the sandbox in memory has the type %T, want *http.Transport",
			started.Transport())
	}
	return server{Sandbox: started, connect: memory.DialContext}
}

// newSubject creates the resources of a cell: an allocation, an account with a
// configuration, an order that is not filled yet, and a rebalancing.
func newSubject(t *testing.T, client *upvest.Client) operations.Subject {
	t.Helper()
	create := func(id string, about operations.Subject) uuid.UUID {
		for _, op := range operations.All() {
			if op.ID == id {
				made, err := op.Call(t.Context(), client, about)
				must(t, err)
				return made
			}
		}
		t.Fatalf("operations.All returned no operation with the id %q", id)
		return uuid.Nil
	}
	account := uuid.New()
	about := operations.Subject{
		Account: account, NewAccount: account, User: uuid.New(), Strategy: uuid.New(),
		Weights: operations.Weights{"0.7", "0.3"},
	}
	about.Allocation = create("create_portfolios_allocation", about)
	create("create_portfolios_configuration", about)
	about.Order = create("create_portfolios_order", about)
	about.Execution = create("trigger_portfolio_rebalancing", about)
	about.NewAccount = uuid.New()
	return about
}
