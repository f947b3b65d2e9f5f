package suites_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// peer writes the bytes of requests to a connection to a sandbox, because net/http cannot
// send all headers of the suites.
type peer struct {
	server *sandbox.Sandbox
	access sandbox.Client
	signer *upvest.Signer
	token  string
	conn   net.Conn
	reader *bufio.Reader
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	server, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // an error after the test is harmless
	client, err := upvest.New(server.Credentials())
	if err != nil {
		t.Fatal(err)
	}
	token, err := client.TokenSource().Token()
	if err != nil {
		t.Fatal(err)
	}
	access := server.Client()
	signer, err := upvest.NewSigner(upvest.SignerConfig{KeyID: access.KeyID, PrivateKey: access.PrivateKey})
	if err != nil {
		t.Fatal(err)
	}
	return &peer{server: server, access: access, signer: signer, token: token.AccessToken}
}

// request returns a signed request.
func (p *peer) request(t *testing.T, method, target string, body []byte) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(
		t.Context(), method, p.server.URL()+target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Upvest-Client-Id", p.access.ID.String())
	request.Header.Set("Upvest-Api-Version", "1")
	request.Header.Set("User-Agent", "suites")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", uuid.NewString())
	}
	if err := p.signer.Sign(t.Context(), request); err != nil {
		t.Fatal(err)
	}
	return request
}

// outcome contains the status of a response, and the field "detail" if the response is a
// problem. If the body of the response is not JSON, `detail` is the quoted body.
type outcome struct {
	status int
	detail string
}

// send sends a request and reads the response. The function `edit` receives the head of
// the request, without the empty line at its end, and returns the head to send instead.
func (p *peer) send(t *testing.T, request *http.Request, edit func(head string) string) outcome {
	t.Helper()
	sent, err := httputil.DumpRequestOut(request, true)
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := strings.Cut(string(sent), "\r\n\r\n")
	head = strings.ReplaceAll(head, "Accept-Encoding: gzip\r\n", "")
	if p.conn == nil {
		address, err := url.Parse(p.server.URL())
		if err != nil {
			t.Fatal(err)
		}
		p.conn, err = new(net.Dialer).DialContext(t.Context(), "tcp", address.Host)
		if err != nil {
			t.Fatal(err)
		}
		p.reader = bufio.NewReader(p.conn)
	}
	if _, err := io.WriteString(p.conn, edit(head+"\r\n")+"\r\n"+body); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(p.reader, request)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Close {
		_ = p.conn.Close() // an error is harmless, because the response has been read
		p.conn = nil
	}
	var problem struct{ Detail string }
	if json.Unmarshal(text, &problem) != nil {
		// The HTTP server of the sandbox refused the request with plain text.
		problem.Detail = strconv.Quote(string(text))
	}
	return outcome{status: response.StatusCode, detail: problem.Detail}
}

func unchanged(head string) string { return head }
