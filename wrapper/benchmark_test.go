package wrapper_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// In most benchmarks, the sub-benchmark "ours" measures the client, and "limit" measures
// what the client is compared with: the bare work, a minimal implementation, or the
// client in a simpler case. `make bench` runs all benchmarks in rounds and prints a table
// that compares them. Compare only results of the same run.

// noSigner makes a real signature only the first time, because the client verifies the
// first signature. After that, noSigner returns zeros, so that a benchmark measures
// everything except signing.
type noSigner struct {
	crypto.Signer
	signed *atomic.Bool
}

var noSignature = make([]byte, ed25519.SignatureSize)

func (s noSigner) SignContext(
	_ context.Context, random io.Reader, message []byte, opts crypto.SignerOpts,
) ([]byte, error) {
	if s.signed.Swap(true) {
		return noSignature, nil
	}
	return s.Sign(random, message, opts)
}

// orderTransport returns a transport that accepts every order without a network.
func orderTransport() http.RoundTripper {
	return grantingTokens(success(orderBody, "Upvest-Request-Id", "request"))
}

// pageTransport returns a transport that responds with the same page of 1000 orders each
// time.
func pageTransport() http.RoundTripper {
	return grantingTokens(success(orderPage(0, 1000, 1000)))
}

func unsigningClient(t testing.TB, transport http.RoundTripper) *upvest.Client {
	t.Helper()
	credentials := testCredentials(t)
	credentials.PrivateKey = noSigner{credentials.PrivateKey, new(atomic.Bool)}
	return newClientWith(t, credentials, transport)
}

// editing returns a function that signs the same order request each time.
func editing(t testing.TB, key crypto.Signer) func() error {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{
		KeyID:      "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		PrivateKey: key,
	})
	if err != nil {
		t.Fatal(err)
	}
	req, err := portfolios.NewCreatePortfoliosOrderRequest("https://upvest.test", someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Accept":             "application/json",
		"Authorization":      "Bearer test-token",
		"Idempotency-Key":    "0c4f1e6e-0d3c-4b7e-9a2c-0f6d8e3f1a11",
		"Upvest-Client-Id":   "5ec16164-6173-461d-b90d-116d68f55b40",
		"Upvest-Api-Version": "1",
	} {
		req.Header.Set(name, value)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	edit := upvest.SignatureEditor(signer)
	reader := bytes.NewReader(nil)
	closer := io.NopCloser(reader)
	return func() error {
		reader.Reset(body)
		req.Body = closer
		return edit(context.Background(), req)
	}
}

