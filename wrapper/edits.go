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
	"slices"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/httpsig"
)

// queryEdit returns an edit that adds a query parameter. The edit fails if the request
// already has a parameter with that name.
func queryEdit(name, value string) (requestEdit, error) {
	if name == "" {
		return nil, errors.New("query: the name is empty")
	}
	pair := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	return func(req *http.Request) error {
		if req.URL.Query().Has(name) {
			return fmt.Errorf("query: the call already sets %q", name)
		}
		req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+pair, "&")
		return nil
	}, nil
}

// bodyFieldEdit returns an edit that adds a field to the JSON object in the body. The
// edit fails if the object already has a field with that name.
func bodyFieldEdit(name string, value any) (requestEdit, error) {
	quoted, err := json.Marshal(name)
	encoded, valueErr := json.Marshal(value)
	if err != nil || valueErr != nil || name == "" {
		// The error of encoding/json may quote the value.
		return nil, errors.New("body field: use a name, and a value that can be written as JSON")
	}
	field := slices.Concat(quoted, []byte(":"), encoded)
	return func(req *http.Request) error {
		if req.Body == nil || req.Body == http.NoBody {
			return fmt.Errorf("body field: the call has no body, so %q cannot be added", name)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return fmt.Errorf("body field: read the body: %w", err)
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) != nil || fields == nil {
			return fmt.Errorf("body field: the body is not an object, so %q cannot be added", name)
		}
		if _, taken := fields[name]; taken {
			return fmt.Errorf("body field: the call already sets %q", name)
		}
		body = bytes.TrimSuffix(bytes.TrimSpace(body), []byte("}"))
		if len(fields) > 0 {
			body = append(body, ',')
		}
		body = append(body, field...)
		body = append(body, '}')
		req.Body = io.NopCloser(bytes.NewReader(body))
		req.ContentLength = int64(len(body))
		req.GetBody = nil
		return nil
	}, nil
}

// ownHeaders lists the headers that the client sets, or that net/http sets for the
// connection. Each value names what callers use to set the header, or is "" if they
// cannot set it.
var ownHeaders = map[string]string{
	"Accept": "", "Authorization": "", "Content-Digest": "", "Content-Length": "", "Content-Type": "",
	"Idempotency-Key": "WithIdempotencyKey", "Signature": "", "Signature-Input": "", "Upvest-Api-Version": "",
	"Upvest-Client-Id": "Credentials", "User-Agent": "WithUserAgent",
	"Accept-Encoding": "", "Connection": "", "Expect": "", "Host": "", "Keep-Alive": "",
	"Proxy-Authorization": "", "Proxy-Connection": "", "Te": "", "Trailer": "", "Transfer-Encoding": "",
	"Upgrade": "",
}

// headerEdit returns an edit that sets a header. covered is the canonical name of the
// header, or "" if the signature must not cover it.
func headerEdit(name, value string) (edit requestEdit, covered string, err error) {
	if !isToken(name) {
		return nil, "", errors.New("header: the name is invalid: use letters, digits and hyphens")
	}
	canonical := textproto.CanonicalMIMEHeaderKey(name)
	lower := strings.ToLower(name)
	option, own := ownHeaders[canonical]
	switch {
	case strings.HasPrefix(canonical, "Upvest-Signature"), own && option == "":
		return nil, "", fmt.Errorf("header: %s is set by the client itself, "+
			"because the signature or the connection depends on it", lower)
	case own:
		return nil, "", fmt.Errorf("header: %s is set by the client itself: use %s", lower, option)
	case value == "" || strings.TrimSpace(value) != value || !isPrintable(value):
		return nil, "", fmt.Errorf("header: the value of %s is invalid: "+
			"use printable ASCII without spaces around it", lower)
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
		letter := char|' ' >= 'a' && char|' ' <= 'z'
		digit := char >= '0' && char <= '9'
		if !letter && !digit && char != '-' && char != '_' {
			return false
		}
	}
	return name != ""
}

func isPrintable(text string) bool {
	return !strings.ContainsFunc(text, func(char rune) bool { return char < ' ' || char > '~' })
}
