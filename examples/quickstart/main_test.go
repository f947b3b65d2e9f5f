package main

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func TestFirstOrder(t *testing.T) {
	server := named.Sandbox(t, sandbox.WithOrderDelay(time.Millisecond))
	order, err := firstOrder(t.Context(), uuid.New(), uuid.New())
	if err != nil {
		t.Fatal(err)
	}
	if order.Status != portfolios.OrderStatusFILLED || order.CashAmount != "100.00" {
		t.Errorf("got an order with the status %s for %s euros, want FILLED for 100.00 euros",
			order.Status, order.CashAmount)
	}
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil || len(placed) != 1 {
		t.Errorf("the program placed %d orders (error %v), want exactly 1", len(placed), err)
	}
}
