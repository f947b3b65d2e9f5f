//go:build !race

package wrapper_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// These tests count memory allocations instead of measuring time, so their bounds hold on
// every machine. The race detector adds allocations, so builds with -race exclude this
// file.

func TestAllocationsOfASignature(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha512.Sum512([]byte("message"))
	bare := countAllocations(t, func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
	signed := countAllocations(t, editing(t, key))
	const bound = 25
	if signed > bare+bound {
		t.Errorf("the signature editor makes %.0f more allocations than ecdsa.SignASN1, want at most %d",
			signed-bare, bound)
	}
}

func TestAllocationsOfAnOrder(t *testing.T) {
	client := unsigningClient(t, orderTransport())
	placed := countAllocations(t, func() error {
		_, err := client.Orders.Create(t.Context(), someOrderRequest())
		return err
	})
	const bound = 115
	if placed > bound {
		t.Errorf("placing an order makes %.0f allocations, want at most %d", placed, bound)
	}
}

// The bound is an absolute number instead of a share of what encoding/json allocates,
// because that share depends on the Go version: encoding/json makes about 7,000
// allocations in Go 1.26, and about 1,100 in Go 1.27, where it is built on json/v2.
func TestAllocationsOfAPage(t *testing.T) {
	client := newClientOver(t, pageTransport())
	listed := countAllocations(t, func() error {
		_, err := client.Orders.List(t.Context(), portfolios.ListPortfoliosOrdersParams{})
		return err
	})
	// Each of the 1000 orders needs one allocation, for its list of individual orders.
	const bound = 1000 + 150
	if listed > bound {
		t.Errorf("listing a page of 1000 orders makes %.0f allocations, want at most %d", listed, bound)
	}
}

// countAllocations returns the mean number of allocations that one call of do makes.
func countAllocations(t *testing.T, do func() error) float64 {
	t.Helper()
	return testing.AllocsPerRun(20, func() {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	})
}

// If a page has no unknown fields, decoding the page makes no allocations for them. As a
// control, the test decodes a page with unknown fields, which needs more allocations.
func TestOnlyUnknownFieldsNeedMoreAllocations(t *testing.T) {
	decode := func(body string) float64 {
		response := &upvest.Response{Body: []byte(body)}
		return countAllocations(t, func() error {
			var page portfolios.OrderList
			return response.Decode(&page)
		})
	}
	const rows = 1000
	plain := decode(orderPage(0, rows, rows))
	// Each row needs one allocation, for its slice of individual orders. The page itself
	// needs the rest.
	if plain > rows+20 {
		t.Errorf("got %.0f allocations for %d rows, want at most one per row and 20 more", plain, rows)
	}
	unknown := decode(strings.ReplaceAll(orderPage(0, rows, rows), `"post_tax"`, `"new":1,"post_tax"`))
	// The two counts vary a little, because the garbage collector empties pools.
	if unknown < plain+rows/2 {
		t.Errorf("got %.0f allocations with unknown fields and %.0f without, want a difference of %d or more",
			unknown, plain, rows/2)
	}
}
