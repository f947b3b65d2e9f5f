//go:build !race

package wrapper_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// Allocations do not vary as times do, so the targets of `make bench` for them are asserted. The race detector would add its own.
func TestAllocations(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	count := func(do func() error) float64 {
		return testing.AllocsPerRun(20, func() {
			if err := do(); err != nil {
				t.Fatal(err)
			}
		})
	}
	digest := sha512.Sum512([]byte("message"))
	bare := count(func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
	if signed := count(editing(t, key)); signed > bare+25 {
		t.Errorf("the signature editor makes %.0f allocations more than the signature", signed-bare)
	}
	client := unsigningClient(t, orderTransport())
	placed := count(func() error {
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		return err
	})
	if placed > 115 {
		t.Errorf("an order makes %.0f allocations, want at most 115", placed)
	}
	pages, byHand := newClientOver(t, pageTransport()), newHandWritten(t, pageTransport(), nil)
	listed := count(func() error {
		_, err := pages.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{})
		return err
	})
	limit := count(func() error {
		_, err := byHand.listOrders(t.Context())
		return err
	})
	if listed > limit/4 {
		t.Errorf("a page of 1000 orders makes %.0f allocations, want at most a quarter of %.0f", listed, limit)
	}
}
