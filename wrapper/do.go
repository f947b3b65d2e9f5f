package wrapper

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
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
	// Path follows the base URL. It begins with a slash, and url.PathEscape has escaped
	// each of its segments.
	Path string
	// Query is optional.
	Query url.Values
	// Body is what a write sends: bytes of any type as they are, any other value as
	// encoding/json writes it, nothing for nil. An io.Reader is refused, because each
	// attempt has to send it again.
	Body any
	// Repeatable allows a PUT or DELETE to be sent again after an attempt whose outcome
	// is unknown. POST and PATCH always allow it, because they carry an idempotency key.
	Repeatable bool
	// Operation names the call in errors, logs and hooks. If it is empty, Method and Path
	// do.
	Operation string
}

// Do calls a path that no service of this client covers: a later operation, or another
// part of the API. The call takes the same path as all others: it gets a token, is
// signed, paced and retried, and fails with an *[Error]. The response is decoded into
// out, any pointer; names of fields are case-sensitive. nil is for calls whose response
// does not matter or has no body.
//
// A body is accepted only with an upvest-request-id, because the client cannot tell
// whether it is the documented one.
func (c *Client) Do(ctx context.Context, request Request, out any, options ...CallOption) error {
	return c.coreOrNil().do(ctx, request, out, options)
}

func (c *core) do(ctx context.Context, request Request, out any, options []CallOption) error {
	op := request.asOperation()
	if c == nil {
		return withoutClient(op, options)
	}
	body, bodyErr := validate.Body(request.Method, request.Body)
	msg := message{method: request.Method, path: request.Path, body: body}
	if len(request.Query) > 0 {
		msg.path += "?" + request.Query.Encode()
	}
	if body != nil {
		msg.contentType = "application/json"
	}
	args := arguments{
		invalid: errors.Join(
			validate.Undocumented(c.baseURL, request.Method, request.Path), bodyErr, checkOut(out)),
		send: func(ctx context.Context, edit ...portfolios.RequestEditorFn) (*http.Response, error) {
			return c.send(ctx, msg, edit...)
		},
		options: options,
	}
	return c.call(ctx, op, args, func(response *Response) error {
		return response.decodeUndocumented(op, out)
	})
}

func (r Request) asOperation() operation {
	op := operation{id: strings.TrimSpace(wire.Line(r.Operation)), method: r.Method}
	if op.id == "" {
		op.id = wire.Line(r.Method + " " + r.Path)
	}
	op.single = op.isWrite() && !op.isKeyed() && !r.Repeatable
	return op
}

func checkOut(out any) error {
	if out == nil {
		return nil
	}
	pointer := reflect.ValueOf(out)
	ok := pointer.Kind() == reflect.Pointer && !pointer.IsNil()
	return validate.Unless(ok, "out: use a pointer that is not nil, or nil itself")
}

// decodeUndocumented reads a response that may be empty if out is nil, and otherwise must
// be JSON. A write, and every body, needs an upvest-request-id.
func (r *Response) decodeUndocumented(op operation, out any) error {
	if len(bytes.TrimSpace(r.Body)) == 0 && out == nil {
		if op.isWrite() {
			return r.confirmed()
		}
		return nil
	}
	if err := r.Decode(new(jsontext.Value)); err != nil {
		return err
	}
	if err := r.confirmed(); err != nil || out == nil {
		return err
	}
	return r.Decode(out)
}
