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
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// handWritten is what somebody writes who needs one operation and nothing else: the same
// request as the client's, and no retries, no renewed token, no limits, no errors that
// tell anything. The benchmarks take it for the cost of the work itself.
type handWritten struct {
	client                           *http.Client
	baseURL, clientID, keyID, bearer string
	sign                             func(message []byte) []byte
}

func newHandWritten(t testing.TB, transport http.RoundTripper, sign func([]byte) []byte) handWritten {
	t.Helper()
	credentials := testCredentials(t)
	return handWritten{client: &http.Client{Transport: transport}, baseURL: credentials.BaseURL, clientID: credentials.ClientID.String(), keyID: credentials.KeyID, bearer: "Bearer test-token", sign: sign}
}

func (h handWritten) createOrder(ctx context.Context, order portfolios.OrderRequest) (*portfolios.Order, error) {
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.baseURL+"/portfolios/orders", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	digest := sha512.Sum512(body)
	length := strconv.Itoa(len(body))
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
	input := fmt.Sprintf(`(%s);keyid="%s";created=%d;expires=%d;nonce="%s"`,
		names.String()[1:], h.keyID, created, created+60, base64.RawURLEncoding.EncodeToString(nonce[:]))
	base.WriteString(`"@signature-params": ` + input)
	signature := h.sign([]byte(base.String()))
	req.Header.Set("Upvest-Signature-Version", "15")
	req.Header.Set("Signature-Input", "sig1="+input)
	req.Header.Set("Signature", "sig1=:"+base64.StdEncoding.EncodeToString(signature)+":")

	var placed portfolios.Order
	return &placed, h.do(req, &placed)
}

func (h handWritten) listOrders(ctx context.Context) (*portfolios.OrderList, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.baseURL+"/portfolios/orders", nil)
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
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.Unmarshal(answer, value)
}

// The limit is a fair one only if it does the same work: its signature passes the check
// that the client's own have to pass, covers the same, and the request carries the same
// headers and body.
func TestHandWrittenRequestIsLikeTheClients(t *testing.T) {
	var received []wire
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Path == "/auth/token" {
			_, _ = io.WriteString(w, `{"access_token":"test-token","expires_in":1800,"token_type":"bearer"}`)
			return
		}
		received = append(received, wire{method: req.Method, uri: req.RequestURI, host: req.Host, header: req.Header, body: body})
		_, _ = io.WriteString(w, orderBody)
	}))
	defer server.Close()
	key := testKey(t)
	credentials := testCredentials(t)
	credentials.BaseURL = server.URL
	client, err := upvest.New(credentials, upvest.WithHTTPClient(server.Client()))
	if err != nil {
		t.Fatal(err)
	}
	byHand := newHandWritten(t, server.Client().Transport, func(message []byte) []byte { return ed25519.Sign(key, message) })
	byHand.baseURL = server.URL
	theirs, err := byHand.createOrder(t.Context(), someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := client.Orders.Create(t.Context(), someOrderRequest())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(theirs, ours) || theirs.ID != someOrder {
		t.Errorf("by hand %+v, by the client %+v", theirs, ours)
	}
	public := key.Public().(ed25519.PublicKey)
	if a, b := requireSigned(t, received[0], public), requireSigned(t, received[1], public); !slices.Equal(a, b) {
		t.Errorf("covered by hand: %q, by the client: %q", a, b)
	}
	if a, b := slices.Sorted(maps.Keys(received[0].header)), slices.Sorted(maps.Keys(received[1].header)); !slices.Equal(a, b) {
		t.Errorf("headers by hand: %q, of the client: %q", a, b)
	}
	if a, b := received[0], received[1]; a.method != b.method || a.uri != b.uri || string(a.body) != string(b.body) {
		t.Errorf("by hand %s %s %s, by the client %s %s %s", a.method, a.uri, a.body, b.method, b.uri, b.body)
	}
}
