package wrapper

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// Request is a call of any path of the API, see [Client.Do].
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path goes behind the base URL: it begins with a slash, and url.PathEscape has escaped each of its segments.
	Path string
	// Query is optional.
	Query url.Values
	// Body is what a write sends: JSON as it is if it is a json.RawMessage or []byte, else whatever encoding/json makes of it, nothing for nil.
	Body any
	// Repeatable says that a PUT or DELETE may be sent again when nobody knows whether an earlier attempt acted. POST and PATCH may always:
	// they carry an idempotency key.
	Repeatable bool
	// Operation names the call in errors, logs and hooks; it is Method and Path if it is empty.
	Operation string
}

// Do calls what no service of this client does: an operation that is newer than it, or another part of the API. The call goes the same
// way as all others: it gets a token, is signed, paced and tried again, and fails with an *[Error]. The answer is decoded into out, any
// pointer, where names of members count with case; nil is for calls whose answer does not matter or has no body.
//
// A body is believed only with an upvest-request-id, since there is no way to tell whether it is the documented one.
func (c *Client) Do(ctx context.Context, request Request, out any, options ...CallOption) error {
	op := operation{strings.TrimSpace(wire.Line(request.Operation)), request.Method}
	if op.id == "" {
		op.id = wire.Line(request.Method + " " + request.Path)
	}
	body, err := validate.Body(request.Method, request.Body)
	if pointer := reflect.ValueOf(out); out != nil && (pointer.Kind() != reflect.Pointer || pointer.IsNil()) {
		err = errors.Join(err, errors.New("out: use a pointer that is not nil, or nil itself"))
	}
	path := request.Path
	if len(request.Query) > 0 {
		path += "?" + request.Query.Encode()
	}
	contentType := ""
	if body != nil {
		contentType = "application/json"
	}
	once := callOption(func(s *settings) error {
		s.once = op.isWrite() && !op.isKeyed() && !request.Repeatable
		return nil
	})
	return c.core.call(ctx, op, errors.Join(validate.Undocumented(c.core.baseURL, request.Method, request.Path), err), append(slices.Clone(options), once),
		func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return c.core.send(ctx, request.Method, path, contentType, body, edit...)
		},
		func(answer *Response) error { return answer.decodeUndocumented(out) })
}

// send sends a request that the generated client does not know.
func (c *core) send(
	ctx context.Context, method, path, contentType string, body []byte, edit ...portfolios.RequestEditorFn,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.baseURL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		setHeader(req, "Content-Type", contentType)
	}
	for _, edit := range slices.Concat(c.common, edit) {
		if err := edit(ctx, req); err != nil {
			return nil, err
		}
	}
	return c.doer.Do(req)
}

// decodeUndocumented reads an answer of which nothing is known but that it is JSON, if it is anything.
func (r *Response) decodeUndocumented(out any) error {
	empty := len(bytes.TrimSpace(r.Body)) == 0
	switch {
	case empty && out == nil:
		return nil
	case !empty && r.requestID() == "":
		return errors.New("the answer has no upvest-request-id: it may come from something on the way")
	}
	if err := wire.Decode(r.Body, new(jsontext.Value)); err != nil || out == nil {
		return err
	}
	return wire.Decode(r.Body, out)
}
