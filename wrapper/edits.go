// Package addition puts into a request what its caller knows and the contract of this client does not: pure functions over a request.
package wrapper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
)

// requestEdit changes a request before it is signed.
type requestEdit func(req *http.Request) error

// Query returns an requestEdit that adds a parameter, unless the request has it.
func queryEdit(name, value string) (requestEdit, error) {
	if name == "" {
		return nil, errors.New("query: the name is empty")
	}
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	return func(req *http.Request) error {
		if req.URL.Query().Has(name) {
			return fmt.Errorf("query: the call sets %q already", name)
		}
		req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+pair, "&")
		return nil
	}, nil
}

// BodyField returns an requestEdit that adds a member to the JSON object in the body, unless it is there.
func bodyFieldEdit(name string, value any) (requestEdit, error) {
	quoted, err := json.Marshal(name)
	encoded, valueErr := json.Marshal(value)
	if err != nil || valueErr != nil || name == "" {
		return nil, errors.New("body field: use a name, and a value that can be written as JSON") // an error of json may quote the value
	}
	return func(req *http.Request) error {
		var members map[string]json.RawMessage
		if req.Body == nil || req.Body == http.NoBody {
			return fmt.Errorf("body field: the call has no body to put %q in", name)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return fmt.Errorf("body field: read the body: %w", err)
		}
		if json.Unmarshal(body, &members) != nil || members == nil {
			return fmt.Errorf("body field: the body is no object to put %q in", name)
		}
		if _, taken := members[name]; taken {
			return fmt.Errorf("body field: the call sets %q already", name)
		}
		body = bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}"))
		if len(members) > 0 {
			body = append(body, ',')
		}
		body = append(append(append(append(body, quoted...), ':'), encoded...), '}')
		req.Body, req.ContentLength, req.GetBody = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		return nil
	}, nil
}

// ownHeaders are set by the client, or by net/http for the connection.
var ownHeaders = map[string]string{
	"Accept": "", "Authorization": "", "Content-Digest": "", "Content-Length": "", "Content-Type": "", "Idempotency-Key": "WithIdempotencyKey",
	"Signature": "", "Signature-Input": "", "Upvest-Api-Version": "", "Upvest-Client-Id": "Credentials", "User-Agent": "WithUserAgent",
	"Accept-Encoding": "", "Connection": "", "Expect": "", "Host": "", "Keep-Alive": "", "Proxy-Authorization": "", "Proxy-Connection": "",
	"Te": "", "Trailer": "", "Transfer-Encoding": "", "Upgrade": "",
}

// Header returns an requestEdit that sets a header, and the name under which a signature has to cover it, "" where it must not.
func headerEdit(name, value string) (edit requestEdit, covered string, err error) {
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	instead, own := ownHeaders[canonical]
	switch {
	case !isToken(name):
		return nil, "", errors.New("header: the name is not one: use letters, digits and hyphens")
	case strings.HasPrefix(canonical, "Upvest-Signature"), own && instead == "":
		return nil, "", fmt.Errorf("header: %s is set by the client itself, since the signature or the connection depends on it", strings.ToLower(name))
	case own:
		return nil, "", fmt.Errorf("header: %s is set by the client itself: use %s", strings.ToLower(name), instead)
	case value == "" || strings.TrimSpace(value) != value || !isPrintable(value):
		return nil, "", fmt.Errorf("header: the value of %s is not one: use printable ASCII without blanks around it", strings.ToLower(name))
	}
	if httpsig.MayCover(canonical) {
		covered = canonical
	}
	return func(req *http.Request) error {
		req.Header[canonical] = []string{value}
		return nil
	}, covered, nil
}

func isToken(name string) bool {
	for _, char := range []byte(name) {
		letter, digit := char|' ' >= 'a' && char|' ' <= 'z', char >= '0' && char <= '9'
		if !letter && !digit && char != '-' && char != '_' {
			return false
		}
	}
	return name != ""
}

func isPrintable(text string) bool {
	return !strings.ContainsFunc(text, func(char rune) bool { return char < ' ' || char > '~' })
}
