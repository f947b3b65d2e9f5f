package wrapper_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// The search must find secrets in values that contain them. Otherwise, the tests below
// would prove nothing.
func TestSearchFindsSecrets(t *testing.T) {
	key := testKey(t)
	type revealing struct {
		Secret string
		Key    ed25519.PrivateKey
	}
	for name, leak := range map[string]any{
		"secret":            revealing{Secret: "test-secret"},
		"pointer to secret": &revealing{Secret: "test-secret"},
		"key":               revealing{Key: key},
		"seed":              revealing{Key: ed25519.PrivateKey(key.Seed())},
	} {
		for format, text := range everyFormat(t.Context(), leak) {
			if _, found := findSecret(text, secretsOf("test-secret", key)); !found {
				t.Errorf("the search did not find the %s in the output of %s, want it found: %s",
					name, format, text)
			}
		}
	}
}

// grantingCanary grants the token tokenCanary, which must appear in no output, and passes
// all other requests to next.
func grantingCanary(next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if isTokenRequest(req) {
			return success(grantBody(tokenCanary, "1800"))(req)
		}
		return next(req)
	}
}

func TestErrorResponsesShowNoSecret(t *testing.T) {
	for _, status := range []int{400, 401, 403, 418, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			echo := func(req *http.Request) (*http.Response, error) {
				body := fmt.Sprintf(`{"type": "x", "status": %d, "echo": %q, "token": %q}`,
					status, bodyCanary, req.Header.Get("Authorization"))
				return respond(status, "application/problem+json", body, "Upvest-Request-Id", "r-1")(req)
			}
			newLeakSearch(t, testCredentials(t), grantingCanary(echo)).fail(t.Context(), t)
		})
	}
}

// A server may quote parts of the request in every string of a problem document.
func TestQuotedRequestsShowNoSecret(t *testing.T) {
	quoting := func(req *http.Request) (*http.Response, error) {
		quoted := strings.Join([]string{
			req.Header.Get("Authorization"),
			url.QueryEscape(req.Header.Get("Authorization")),
			req.Header.Get("Signature"),
			req.Header.Get("Idempotency-Key"),
			secretCanary,
		}, " ")
		const form = `{"type": %[1]q, "title": %[1]q, "detail": %[1]q, "instance": %[1]q}`
		body := fmt.Sprintf(form, quoted)
		return respond(http.StatusBadRequest, "application/problem+json", body,
			"Upvest-Request-Id", quoted)(req)
	}
	newLeakSearch(t, testCredentials(t), grantingCanary(quoting)).fail(t.Context(), t)
}

func TestUnreadableResponsesShowNoSecret(t *testing.T) {
	html := "<html>" + bodyCanary + "</html>"
	json := func(body string) roundTrip { return success(fmt.Sprintf(body, bodyCanary)) }
	for name, step := range map[string]roundTrip{
		"502 HTML":                 respond(http.StatusBadGateway, "text/html", html),
		"redirect":                 respond(http.StatusTemporaryRedirect, "text/html", bodyCanary),
		"HTML":                     respond(http.StatusOK, "text/html", html),
		"invalid JSON":             json(`{"id": %s}`),
		"truncated JSON":           json(`{"id": "%s`),
		"invalid UUID":             json(`{"id": "%s"}`),
		"invalid time":             json(`{"id": "` + someOrder.String() + `", "created_at": "%s"}`),
		"invalid optional ID":      json(`{"allocation_id": "%s"}`),
		"string instead of a list": json(`{"orders": "%s"}`),
		"list of strings":          json(`["%s"]`),
		"string":                   json(`"%s"`),
		"network failure":          failing(errors.New("connection reset by peer")),
		"body breaks off": func(*http.Request) (*http.Response, error) {
			resp := newResponse(http.StatusOK, "application/json", "")
			resp.Body = brokenBody(`{"id": "` + bodyCanary)
			return resp, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			newLeakSearch(t, testCredentials(t), grantingCanary(step)).fail(t.Context(), t)
		})
	}
}

func TestCancelledCallsShowNoSecret(t *testing.T) {
	t.Run("cancelled before the call", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		newLeakSearch(t, testCredentials(t), grantingCanary(problem(400))).fail(ctx, t)
	})
	t.Run("cancelled during an attempt", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		transport := grantingCanary(func(req *http.Request) (*http.Response, error) {
			cancel()
			return nil, req.Context().Err()
		})
		newLeakSearch(t, testCredentials(t), transport).fail(ctx, t)
	})
}

