package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// BenchmarkSandbox places orders from 64 goroutines over loopback. The benchmark `ours`
// uses the client, and the benchmark `limit` uses net/http and the client's signer.
func BenchmarkSandbox(b *testing.B) {
	b.Run("limit", func(b *testing.B) {
		fixture := newFixture(b)
		fixture.inParallel(b, fixture.byHand)
	})
	b.Run("ours", func(b *testing.B) {
		fixture := newFixture(b)
		fixture.inParallel(b, func() error {
			_, err := fixture.client.Orders.Create(b.Context(), fixture.order)
			return err
		})
	})
}

// fixture contains the clients that call a sandbox, and the request for an order that the
// sandbox accepts.
type fixture struct {
	access sandbox.Client
	client *upvest.Client
	bare   *http.Client
	signer *upvest.Signer
	url    string
	bearer string
	order  portfolios.OrderRequest
}

func newFixture(b *testing.B) *fixture {
	b.Helper()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	server, err := sandbox.New()
	must(err)
	b.Cleanup(func() { must(server.Close()) })
	access := server.Client()
	client, err := upvest.New(upvest.Credentials{
		BaseURL:      server.URL(),
		ClientID:     access.ID,
		ClientSecret: access.Secret,
		KeyID:        access.KeyID,
		PrivateKey:   access.PrivateKey,
		Scopes:       access.Scopes,
	})
	must(err)
	b.Cleanup(client.Close)
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: access.KeyID, PrivateKey: access.PrivateKey})
	must(err)
	user := uuid.New()
	account := uuid.New()
	allocation, err := client.Allocations.Create(b.Context(), portfolios.AllocationRequest{
		Name: "All in one",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1"},
		},
	})
	must(err)
	_, err = client.Configurations.Create(b.Context(), portfolios.ConfigurationRequest{
		AccountID:    account,
		AllocationID: allocation.ID,
	})
	must(err)
	token, err := client.TokenSource().Token()
	must(err)
	transport := &http.Transport{MaxIdleConnsPerHost: goroutines}
	b.Cleanup(transport.CloseIdleConnections)
	return &fixture{
		access: access,
		client: client,
		bare:   &http.Client{Transport: transport},
		signer: signer,
		url:    server.URL(),
		bearer: "Bearer " + token.AccessToken,
		order: portfolios.OrderRequest{
			UserID:     user,
			AccountID:  account,
			CashAmount: "100.00",
			Currency:   portfolios.CurrencyEUR,
			Side:       portfolios.SideBUY,
		},
	}
}

const goroutines = 64

// inParallel makes the benchmark's calls from 64 goroutines if GOMAXPROCS divides 64.
func (*fixture) inParallel(b *testing.B, call func() error) {
	b.Helper()
	b.SetParallelism(goroutines / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(calls *testing.PB) {
		for calls.Next() {
			if err := call(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// byHand places an order with net/http, and signs the request with the client's signer.
func (p *fixture) byHand() error {
	body, err := json.Marshal(p.order)
	if err != nil {
		return err
	}
	ctx := context.Background()
	path := p.url + "/portfolios/orders"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Accept":             "application/json",
		"Authorization":      p.bearer,
		"Content-Type":       "application/json",
		"Idempotency-Key":    uuid.NewString(),
		"Upvest-Client-Id":   p.access.ID.String(),
		"Upvest-Api-Version": "1",
	} {
		req.Header.Set(name, value)
	}
	if err := p.signer.Sign(ctx, req); err != nil {
		return err
	}
	resp, err := p.bare.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("status %d: %s", resp.StatusCode, text)
	}
	return json.Unmarshal(text, new(portfolios.Order))
}
