package main

import (
	"bytes"
	"context"
	"crypto"
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

// vaultKey is a key in the transit engine of HashiCorp Vault, of type ecdsa-p521. It never leaves Vault: each signature is a request.
//
// It is a crypto.Signer, and so fits into upvest.Credentials. The client sees that it also has SignContext and asks it by that: a call that
// is cancelled then does not go on waiting for a Vault that hangs.
type vaultKey struct {
	vault
	name    string
	version int // Upvest knows the public key of one version: a rotation in Vault must not change which one signs
	public  crypto.PublicKey
}

// openVaultKey asks Vault for the public half of a version of a key.
func openVaultKey(ctx context.Context, v vault, name string, version int) (*vaultKey, error) {
	var answer struct {
		Keys map[string]struct {
			PublicKey string `json:"public_key"`
		} `json:"keys"`
	}
	if err := v.call(ctx, http.MethodGet, "keys/"+url.PathEscape(name), nil, &answer); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(answer.Keys[strconv.Itoa(version)].PublicKey))
	if block == nil {
		return nil, fmt.Errorf("key %s of Vault has no version %d with a public key", name, version)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("public key of %s in Vault: %w", name, err)
	}
	return &vaultKey{vault: v, name: name, version: version, public: public}, nil
}

func (k *vaultKey) Public() crypto.PublicKey { return k.public }

// Sign is SignContext for those who have no context.
func (k *vaultKey) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.SignContext(context.Background(), random, digest, opts)
}

// SignContext signs a digest. Vault has randomness of its own.
func (k *vaultKey) SignContext(ctx context.Context, _ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA512 {
		return nil, fmt.Errorf("sign with Vault: the digest is %s, expected SHA-512", opts.HashFunc())
	}
	request := map[string]any{
		"input": digest, "prehashed": true, "hash_algorithm": "sha2-512", "key_version": k.version,
		"marshaling_algorithm": "asn1", // the form that Upvest takes
	}
	var answer struct {
		Signature string `json:"signature"` // as in vault:v1:MEUC…
	}
	if err := k.call(ctx, http.MethodPost, "sign/"+url.PathEscape(k.name), request, &answer); err != nil {
		return nil, err
	}
	signature, err := base64.StdEncoding.DecodeString(answer.Signature[strings.LastIndexByte(answer.Signature, ':')+1:])
	if err != nil {
		return nil, errors.New("sign with Vault: the signature is not base64")
	}
	return signature, nil
}

// vault is where the transit engine is, and what lets us in.
type vault struct {
	address, token string
	http           *http.Client
}

func (v vault) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("ask Vault for %s: %w", path, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(v.address, "/")+"/v1/transit/"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask Vault for %s: %w", path, err)
	}
	req.Header.Set("X-Vault-Token", v.token)
	resp, err := v.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask Vault for %s: %w", path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask Vault for %s: %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&struct {
		Data any `json:"data"`
	}{out}); err != nil {
		return fmt.Errorf("read Vault's answer about %s: %w", path, err)
	}
	return nil
}
