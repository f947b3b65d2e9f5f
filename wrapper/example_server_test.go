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

// TestMain gives the examples a server that UPVEST_API_* names, so that what their pages
// show is all there is to it.
func TestMain(m *testing.M) {
	server := httptest.NewServer(exampleServer())
	defer server.Close()
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))) // that nobody trusts
	if err != nil {
		log.Fatal(err)
	}
	for _, variable := range [][2]string{
		{envBaseURL, server.URL},
		{envClientID, "5ec16164-6173-461d-b90d-116d68f55b40"},
		{envClientSecret, "secret"},
		{envKeyID, "8d4997a8-cf7a-4e51-adbb-401656a3e5c2"},
		{envScopes, "portfolios:admin"},
		{envKey, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))},
	} {
		if err := os.Setenv(variable[0], variable[1]); err != nil {
			log.Fatal(err)
		}
	}
	m.Run()
}

// exampleServer stands for Upvest. It gives everybody a token, and the documented
// answers.
func exampleServer() http.Handler {
	var placed atomic.Value // the idempotency key of the last order
	mux := http.NewServeMux()
	answer := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
	}
	refuse := func(pattern string, status int, problemType, detail string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, `{"type": %q, "status": %d, "detail": %q}`, problemType, status, detail)
		})
	}
	answer("POST /auth/token", `{"access_token":"ory_at_example","expires_in":1800,"token_type":"bearer"}`)
	answer("GET /portfolios/allocations", pageOf(allocationBody))
	answer("POST /portfolios/allocations", allocationBody)
	answer("/portfolios/allocations/{id}", allocationBody)
	answer("GET /portfolios/configurations", pageOf(configurationBody))
	answer("POST /portfolios/configurations", configurationBody)
	answer("/portfolios/configurations/{id}", configurationBody)
	answer("GET /portfolios/orders", pageOf(orderBody))
	answer("GET /portfolios/orders/{id}", strings.Replace(orderBody, `"status": "PROCESSING",
  "type"`, `"status": "FILLED", "client_reference": "4711",
  "type"`, 1))
	answer("POST /portfolios/rebalancings/executions", rebalancingBody)
	answer("GET /portfolios/rebalancings/executions/{id}", executionBody)
	answer("GET /portfolios/rebalancings/executions/{id}/orders", `{"data": [{"portfolio_order_id": "`+someOrder.String()+`"}]}`)
	refuse("DELETE /portfolios/orders/{id}", http.StatusConflict, "conflict", "not available for current status")
	mux.HandleFunc("POST /portfolios/orders", func(w http.ResponseWriter, req *http.Request) {
		if key := req.Header.Get("Idempotency-Key"); placed.Swap(key) != key {
			panic(http.ErrAbortHandler) // the order is placed, and the connection breaks
		}
		_, _ = io.WriteString(w, orderBody)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Upvest-Request-Id", "c0ffee00-0000-4000-8000-000000000001")
		mux.ServeHTTP(w, req)
	})
}
