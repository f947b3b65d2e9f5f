package wrapper_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// withBody replaces the bodies of responses with the result of edit.
func withBody(serve roundTrip, edit func(string) string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		resp, err := serve(req)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		edited := edit(string(body))
		resp.Body = io.NopCloser(strings.NewReader(edited))
		resp.ContentLength = int64(len(edited))
		return resp, nil
	}
}

func packed(t *testing.T, body string) string {
	t.Helper()
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	if _, err := io.WriteString(writer, body); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

// net/http unpacks a gzip body only if net/http itself requested gzip. The client must
// unpack all other gzip bodies, both of successes and of failures.
func TestGzipThatWasNotRequested(t *testing.T) {
	for _, encoding := range []string{"gzip", "GZIP", "x-gzip", "identity"} {
		body := orderBody
		if encoding != "identity" {
			body = packed(t, orderBody)
		}
		var received upvest.Response
		client := newTestClient(t, success(body, "Content-Encoding", encoding, "Content-Length", "7"))
		if err := retrieve(t.Context(), client, upvest.WithResponse(&received)); err != nil {
			t.Errorf("Content-Encoding %s: got the error %v, want success", encoding, err)
		}
		if string(received.Body) != orderBody || received.Header.Get("Content-Encoding") != "" {
			t.Errorf("Content-Encoding %s: got the body %.40q and the headers %v, "+
				"want the unpacked body and no Content-Encoding", encoding, received.Body, received.Header)
		}
	}
	body := packed(t, problemBody(http.StatusConflict))
	client := respondingClient(
		t,
		http.StatusConflict,
		"application/problem+json",
		body,
		"Content-Encoding",
		"gzip",
	)
	failure := asError(t, retrieve(t.Context(), client))
	if failure.Type != "some_type" || string(failure.Body) != problemBody(http.StatusConflict) {
		t.Errorf("got the error type %q and the body %q, want the type \"some_type\" and the unpacked body",
			failure.Type, failure.Body)
	}
	// Some proxies unpack a body but keep the header Content-Encoding.
	client = newTestClient(t, success(orderBody, "Content-Encoding", "gzip"))
	if err := retrieve(t.Context(), client); err != nil {
		t.Errorf("got the error %v for a plain body with Content-Encoding gzip, want success", err)
	}
}

func TestEncodedBodiesThatCannotBeRead(t *testing.T) {
	whole := packed(t, orderBody)
	// A gzip file may consist of several parts. Packing 1 MiB once and repeating it is
	// faster than packing the whole body.
	bomb := strings.Repeat(packed(t, strings.Repeat(" ", 1<<20)), maxBody>>20) + packed(t, " ")
	damaged := whole[:len(whole)-6] + "CANARY"
	for name, test := range map[string]struct{ encoding, body, want string }{
		"an unsupported encoding":                {"br", "CANARY", `content encoding "br"`},
		"two encodings":                          {"gzip, br", "CANARY", `content encoding "gzip, br"`},
		"a truncated body":                       {"gzip", whole[:len(whole)-20], "breaks off"},
		"a damaged body":                         {"gzip", damaged, "unpack the gzip body"},
		"a body that is too large once unpacked": {"gzip", bomb, "larger than 32 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			client := respondingClient(t, http.StatusOK, "application/json", test.body,
				"Content-Encoding", test.encoding, "Upvest-Request-Id", "request")
			_, err := client.Orders.Create(t.Context(), someOrderRequest())
			requireText(t, err, test.want)
			_ = requireReceived(t, err, "create_portfolios_order", http.StatusOK, test.body)
			if strings.Contains(err.Error(), "CANARY") {
				t.Errorf("the error %q quotes the body, want no part of it", err)
			}
		})
	}
}
