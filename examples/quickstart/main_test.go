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
		t.Errorf("the order is %s over %s, expected FILLED over 100.00", order.Status, order.CashAmount)
	}
	placed, err := server.Effects(sandbox.OfOperation(sandbox.CreateOrder))
	if err != nil || len(placed) != 1 {
		t.Errorf("%d orders were placed, %v, expected 1", len(placed), err)
	}
}
