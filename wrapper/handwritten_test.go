package wrapper_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// handWritten is a minimal client for two operations, without retries, token renewal,
// limits or informative errors. It places an order with the same request as this
// package's client. The benchmarks compare this package's client with it.
type handWritten struct {
	client   *http.Client
	baseURL  string
	clientID string
	keyID    string
	bearer   string
	sign     func(message []byte) []byte
}

func newHandWritten(t testing.TB, transport http.RoundTripper, sign func([]byte) []byte) handWritten {
	t.Helper()
	credentials := testCredentials(t)
	return handWritten{
		client:   &http.Client{Transport: transport},
		baseURL:  credentials.BaseURL,
		clientID: credentials.ClientID.String(),
		keyID:    credentials.KeyID,
		bearer:   "Bearer test-token",
		sign:     sign,
	}
}

func (h handWritten) createOrder(
	ctx context.Context, order portfolios.OrderRequest,
) (*portfolios.Order, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	url := h.baseURL + "/portfolios/orders"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	digest := sha512.Sum512(body)
	key, err := uuid.NewRandom()
	if err != nil {
		return nil, err
	}
	var nonce [18]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", h.bearer)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Digest", "sha-512=:"+base64.StdEncoding.EncodeToString(digest[:])+":")
	req.Header.Set("Idempotency-Key", key.String())
	req.Header.Set("Upvest-Client-Id", h.clientID)
	req.Header.Set("Upvest-Api-Version", "1")
	req.Header.Set("User-Agent", "hand-written")
	h.setSignature(req, strconv.Itoa(len(body)), base64.RawURLEncoding.EncodeToString(nonce[:]))
	var placed portfolios.Order
	return &placed, h.do(req, &placed)
}

func (h handWritten) setSignature(req *http.Request, length, nonce string) {
	var base, names strings.Builder
	base.Grow(1536)
	names.Grow(256)
	cover := func(name, value string) {
		for _, part := range [...]string{`"`, name, `": `, value, "\n"} {
			base.WriteString(part)
		}
		for _, part := range [...]string{` "`, name, `"`} {
			names.WriteString(part)
		}
	}
	cover("@method", req.Method)
	cover("@path", req.URL.EscapedPath())
	cover("accept", req.Header.Get("Accept"))
	cover("authorization", req.Header.Get("Authorization"))
	cover("content-length", length)
	cover("content-type", req.Header.Get("Content-Type"))
	cover("content-digest", req.Header.Get("Content-Digest"))
	cover("idempotency-key", req.Header.Get("Idempotency-Key"))
	cover("upvest-client-id", req.Header.Get("Upvest-Client-Id"))
	cover("upvest-api-version", req.Header.Get("Upvest-Api-Version"))
	created := time.Now().Unix()
	//nolint:gocritic // the quotes belong to the syntax of signature-input
	input := fmt.Sprintf(`(%s);keyid="%s";created=%d;expires=%d;nonce="%s"`,
		names.String()[1:], h.keyID, created, created+60, nonce)
	base.WriteString(`"@signature-params": ` + input)
	signature := h.sign([]byte(base.String()))
	req.Header.Set("Upvest-Signature-Version", "15")
	req.Header.Set("Signature-Input", "sig1="+input)
	req.Header.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(signature)+":")
}

func (h handWritten) listOrders(ctx context.Context) (*portfolios.OrderList, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.baseURL+"/portfolios/orders", http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", h.bearer)
	var list portfolios.OrderList
	return &list, h.do(req, &list)
}

func (h handWritten) do(req *http.Request, value any) error {
	resp, err := h.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.Unmarshal(body, value)
}

// The comparison in the benchmarks is fair only if the hand-written client and this
// package do the same work: their requests for an order must have the same header names
// and the same body, and valid signatures that cover the same components.
func TestHandWrittenClientSendsTheSameRequest(t *testing.T) {
	var received []wire
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if isTokenRequest(req) {
			_, _ = io.WriteString(w, tokenBody)
			return
		}
		received = append(received, wireReceived(t, req))
		_, _ = io.WriteString(w, orderBody)
	}))
	defer server.Close()
	byHand := newHandWritten(t, server.Client().Transport, func(message []byte) []byte {
		return ed25519.Sign(testKey(t), message)
	})
	byHand.baseURL = server.URL
	theirs, err := byHand.createOrder(t.Context(), someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := newServerClient(t, server.URL).Orders.Create(t.Context(), someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(theirs, ours) || theirs.ID != someOrder {
		t.Errorf("the hand-written client returned the order %+v, this package %+v, want equal orders",
			theirs, ours)
	}
	first := received[0]
	second := received[1]
	coveredByHand := requireSigned(t, first, testPublicKey(t))
	if covered := requireSigned(t, second, testPublicKey(t)); !slices.Equal(covered, coveredByHand) {
		t.Errorf("the hand-written signature covers %q, this package's %q, want the same components",
			coveredByHand, covered)
	}
	if a, b := headersOf(first), headersOf(second); !slices.Equal(a, b) {
		t.Errorf("the hand-written request has the headers %q, this package's %q, want the same names", a, b)
	}
	if first.method != second.method || first.uri != second.uri || string(first.body) != string(second.body) {
		t.Errorf("the hand-written request is\n%s\nwant the request of this package\n%s", first, second)
	}
}

// headersOf returns the sorted names of the headers of a request.
func headersOf(w wire) []string { return slices.Sorted(maps.Keys(w.header)) }
