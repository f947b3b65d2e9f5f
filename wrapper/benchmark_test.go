package wrapper_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// The benchmarks compare the wrapper with the plain generated client on the same stub transport: what is between the two is the price of
// signing, retrying and keeping what was received. Compare the lines of one run.

func BenchmarkCreateOrder(b *testing.B) {
	body := `{"id":"29bc9a26-a6ee-47a3-b609-47d30a737afc","account_id":"f2f7d2c7-d79b-4de2-ae9b-d01646259f9e","cash_amount":"100.00",` +
		`"created_at":"2021-07-21T14:10:00Z","updated_at":"2021-07-21T14:10:00Z","currency":"EUR","orders":[],"post_tax":false,` +
		`"status":"NEW","type":"BUY"}`
	respond := func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", body), nil
	}
	b.Run("generated", func(b *testing.B) {
		client := unsignedClient(b, respond)
		for b.Loop() {
			resp, err := client.CreatePortfoliosOrder(b.Context(), someOrderRequest())
			decodeInto(b, resp, err, new(portfolios.Order))
		}
	})
	b.Run("wrapper", func(b *testing.B) {
		client := newTestClient(b, respond)
		for b.Loop() {
			if _, err := client.Orders.Create(b.Context(), someOrderRequest()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkListOrders(b *testing.B) {
	page := portfolios.OrderList{Data: make([]portfolios.Order, 1000)}
	for i := range page.Data {
		page.Data[i] = portfolios.Order{ID: uuid.New(), CashAmount: "100.00", Orders: []portfolios.IndividualOrder{{ID: uuid.New()}}}
	}
	body, err := json.Marshal(page)
	if err != nil {
		b.Fatal(err)
	}
	respond := func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", string(body)), nil
	}
	b.Run("generated", func(b *testing.B) {
		client := unsignedClient(b, respond)
		for b.Loop() {
			resp, err := client.ListPortfoliosOrders(b.Context(), &portfolios.ListPortfoliosOrdersParams{})
			decodeInto(b, resp, err, new(portfolios.OrderList))
		}
	})
	b.Run("wrapper", func(b *testing.B) {
		client := newTestClient(b, respond)
		for b.Loop() {
			if _, err := client.Orders.List(b.Context(), portfolios.ListPortfoliosOrdersParams{}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func unsignedClient(b *testing.B, respond func(*http.Request) (*http.Response, error)) *portfolios.Client {
	b.Helper()
	client, err := portfolios.NewClient("https://upvest.test", portfolios.WithHTTPClient(stub(respond)))
	if err != nil {
		b.Fatal(err)
	}
	return client
}

func decodeInto(b *testing.B, resp *http.Response, err error, value any) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	var body bytes.Buffer
	if _, err := io.Copy(&body, resp.Body); err != nil {
		b.Fatal(err)
	}
	if err := json.Unmarshal(body.Bytes(), value); err != nil {
		b.Fatal(err)
	}
}
