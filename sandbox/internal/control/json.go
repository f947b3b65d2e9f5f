package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

// readJSON decodes the body and returns true, or refuses the request and returns false.
// It also refuses a request with a query, because no operation that calls readJSON uses
// the query.
func (e *Endpoint) readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	if !noQuery(w, r) {
		return false
	}
	err := decode(http.MaxBytesReader(w, r.Body, e.BodyLimit), into)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
	}
	return err == nil
}

// bare reports whether a request has neither a query nor a body, and refuses any other
// request. If the endpoint ignored a query or body, an action could affect more than the
// caller intended. An object without fields, which some clients always send, and null
// count as no body.
func bare(w http.ResponseWriter, r *http.Request) bool {
	if !noQuery(w, r) {
		return false
	}
	// Every body of this length or more is refused.
	const longest = 64
	body, err := io.ReadAll(io.LimitReader(r.Body, longest))
	isEmpty := slices.Contains([]string{"", "{}", "null"}, strings.TrimSpace(string(body)))
	if err == nil && len(body) < longest && isEmpty {
		return true
	}
	refuse(w, http.StatusBadRequest, errors.New("the body: expected none"))
	return false
}

func noQuery(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		refuse(w, http.StatusBadRequest, errors.New("the query: expected none"))
		return false
	}
	return true
}

// decode reads one JSON object, and refuses unknown fields. Its errors do not name Go
// types or packages.
func decode(body io.Reader, into any) error {
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	var wrongType *json.UnmarshalTypeError
	switch {
	case err == nil:
		if _, more := decoder.Token(); more != io.EOF {
			return errors.New("expected one JSON object")
		}
		return nil
	case errors.As(err, &wrongType):
		field := cmp.Or(wrongType.Field, "the body")
		return fmt.Errorf("%s: expected %s, not a JSON %s", field, kind(wrongType.Type), wrongType.Value)
	case errors.Is(err, io.EOF):
		return errors.New("the body is missing, expected a JSON object")
	default:
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
}

// kind returns the JSON name of a type.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.Int:
		return "a whole number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice:
		return "a list"
	default:
		return "a " + t.Kind().String()
	}
}

func fieldError(field, expected, got string) error {
	return fmt.Errorf("%s: expected %s, not %q", field, expected, got)
}

// refuse sends an error as problem details (RFC 7807).
func refuse(w http.ResponseWriter, status int, err error) {
	id := uuid.NewString()
	given := response.Refuse(status, "%s", err).Response(id)
	w.Header().Set("Upvest-Request-Id", id)
	w.Header().Set("Content-Type", given.Header.Get("Content-Type"))
	w.WriteHeader(given.Status)
	// The write fails if the client has disconnected.
	_, _ = w.Write(given.Body)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", response.JSON)
	//nolint:errchkjson // the write fails only if the client has disconnected
	_ = json.NewEncoder(w).Encode(value)
}
