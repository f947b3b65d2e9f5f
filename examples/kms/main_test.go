package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// fakeVault does for one key what Vault's transit engine documents.
func fakeVault(t *testing.T, key *ecdsa.PrivateKey) *httptest.Server {
	t.Helper()
	answer := func(w http.ResponseWriter, data map[string]any) {
		if err := json.NewEncoder(w).Encode(map[string]any{"data": data}); err != nil {
			t.Error(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/transit/keys/upvest", func(w http.ResponseWriter, _ *http.Request) {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Error(err)
		}
		public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		answer(w, map[string]any{"type": "ecdsa-p521", "latest_version": 2, "keys": map[string]any{"1": map[string]any{"public_key": public}}})
	})
	mux.HandleFunc("POST /v1/transit/sign/upvest", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Input     []byte `json:"input"`
			Prehashed bool   `json:"prehashed"`
			Hash      string `json:"hash_algorithm"`
			Version   int    `json:"key_version"`
			Form      string `json:"marshaling_algorithm"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || !in.Prehashed || in.Hash != "sha2-512" || in.Version != 1 || in.Form != "asn1" {
			http.Error(w, "", http.StatusBadRequest)
			return
		}
		signature, err := ecdsa.SignASN1(rand.Reader, key, in.Input)
		if err != nil {
			t.Error(err)
		}
		encoded, err := json.Marshal(signature)
		if err != nil {
			t.Error(err)
		}
		answer(w, map[string]any{"signature": "vault:v1:" + strings.Trim(string(encoded), `"`)})
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Vault-Token") != "hvs.example" {
			http.Error(w, "", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server
}

func TestKeyThatStaysInVault(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	client, err := sandbox.NewClient()
	if err != nil {
		t.Fatal(err)
	}
	client.PublicKey, client.PrivateKey = key.Public(), nil
	named.Sandbox(t, sandbox.WithClients(client))
	t.Setenv("VAULT_ADDR", fakeVault(t, key).URL+"/")
	t.Setenv("VAULT_TOKEN", "hvs.example")
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if want := "0 allocations on the first page\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}

	t.Setenv("VAULT_TOKEN", "hvs.wrong")
	if err := run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "403 Forbidden") {
		t.Errorf("a wrong token: got %v, want Vault's 403", err)
	}
}

// A Vault that hangs holds nobody up beyond their context.
func TestSignatureEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	key := &vaultKey{vault: vault{address: server.URL, http: server.Client()}, name: "upvest", version: 1}
	if _, err := key.SignContext(ctx, nil, make([]byte, 64), crypto.SHA512); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
}
