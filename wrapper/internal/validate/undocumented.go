package validate

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Undocumented checks the method and the path of a request. It refuses a method that the
// API does not use, a path that contains a query or that net/http would send in a
// different form, a path that could lead outside the API, and the path of token requests.
func Undocumented(baseURL, method, path string) error {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return errors.New("method: use GET, POST, PUT, PATCH or DELETE")
	}
	parsed, err := url.Parse(baseURL + path)
	switch {
	case !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#"):
		return errors.New("path: begin it with a slash, and use Query for the query")
	case err != nil || !strings.HasSuffix(parsed.EscapedPath(), path):
		return errors.New("path: it has a character that has to be escaped: " +
			"use url.PathEscape for each segment")
	}
	segments := strings.TrimSuffix(strings.TrimPrefix(parsed.Path, "/"), "/")
	for segment := range strings.SplitSeq(segments, "/") {
		if strings.Trim(segment, ".") == "" {
			return errors.New("path: it has a segment that is empty or consists of dots, " +
				"which servers and proxies interpret in different ways")
		}
	}
	if strings.HasSuffix(strings.TrimRight(parsed.Path, "/"), "/auth/token") {
		return errors.New("path: use a TokenSource to request tokens")
	}
	return nil
}

// Body returns the body for a value: bytes as they are, and any other value as
// encoding/json writes it. It does not return the errors of encoding/json, which can
// quote the value.
func Body(method string, value any) (body []byte, err error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []byte:
		body = bytes.Clone(value)
	default:
		body, err = encode(value)
		if err != nil {
			return nil, err
		}
	}
	switch {
	case method == http.MethodGet:
		return nil, errors.New("body: a GET has no body")
	case !json.Valid(body):
		return nil, errors.New("body: it is not JSON")
	}
	return body, nil
}

// encode returns the body for a value. It returns the bytes of a [json.RawMessage] as
// they are, and also those of any other named byte slice whose type has no method that
// writes JSON or text.
func encode(value any) ([]byte, error) {
	switch value.(type) {
	case json.RawMessage: // a byte slice that is returned as it is
	case json.Marshaler, encoding.TextMarshaler:
		return marshal(value)
	case io.Reader:
		return nil, errors.New("body: it is an io.Reader, which can be sent only once: " +
			"read it, and use its bytes")
	}
	if IsNil(value) {
		return nil, errors.New("body: it is a nil pointer, map or slice: use nil itself to send no body")
	}
	bytesOf := reflect.ValueOf(value)
	if bytesOf.Kind() == reflect.Slice && bytesOf.Type().Elem().Kind() == reflect.Uint8 {
		return bytes.Clone(bytesOf.Bytes()), nil
	}
	return marshal(value)
}

func marshal(value any) ([]byte, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return nil, errors.New("body: encoding/json cannot write it")
	}
	return body, nil
}
