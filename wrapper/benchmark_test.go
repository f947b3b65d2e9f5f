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
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Each benchmark measures what the client does, "ours", beside "limit": what the work
// itself costs, or another way to do the same. `make bench` runs them in turns, and
// prints how the two compare. Compare the lines of one run only.

// noSigner signs nothing: with it a benchmark measures all but the signature itself.
type noSigner struct{ crypto.PublicKey }

var noSignature = make([]byte, ed25519.SignatureSize)

func (s noSigner) Public() crypto.PublicKey { return s.PublicKey }

func (s noSigner) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return noSignature, nil }

func (s noSigner) SignContext(context.Context, io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return noSignature, nil
}

// orderTransport places every order in memory.
func orderTransport() http.RoundTripper {
	return stub(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", orderBody, "Upvest-Request-Id", "request"), nil
	}).Transport
}

// pageTransport answers with the same page of 1000 orders.
func pageTransport() http.RoundTripper {
	body := orderPage(0, 1000, 1000)
	return stub(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", body), nil
	}).Transport
}

func unsigningClient(t testing.TB, transport http.RoundTripper) *upvest.Client {
	t.Helper()
	credentials := testCredentials(t)
	credentials.PrivateKey = noSigner{credentials.PrivateKey.Public()}
	client, err := upvest.New(credentials, upvest.WithHTTPClient(&http.Client{Transport: transport}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// editing returns a function that signs the request of an order, always the same one.
func editing(t testing.TB, key crypto.Signer) func() error {
	t.Helper()
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: "8d4997a8-cf7a-4e51-adbb-401656a3e5c2", PrivateKey: key})
	if err != nil {
		t.Fatal(err)
	}
	req, err := portfolios.NewCreatePortfoliosOrderRequest("https://upvest.test", someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Accept": "application/json", "Authorization": "Bearer test-token", "Idempotency-Key": "0c4f1e6e-0d3c-4b7e-9a2c-0f6d8e3f1a11",
		"Upvest-Client-Id": "5ec16164-6173-461d-b90d-116d68f55b40", "Upvest-Api-Version": "1",
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
	message := make([]byte, 1024) // a base is as long
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
	each(b, "ours", func() error {
		_, err := client.Orders.Create(b.Context(), someOrderRequest())
		return err
	})
}

func BenchmarkOrderPage(b *testing.B) {
	body := orderPage(0, 1000, 1000)
	transport := stub(func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, "application/json", body), nil
	}).Transport
	byHand := newHandWritten(b, transport, nil)
	each(b, "limit", func() error {
		_, err := byHand.listOrders(b.Context())
		return err
	})
	client := newClientOver(b, pageTransport())
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

// BenchmarkAll reads a long list of which each page is 20 ms away.
func BenchmarkAll(b *testing.B) {
	const rows, limit = 100_000, 1000
	list := orderList{rows: rows, roundTrip: 20 * time.Millisecond, made: map[int]string{}}
	for offset := 0; offset < rows; offset += limit - 1 { // a page begins with the last row of the one before
		list.made[offset] = orderPage(offset, limit, rows)
	}
	client := newClientOver(b, list.transport())
	for _, row := range []struct {
		name  string
		ahead int
	}{{name: "limit", ahead: 0}, {name: "4_ahead", ahead: 4}, {name: "16_ahead", ahead: 16}} {
		each(b, row.name, func() error {
			_, err := readAll(b.Context(), client, func(int) {}, upvest.WithPagesAhead(row.ahead))
			return err
		})
	}
}

// BenchmarkLiveHeap measures what a program that reads a list keeps in memory: what is
// left after a collection, at its highest.
func BenchmarkLiveHeap(b *testing.B) {
	for _, row := range []struct {
		name string
		rows int
	}{{name: "limit", rows: 10_000}, {name: "ours", rows: 1_000_000}} {
		b.Run(row.name, func(b *testing.B) {
			client := newClientOver(b, orderList{rows: row.rows}.transport())
			var highest uint64
			for b.Loop() {
				_, err := readAll(b.Context(), client, func(read int) {
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

// BenchmarkColdClient lets 1,000 goroutines begin at once with a client that has neither
// token nor connection.
func BenchmarkColdClient(b *testing.B) {
	const goroutines = 1000
	var tokens, dials atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			b.Error(err)
		}
		if req.URL.Path == "/auth/token" {
			tokens.Add(1)
			_, _ = io.WriteString(w, `{"access_token":"test-token","expires_in":1800,"token_type":"bearer"}`)
			return
		}
		_, _ = io.WriteString(w, orderBody)
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
				if _, err := client.Orders.Create(b.Context(), someOrderRequest()); err != nil {
					b.Error(err)
				}
			})
		}
		calls.Wait()
		client.CloseIdleConnections()
	}
	b.ReportMetric(float64(tokens.Load())/float64(b.N), "tokens/op")
	b.ReportMetric(float64(dials.Load())/float64(b.N)/goroutines, "dials/call")
}

// BenchmarkParallel places orders from as many goroutines as there are processors, with
// one client, in a program that has a heap: in one of 4 MB the collector runs a hundred
// times a second, and it is what the processors share.
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
		{name: "by_hand", call: func(ctx context.Context) error {
			_, err := byHand.createOrder(ctx, someOrderRequest())
			return err
		}},
		{name: "ours", call: func(ctx context.Context) error {
			_, err := client.Orders.Create(ctx, someOrderRequest())
			return err
		}},
	} {
		for _, processors := range []string{"1", "2"} {
			b.Run(way.name+"/processors_"+processors, func(b *testing.B) {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(int(processors[0] - '0')))
				b.RunParallel(func(calls *testing.PB) {
					ctx, cancel := context.WithCancel(context.Background()) // as each request that a server answers has its own
					defer cancel()
					for calls.Next() {
						if err := way.call(ctx); err != nil {
							b.Error(err)
							return
						}
					}
				})
			})
		}
	}
}

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

