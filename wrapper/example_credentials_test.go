package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func ExampleNew() {
	_, err := upvest.New(upvest.Credentials{
		BaseURL:      "http://api.upvest.co",
		ClientID:     uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40"),
		ClientSecret: "secret",
		KeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey:   ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
	}, upvest.WithUserAgent("my-service/1.2"), upvest.WithTimeout(-time.Second))
	fmt.Println(err)
	// Output:
	// make an Upvest client: BaseURL is not https: plain http is accepted for loopback addresses only
	// the list Scopes is empty: name portfolios:read to read, portfolios:admin to read and write
	// timeout: use a positive duration
}

func ExampleFromEnv() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	page, err := client.Allocations.List(context.Background(), portfolios.ListPortfoliosAllocationsParams{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Data), credentials.Scopes)
	// Output:
	// 1 [portfolios:admin]
}

// The key has the form that `openssl genpkey -algorithm ed25519` writes.
func ExampleParsePrivateKey() {
	text := []byte(`-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----`) // from RFC 9421: never use a published key
	key, err := upvest.ParsePrivateKey(text, "")
	fmt.Printf("%T %v\n", key.Public(), err)
	// Output:
	// ed25519.PublicKey <nil>
}

func ExampleIdempotencyKeyFor() {
	key, err := upvest.IdempotencyKeyFor("create_portfolios_order", "savings plan 4711, March 2026")
	again, _ := upvest.IdempotencyKeyFor("create_portfolios_order", "savings plan 4711, March 2026")
	fmt.Println(key.Version(), key == again, err)
	// Output: VERSION_5 true <nil>
}

// A Signer also signs requests that are made without the rest of this package. Callers
// must set all headers before they call Sign.
func ExampleNewSigner() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:      credentials.KeyID,
		PrivateKey: credentials.PrivateKey,
		Lifetime:   10 * time.Second,
	})
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, credentials.BaseURL+"/portfolios/orders", http.NoBody)
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Upvest-Client-Id", credentials.ClientID.String())
	err = signer.Sign(context.Background(), request)
	fmt.Println(request.Header.Get("Upvest-Signature-Version"), err)
	// Output: 15 <nil>
}

// The editors of this package also work with the generated client alone.
func ExampleSignatureEditor() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	source, err := upvest.NewTokenSource(credentials)
	if err != nil {
		log.Fatal(err)
	}
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:      credentials.KeyID,
		PrivateKey: credentials.PrivateKey,
	})
	if err != nil {
		log.Fatal(err)
	}
	client, err := portfolios.NewClient(credentials.BaseURL,
		portfolios.WithRequestEditorFn(upvest.VersionEditor()),
		portfolios.WithRequestEditorFn(upvest.ClientIDEditor(credentials.ClientID)),
		portfolios.WithRequestEditorFn(upvest.AcceptEditor()),
		portfolios.WithRequestEditorFn(upvest.IdempotencyKeyEditor(uuid.NewRandom)),
		portfolios.WithRequestEditorFn(upvest.TokenEditor(source)),
		portfolios.WithRequestEditorFn(upvest.SignatureEditor(signer))) // must be last
	if err != nil {
		log.Fatal(err)
	}
	orderID := uuid.MustParse("eb5ba93f-5dfe-4bf1-8571-4da0caacc80c")
	response, err := client.RetrievePortfoliosOrder(context.Background(), orderID)
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var order portfolios.Order
	if err := json.NewDecoder(response.Body).Decode(&order); err != nil {
		log.Fatal(err)
	}
	fmt.Println(response.StatusCode, order.Status)
	// Output:
	// 200 FILLED
}

// Several clients with the same credentials can share one token source.
func ExampleNewTokenSource() {
	credentials, err := upvest.FromEnv()
	if err != nil {
		log.Fatal(err)
	}
	source, err := upvest.NewTokenSource(credentials)
	if err != nil {
		log.Fatal(err)
	}
	for range 2 {
		client, err := upvest.New(credentials, upvest.WithTokenSource(source))
		if err != nil {
			log.Fatal(err)
		}
		_, err = client.Allocations.List(context.Background(), portfolios.ListPortfoliosAllocationsParams{})
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
}
