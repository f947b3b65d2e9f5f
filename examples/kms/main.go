// Command kms reads a page of allocations. HashiCorp Vault signs the requests with a
// private key that never leaves Vault.
//
//	vault write transit/keys/upvest type=ecdsa-p521
//	go run ./kms
//
// The program calls the server given in the UPVEST_API_* variables. That server must have
// the public key of version 1 of the Vault key, under the ID in UPVEST_API_KEY_ID. The
// program ignores UPVEST_API_SCOPES and the variables for private keys. It calls Vault at
// the address in VAULT_ADDR, with the token in VAULT_TOKEN.
//
// To use the key service of a cloud provider instead of Vault, write a type with the
// methods Public, Sign and SignContext for a P-521 or Ed25519 key. A P-521 signature must
// be in ASN.1 DER.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kms:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	clientID, err := uuid.Parse(os.Getenv("UPVEST_API_CLIENT_ID"))
	if err != nil {
		return fmt.Errorf("UPVEST_API_CLIENT_ID: %w", err)
	}
	transit := vault{
		address: os.Getenv("VAULT_ADDR"),
		token:   os.Getenv("VAULT_TOKEN"),
		http:    &http.Client{Timeout: 5 * time.Second},
	}
	key, err := openVaultKey(ctx, transit, "upvest", 1)
	if err != nil {
		return err
	}
	client, err := upvest.New(upvest.Credentials{
		BaseURL:      os.Getenv("UPVEST_API_BASE_URL"),
		ClientID:     clientID,
		ClientSecret: os.Getenv("UPVEST_API_CLIENT_SECRET"),
		KeyID:        os.Getenv("UPVEST_API_KEY_ID"),
		PrivateKey:   key,
		Scopes:       []string{"portfolios:read"},
	})
	if err != nil {
		return err
	}
	page, err := client.Allocations.List(ctx, portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d allocations on the first page\n", len(page.Data))
	return nil
}
