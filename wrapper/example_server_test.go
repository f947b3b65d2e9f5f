package wrapper_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
)

// TestMain starts a server for the examples and sets the UPVEST_API_* variables, so that
// an example contains only code that a program needs.
func TestMain(m *testing.M) {
	server := httptest.NewServer(exampleServer())
	defer server.Close()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		log.Fatal(err)
	}
	for name, value := range map[string]string{
		envBaseURL:      server.URL,
		envClientID:     "5ec16164-6173-461d-b90d-116d68f55b40",
		envClientSecret: "secret",
		envKeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		envScopes:       "portfolios:admin",
		envKey:          string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	} {
		if err := os.Setenv(name, value); err != nil {
			log.Fatal(err)
		}
	}
	m.Run()
}

// exampleServer returns a server that grants tokens and responds to calls with the
// documented bodies, some of which have changed or additional fields. It refuses every
// cancellation. If an order has a different idempotency key than the order before it, the
// connection breaks before the response.
func exampleServer() http.Handler {
	var placed atomic.Value // the idempotency key of the last order
	mux := http.NewServeMux()
	serve := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, body)
		})
	}
	refuse := func(pattern string, status int, problemType, detail string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"type": %q, "status": %d, "detail": %q}`, problemType, status, detail)
		})
	}
	serve("POST /auth/token", `{"access_token":"ory_at_example","expires_in":1800,"token_type":"bearer"}`)
	serve("GET /portfolios/allocations", pageOf(allocationBody))
	serve("POST /portfolios/allocations", allocationBody)
	serve("/portfolios/allocations/{id}", allocationBody)
	serve("GET /portfolios/configurations", pageOf(configurationBody))
	serve("POST /portfolios/configurations", configurationBody)
	serve("/portfolios/configurations/{id}", configurationBody)
	serve("GET /portfolios/orders", pageOf(strings.Replace(orderBody,
		`"status": "PROCESSING",
  "type"`, `"status": "PROCESSING", "initiation_flow": "UPVEST",
  "type"`, 1)))
	serve("GET /portfolios/orders/{id}", strings.Replace(orderBody,
		"\"status\": \"PROCESSING\",\n  \"type\"",
		"\"status\": \"FILLED\", \"client_reference\": \"4711\",\n  \"type\"", 1))
	serve("POST /portfolios/rebalancings/executions", rebalancingBody)
	serve("GET /portfolios/rebalancings/executions/{id}", executionBody)
	serve("GET /portfolios/rebalancings/executions/{id}/orders",
		`{"data": [{"portfolio_order_id": "`+someOrder.String()+`"}]}`)
	refuse("DELETE /portfolios/orders/{id}",
		http.StatusConflict, "conflict", "not available for current status")
	mux.HandleFunc("POST /portfolios/orders", func(w http.ResponseWriter, req *http.Request) {
		if key := req.Header.Get("Idempotency-Key"); placed.Swap(key) != key {
			// the server has placed the order, but the response is lost
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, orderBody)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Upvest-Request-Id", "c0ffee00-0000-4000-8000-000000000001")
		mux.ServeHTTP(w, req)
	})
}