// each runs a function as the sub-benchmark with the given name.
func each(b *testing.B, name string, do func() error) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := do(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkSignatureP521(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	digest := sha512.Sum512([]byte("message"))
	each(b, "limit", func() error {
		_, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
		return err
	})
	each(b, "ours", editing(b, key))
}

func BenchmarkSignatureEd25519(b *testing.B) {
	key := testKey(b)
	message := make([]byte, 1024) // as long as a signature base
	each(b, "limit", func() error {
		_ = ed25519.Sign(key, message)
		return nil
	})
	each(b, "ours", editing(b, key))
}

func BenchmarkOrder(b *testing.B) {
	transport := orderTransport()
	byHand := newHandWritten(b, transport, func([]byte) []byte { return noSignature })
	each(b, "limit", func() error {
		_, err := byHand.createOrder(b.Context(), someOrderRequest())
		return err
	})
	client := unsigningClient(b, transport)
	each(b, "ours", func() error { return createOrder(b.Context(), client) })
}

func BenchmarkOrderPage(b *testing.B) {
	transport := pageTransport()
	byHand := newHandWritten(b, transport, nil)
	each(b, "limit", func() error {
		_, err := byHand.listOrders(b.Context())
		return err
	})
	client := newClientOver(b, transport)
	each(b, "ours", func() error {
		_, err := client.Orders.List(b.Context(), portfolios.ListPortfoliosOrdersParams{})
		return err
	})
}

func BenchmarkDecode(b *testing.B) {
	response := upvest.Response{Body: []byte(orderPage(0, 1000, 1000))}
	each(b, "limit", func() error { return json.Unmarshal(response.Body, new(portfolios.OrderList)) })
	each(b, "ours", func() error { return response.Decode(new(portfolios.OrderList)) })
}

// BenchmarkAll reads a long list with a round trip of 20 ms for each page.
func BenchmarkAll(b *testing.B) {
	const (
		rows  = 100_000
		limit = 1000
	)
	list := orderList{rows: rows, roundTrip: 20 * time.Millisecond, prepared: map[int]string{}}
	// Each page begins with the last row of the previous page.
	for offset := 0; offset < rows; offset += limit - 1 {
		list.prepared[offset] = orderPage(offset, limit, rows)
	}
	client := newClientOver(b, list.transport())
	for _, row := range []struct {
		name  string
		ahead int
	}{
		{name: "limit", ahead: 0},
		{name: "4_ahead", ahead: 4},
		{name: "16_ahead", ahead: 16},
	} {
		each(b, row.name, func() error {
			return readAll(b.Context(), client, func(int) {}, upvest.WithPagesAhead(row.ahead))
		})
	}
}

// BenchmarkLiveHeap measures how much memory a program needs while it reads a list. It
// reports the size of the largest heap that remained after a garbage collection.
func BenchmarkLiveHeap(b *testing.B) {
	for _, row := range []struct {
		name string
		rows int
	}{
		{name: "limit", rows: 10_000},
		{name: "ours", rows: 1_000_000},
	} {
		b.Run(row.name, func(b *testing.B) {
			client := newClientOver(b, orderList{rows: row.rows}.transport())
			var highest uint64
			for b.Loop() {
				err := readAll(b.Context(), client, func(read int) {
					if read%5000 == 0 {
						highest = max(highest, liveHeap())
					}
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(highest), "live-B")
		})
	}
}

func liveHeap() uint64 {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkColdClient places 1,000 orders at the same time with a client that has neither
// a token nor a connection.
func BenchmarkColdClient(b *testing.B) {
	const goroutines = 1000
	var tokens, dials atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			b.Error(err)
		}
		body := orderBody
		if isTokenRequest(req) {
			tokens.Add(1)
			body = tokenBody
		}
		_, _ = io.WriteString(w, body)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dials.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	credentials := testCredentials(b)
	credentials.BaseURL = server.URL
	for b.Loop() {
		client, err := upvest.New(credentials, upvest.WithoutRetry())
		if err != nil {
			b.Fatal(err)
		}
		var calls sync.WaitGroup
		for range goroutines {
			calls.Go(func() {
				if err := createOrder(b.Context(), client); err != nil {
					b.Error(err)
				}
			})
		}
		calls.Wait()
		client.Close()
	}
	b.ReportMetric(float64(tokens.Load())/float64(b.N), "tokens/op")
	b.ReportMetric(float64(dials.Load())/float64(b.N)/goroutines, "dials/call")
}

// BenchmarkParallel places orders with one client, from as many goroutines as there are
// processors, in a program with a heap of 12 MB. With a heap of 4 MB, the garbage
// collector would run a hundred times a second, and the competition for the collector
// would dominate the result.
func BenchmarkParallel(b *testing.B) {
	heap := make([]byte, 12<<20)
	defer runtime.KeepAlive(heap)
	transport := orderTransport()
	byHand := newHandWritten(b, transport, func([]byte) []byte { return noSignature })
	client := unsigningClient(b, transport)
	for _, way := range []struct {
		name string
		call func(context.Context) error
	}{
		{
			name: "by_hand",
			call: func(ctx context.Context) error {
				_, err := byHand.createOrder(ctx, someOrderRequest())
				return err
			},
		},
		{
			name: "ours",
			call: func(ctx context.Context) error { return createOrder(ctx, client) },
		},
	} {
		for _, processors := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/processors_%d", way.name, processors), func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
				b.RunParallel(func(calls *testing.PB) { callInLoop(b, calls, way.call) })
			})
		}
	}
}

// callInLoop makes the calls of one goroutine. Each goroutine uses a separate context, as
// an HTTP handler does.
func callInLoop(b *testing.B, calls *testing.PB, call func(context.Context) error) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for calls.Next() {
		if err := call(ctx); err != nil {
			b.Error(err)
			return
		}
	}
}