func readAll(ctx context.Context, client *upvest.Client, each func(read int), options ...upvest.AllOption) (read int, err error) {
	limit := int32(1000)
	for _, err := range client.Orders.All(ctx, portfolios.ListPortfoliosOrdersParams{Limit: &limit}, options...) {
		if err != nil {
			return read, err
		}
		read++
		each(read)
	}
	return read, nil
}

// orderList serves a list of orders of any length, in the order of their ids.
type orderList struct {
	rows      int
	roundTrip time.Duration
	made      map[int]string // pages that are there already, by offset: elsewhere than here a server takes none of the client's processors
}

func (l orderList) transport() http.RoundTripper {
	return stub(func(req *http.Request) (*http.Response, error) {
		query := req.URL.Query()
		offset, offsetErr := strconv.Atoi(query.Get("offset"))
		limit, limitErr := strconv.Atoi(query.Get("limit"))
		if err := errors.Join(offsetErr, limitErr); err != nil {
			return nil, err
		}
		timer := time.NewTimer(l.roundTrip)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
		page, made := l.made[offset]
		if !made {
			page = orderPage(offset, limit, l.rows)
		}
		return answer(http.StatusOK, "application/json", page), nil
	}).Transport
}

// orderPage is a page as the API documents it, with one individual order in each order.
func orderPage(offset, limit, total int) string {
	const row = `{"id":"########-5dfe-4bf1-8571-4da0caacc80c","account_id":"debf2026-f2da-4ff0-bb84-92e45babb1e3",` +
		`"allocation_id":"eb68abce-29f4-483f-a384-7f243e77851f","user_id":"a3ba5a52-4b3f-4d27-a3e4-7e0d1ad1a1f3","cash_amount":"100.00",` +
		`"created_at":"2021-07-21T14:10:00.000Z","currency":"EUR",` +
		`"orders":[{"id":"b291d8a4-21f5-4c52-8590-4f90ce54d0b1","side":"BUY","status":"NEW"}],` +
		`"post_tax":false,"status":"NEW","type":"BUY","updated_at":"2021-07-21T14:10:00.000Z"}`
	before, after, _ := strings.Cut(row, "########")
	count := max(min(limit, total-offset), 0)
	var page strings.Builder
	page.Grow(count*(len(row)+1) + 200)
	fmt.Fprintf(&page, `{"meta":{"offset":%d,"limit":%d,"count":%d,"total_count":%d,"sort":"id","order":"ASC"},"data":[`,
		offset, limit, count, total)
	for i := range count {
		if i > 0 {
			page.WriteByte(',')
		}
		page.WriteString(before)
		fmt.Fprintf(&page, "%08x", offset+i)
		page.WriteString(after)
	}
	page.WriteString("]}")
	return page.String()
}
