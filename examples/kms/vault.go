package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Upvest accepts signatures by keys of these types of Vault's transit engine.
const (
	typeP521    = "ecdsa-p521"
	typeEd25519 = "ed25519"
)

// vaultKey is a key in the transit engine of HashiCorp Vault. The key never leaves Vault,
// so each signature requires a request to Vault.
//
// A *vaultKey implements [crypto.Signer], so it can be the PrivateKey of
// upvest.Credentials. The client calls SignContext instead of Sign, and passes it the
// context of the request. A cancelled call therefore does not wait for a Vault that
// hangs.
type vaultKey struct {
	vault
	name string
	// version stays the same when the key is rotated in Vault, because Upvest has the
	// public key of this version only.
	version int
	public  crypto.PublicKey
}

// openVaultKey returns the given version of a key in Vault. It requests the public key of
// this version from Vault, and returns an error if Upvest does not accept signatures by
// keys of this type.
func openVaultKey(ctx context.Context, v vault, name string, version int) (*vaultKey, error) {
	var response struct {
		Type string `json:"type"`
		Keys map[string]struct {
			PublicKey string `json:"public_key"`
		} `json:"keys"`
	}
	if err := v.call(ctx, http.MethodGet, "keys/"+url.PathEscape(name), nil, &response); err != nil {
		return nil, err
	}
	if response.Type != typeP521 && response.Type != typeEd25519 {
		return nil, fmt.Errorf("key %s in Vault: its type is %q: create one of type %s or %s",
			name, response.Type, typeP521, typeEd25519)
	}
	key, found := response.Keys[strconv.Itoa(version)]
	if !found {
		return nil, fmt.Errorf("key %s in Vault: there is no version %d", name, version)
	}
	public, err := parsePublicKey(response.Type, key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("key %s in Vault: read the public key of version %d: %w", name, version, err)
	}
	return &vaultKey{vault: v, name: name, version: version, public: public}, nil
}

// parsePublicKey reads a public key in Vault's format: base64 of 32 bytes for an Ed25519
// key, and PEM for other keys.
func parsePublicKey(keyType, text string) (crypto.PublicKey, error) {
	if keyType == typeEd25519 {
		public, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return nil, errors.New("it does not decode from base64 to 32 bytes")
		}
		return ed25519.PublicKey(public), nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is not in PEM")
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// Public returns the public key.
func (k *vaultKey) Public() crypto.PublicKey { return k.public }

// Sign calls SignContext with a context that is never cancelled.
func (k *vaultKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.SignContext(context.Background(), random, digest, opts)
}

// SignContext signs a SHA-512 digest with ECDSA, or a message with Ed25519. It ignores
// its [io.Reader] argument, because Vault generates the random numbers itself.
func (k *vaultKey) SignContext(
	ctx context.Context, _ io.Reader, input []byte, opts crypto.SignerOpts,
) ([]byte, error) {
	request := map[string]any{"input": input, "key_version": k.version}
	switch opts.HashFunc() {
	case 0: // Ed25519 signs the message, not a digest
	case crypto.SHA512:
		request["prehashed"] = true
		request["hash_algorithm"] = "sha2-512"
		request["marshaling_algorithm"] = "asn1" // the only format that Upvest accepts
	default:
		return nil, fmt.Errorf("sign with Vault: the digest is %s: use SHA-512", opts.HashFunc())
	}
	var response struct {
		Signature string `json:"signature"` // such as vault:v1:MEUC…
	}
	if err := k.call(ctx, http.MethodPost, "sign/"+url.PathEscape(k.name), request, &response); err != nil {
		return nil, err
	}
	encoded := response.Signature[strings.LastIndexByte(response.Signature, ':')+1:]
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New("sign with Vault: the signature is not base64")
	}
	return signature, nil
}

// vault contains the address of a Vault server, and the token for the transit engine of
// this server.
type vault struct {
	address, token string
	http           *http.Client
}

// call sends a request to the transit engine, and stores the data field of the response
// in the value to which the parameter `out` points. The body of the request is the JSON
// encoding of the parameter `in`. If this parameter is nil, the request has no body.
func (v vault) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("request %s from Vault: %w", path, err)
		}
		body = bytes.NewReader(encoded)
	}
	address := strings.TrimRight(v.address, "/") + "/v1/transit/" + path
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return fmt.Errorf("request %s from Vault: %w", path, err)
	}
	req.Header.Set("X-Vault-Token", v.token)
	resp, err := v.http.Do(req)
	if err != nil {
		return fmt.Errorf("request %s from Vault: %w", path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("request %s from Vault: %s", path, resp.Status)
	}
	err = json.NewDecoder(resp.Body).Decode(&struct {
		Data any `json:"data"`
	}{out})
	if err != nil {
		return fmt.Errorf("request %s from Vault: read the response: %w", path, err)
	}
	return nil
}
