package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
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

// signRequest is the body of a signing request, as Vault documents it.
type signRequest struct {
	Input     []byte `json:"input"`
	Prehashed bool   `json:"prehashed"`
	Hash      string `json:"hash_algorithm"`
	Version   int    `json:"key_version"`
	Form      string `json:"marshaling_algorithm"`
}

// fakeVault imitates the transit engine of Vault with one key. The latest version of the
// key is 2, but the fake returns the public key of version 1 only, and signs only with
// version 1.
type fakeVault struct {
	keyType string
	public  string // in Vault's format
	sign    func(in signRequest) ([]byte, error)
}

func (v fakeVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("X-Vault-Token") != "hvs.example" {
		http.Error(w, "", http.StatusForbidden)
		return
	}
	var data map[string]any
	var in signRequest
	switch route := r.Method + " " + r.URL.Path; {
	case route == "GET /v1/transit/keys/upvest" && len(body) == 0:
		version := map[string]any{"public_key": v.public}
		data = map[string]any{
			"type": v.keyType, "latest_version": 2, "keys": map[string]any{"1": version},
		}
	case route == "POST /v1/transit/sign/upvest" && json.Unmarshal(body, &in) == nil && in.Version == 1:
		signature, err := v.sign(in)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		data = map[string]any{"signature": "vault:v1:" + base64.StdEncoding.EncodeToString(signature)}
	default:
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}

// vaultWithP521 returns a fake Vault with an ECDSA key on P-521, and the public key.
func vaultWithP521(t *testing.T) (fakeVault, crypto.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	sign := func(in signRequest) ([]byte, error) {
		if !in.Prehashed || in.Hash != "sha2-512" || in.Form != "asn1" {
			return nil, errors.New("the request does not ask for an ASN.1 signature of a SHA-512 digest")
		}
		return ecdsa.SignASN1(rand.Reader, key, in.Input)
	}
	return fakeVault{typeP521, string(public), sign}, key.Public()
}

// vaultWithEd25519 returns a fake Vault with an Ed25519 key, and the public key. Like a
// real Vault, the fake sends this public key in base64, not in PEM.
func vaultWithEd25519(t *testing.T) (fakeVault, crypto.PublicKey) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(in signRequest) ([]byte, error) {
		if in.Prehashed {
			return nil, errors.New("the request asks for Ed25519ph, which signs a digest: use Ed25519")
		}
		return ed25519.Sign(key, in.Input), nil
	}
	return fakeVault{typeEd25519, base64.StdEncoding.EncodeToString(public), sign}, public
}

func TestAKeyInVaultSignsRequests(t *testing.T) {
	for name, newVault := range map[string]func(*testing.T) (fakeVault, crypto.PublicKey){
		"P-521":   vaultWithP521,
		"Ed25519": vaultWithEd25519,
	} {
		t.Run(name, func(t *testing.T) {
			transit, public := newVault(t)
			client, err := sandbox.NewClient()
			if err != nil {
				t.Fatal(err)
			}
			client.PublicKey = public
			client.PrivateKey = nil
			named.Sandbox(t, sandbox.WithClients(client))
			server := httptest.NewServer(transit)
			t.Cleanup(server.Close)
			t.Setenv("VAULT_ADDR", server.URL+"/")
			t.Setenv("VAULT_TOKEN", "hvs.example")
			var out strings.Builder
			if err := run(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			if want := "0 allocations on the first page\n"; out.String() != want {
				t.Errorf("got the output %q, want %q", out.String(), want)
			}

			t.Setenv("VAULT_TOKEN", "hvs.wrong")
			if err := run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "403 Forbidden") {
				t.Errorf("with a wrong token: got the error %v, want Vault's 403 Forbidden", err)
			}
		})
	}
}

func TestKeysThatCannotSignForUpvestAreRefused(t *testing.T) {
	usable, _ := vaultWithP521(t)
	for name, test := range map[string]struct {
		transit fakeVault
		version int
		want    string
	}{
		"encryption key": {
			transit: fakeVault{keyType: "aes256-gcm96"}, version: 1,
			want: `its type is "aes256-gcm96": create one of type ecdsa-p521 or ed25519`,
		},
		"missing version": {transit: usable, version: 3, want: "there is no version 3"},
		"P-521 without PEM": {
			transit: fakeVault{keyType: typeP521, public: "AAAA"}, version: 1,
			want: "read the public key of version 1: it is not in PEM",
		},
		"short Ed25519 key": {
			transit: fakeVault{keyType: typeEd25519, public: "AAAA"}, version: 1,
			want: "read the public key of version 1: it does not decode from base64 to 32 bytes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.transit)
			t.Cleanup(server.Close)
			v := vault{address: server.URL, token: "hvs.example", http: server.Client()}
			_, err := openVaultKey(t.Context(), v, "upvest", test.version)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("openVaultKey returned the error %v, want one that contains %q", err, test.want)
			}
		})
	}
}

// TestSigningEndsWhenItsContextIsCancelled requires that SignContext returns when its
// context is cancelled, even if Vault hangs.
func TestSigningEndsWhenItsContextIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	transit := vault{address: server.URL, http: server.Client()}
	key := &vaultKey{vault: transit, name: "upvest", version: 1}
	_, err := key.SignContext(ctx, nil, make([]byte, 64), crypto.SHA512)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("SignContext returned the error %v, want context.Canceled", err)
	}
}