// The token endpoint may quote the form of the token request, which contains the client
// secret.
func TestTokenResponsesShowNoSecret(t *testing.T) {
	for name, test := range map[string]struct {
		status      int
		contentType string
		body        string // %[1]s is the form of the request
	}{
		"OAuth error": {
			status:      http.StatusUnauthorized,
			contentType: "application/json",
			body:        `{"error":"invalid_client","error_description":"%[1]s"}`,
		},
		"HTML": {
			status:      http.StatusForbidden,
			contentType: "text/html",
			body:        `%[1]s`,
		},
		"problem with the form in an unknown field": {
			status:      http.StatusUnauthorized,
			contentType: "application/problem+json",
			body:        `{"type": "unauthorised", "status": 401, "form": "%[1]s"}`,
		},
		"problem with the form in title and detail": {
			status:      http.StatusUnauthorized,
			contentType: "application/problem+json",
			body:        `{"type": "unauthorised", "status": 401, "title": "%[1]s", "detail": "%[1]s"}`,
		},
		"success without a token": {
			status:      http.StatusOK,
			contentType: "application/json",
			body:        `{"form": "%[1]s"}`,
		},
		"token that is a list": {
			status:      http.StatusOK,
			contentType: "application/json",
			body:        `{"access_token": ["%[1]s"]}`,
		},
		"lifetime that is not a number": {
			status:      http.StatusOK,
			contentType: "application/json",
			body:        `{"access_token": "` + tokenCanary + `", "expires_in": "%[1]s"}`,
		},
		"not JSON": {
			status:      http.StatusOK,
			contentType: "text/plain",
			body:        `%[1]s` + tokenCanary,
		},
	} {
		t.Run(name, func(t *testing.T) {
			transport := roundTrip(func(req *http.Request) (*http.Response, error) {
				form, err := io.ReadAll(req.Body)
				if err != nil {
					return nil, err
				}
				return newResponse(test.status, test.contentType, fmt.Sprintf(test.body, form)), nil
			})
			newLeakSearch(t, testCredentials(t), transport).fail(t.Context(), t)
		})
	}
}

func TestTokenSourceOfTheCallerShowsNoSecret(t *testing.T) {
	source := sourceFunc(func() (*oauth2.Token, error) {
		return nil, &oauth2.RetrieveError{
			Response:         &http.Response{StatusCode: http.StatusBadRequest, Status: "400 " + bodyCanary},
			Body:             []byte(secretCanary),
			ErrorDescription: "the secret " + secretCanary + " is wrong",
		}
	})
	newLeakSearch(t, testCredentials(t), grantingCanary(problem(400)), upvest.WithTokenSource(source)).
		fail(t.Context(), t)
}

// Some errors of net/http quote bytes that the server sent.
func TestErrorsOfTheConnectionShowNoSecret(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	const found = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
	for name, raw := range map[string]string{
		"not HTTP":               bodyCanary + " " + tokenCanary + "\r\n\r\n",
		"invalid status":         "HTTP/1.1 2000 " + bodyCanary + "\r\n\r\n",
		"invalid header":         ok + bodyCanary + "\r\n\r\n",
		"invalid content-length": ok + "Content-Length: " + bodyCanary + "\r\n\r\n",
		"invalid location":       found + "Location: http://[" + bodyCanary + "\r\n\r\n",
		"invalid trailer":        ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + tokenCanary + "\r\n\r\n",
		"short body":             ok + "Content-Length: 1000\r\n\r\n{\"id\": \"" + bodyCanary,
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(rawResponses(t, raw))
			defer server.Close()
			credentials := testCredentials(t)
			credentials.BaseURL = server.URL
			newLeakSearch(t, credentials, server.Client().Transport).fail(t.Context(), t)
		})
	}
}

// rawResponses grants a token, and responds to every request that is not a token request
// with the raw bytes.
func rawResponses(t *testing.T, raw string) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, req *http.Request) {
		if isTokenRequest(req) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, grantBody(tokenCanary, "1800"))
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = connection.Close() }()
		_, _ = io.WriteString(connection, raw)
	}
}

// The error of a transport may quote the idempotency key of the request, in several
// forms, and the access token.
func TestErrorOfATransportShowsNoIdempotencyKeyAndNoToken(t *testing.T) {
	client := newTestClient(t, func(req *http.Request) (*http.Response, error) {
		key := req.Header.Get("idempotency-key")
		return nil, fmt.Errorf("cannot send %s, %s, %s with %s signed %s",
			key, strings.ToUpper(key), strings.ReplaceAll(key, "-", ""),
			req.Header.Get("authorization"), req.Header.Get("signature"))
	}, upvest.WithoutRetry())
	key := uuid.MustParse("b1946ac9-2492-4d23-8a4f-0d6f1c2e3a4b")
	withoutHyphens := func(text string) string { return strings.ToLower(strings.ReplaceAll(text, "-", "")) }
	secrets := []string{withoutHyphens(key.String()), withoutHyphens("test-token")}
	err := createOrder(t.Context(), client, upvest.WithIdempotencyKey(key))
	for ; err != nil; err = errors.Unwrap(err) {
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
			requireNoSecret(t, "the error", withoutHyphens(text), secrets)
		}
	}
}
