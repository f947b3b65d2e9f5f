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

// Request describes a call to a path of the API, see [Client.Do].
type Request struct {
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Path is appended to the base URL. It begins with a slash. Escape each segment with
	// url.PathEscape.
	Path string
	// Query is optional.
	Query url.Values
	// Body is the JSON body of a write. A byte slice must contain JSON, and is sent as it
	// is. Any other value is sent as encoding/json writes it. If Body is nil, no body is
	// sent. An io.Reader is refused, because each attempt has to send the body again.
	Body any
	// Repeatable allows the client to send a PUT or DELETE again after an attempt that
	// the server may have carried out. A POST or PATCH can always be sent again, because
	// it carries an idempotency key.
	Repeatable bool
	// Operation names the call in errors, logs and hooks. The default is Method and Path.
	Operation string
}

// Do calls an operation that has no method in this client, such as an operation that was
// added to version 1 of the API later, or that belongs to a different part of the API.
// Like the methods of the services, it waits for the limiter, adds a token and a
// signature, retries, and returns an *[Error] if the call fails. It repeats a PUT or
// DELETE that may have been carried out only if the request is Repeatable. Do decodes the
// response into out, which can be any pointer. Field names are case-sensitive. Pass nil
// as out to ignore the body; if there is a body, it must still be JSON.
//
// A response to a write, and any response with a body, is accepted only if it has an
// upvest-request-id. A response without this ID may come from a proxy, and the client has
// no documented body with which to compare the response.
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
	return validate.Unless(ok, "out: use a pointer that is not nil, or nil to ignore the body")
}

// decodeUndocumented reads a response. The body must be JSON; if out is nil, the body may
// also be empty. The response to a write, and every response with a body, needs an
// upvest-request-id.
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
