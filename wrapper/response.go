package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// maxBody limits how many bytes of a body are read. A page of 1000 orders takes a few
// MiB.
const maxBody = 32 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)

// Response is a response as received, see [WithResponse], with three exceptions. The
// client unpacks a gzip body, and removes the headers that describe the packed body, as
// net/http does. It cuts off a body after 32 MiB, and removes a header location that is
// not a URL. fmt, log/slog and encoding/json write only the status, the size of the body,
// and the request ID of a Response.
//
//nolint:recvcheck // Format and MarshalText have value receivers, so that a copied Response has them
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body into value, which can be any pointer. Use it for fields that the
// structs of this client do not have. Field names are case-sensitive. The error can
// contain names of fields and the ID of an object, but no other part of the body.
func (r *Response) Decode(value any) error {
	if r == nil || validate.IsNil(value) {
		return errors.New("decode a response: the response or the value is nil")
	}
	return decode(r.Body, value, unknownOffset)
}

// Format prints the status, the size of the body and the request ID, for every verb.
func (r Response) Format(state fmt.State, _ rune) {
	fmt.Fprintf(state, "%s, %d bytes [request %s]",
		statusText(r.Status), len(r.Body), wire.Line(r.requestID()))
}

// MarshalText returns the text that fmt prints, which is also what encoding/json writes.
func (r Response) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(r)), nil }

// LogValue logs the text that fmt prints.
func (r Response) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

func (r Response) requestID() string { return r.Header.Get("Upvest-Request-Id") }

// readResponse reads the whole response, up to maxBody. It returns what was read even if
// reading fails.
func readResponse(resp *http.Response, echo transport.Echo) (*Response, error) {
	defer func() { _ = resp.Body.Close() }()
	response := &Response{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// What follows the headers is not a body, and may never end.
		return response, errors.New("the server switched to a different protocol")
	}
	var buffer bytes.Buffer
	if resp.ContentLength > 0 && resp.ContentLength <= maxBody {
		buffer.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	response.Body = buffer.Bytes()
	switch {
	case err != nil:
		return response, fmt.Errorf("%w: %w", wire.ErrCutOff, transport.NewError(err, echo))
	case buffer.Len() > maxBody:
		response.Body = response.Body[:maxBody]
		return response, errTooLarge
	}
	err = response.unpack()
	return response, err
}

// unpack removes a content encoding that net/http did not request, and therefore did not
// remove. If unpacking fails, the response stays as received.
func (r *Response) unpack() error {
	encoding := strings.Join(r.Header.Values("Content-Encoding"), ", ")
	if encoding == "" {
		return nil
	}
	body, err := wire.Unpack(r.Body, encoding, maxBody)
	if errors.Is(err, wire.ErrTooLarge) {
		return errTooLarge
	}
	if err != nil {
		return err
	}
	r.Body = body
	r.Header = r.Header.Clone()
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	return nil
}

// errOtherSubject is returned if the ID of the resource in a response differs from the ID
// in the path. Such a response does not confirm the call, even if it has a request ID.
var errOtherSubject = errors.New("the response is about a different resource: " +
	"its ID differs from the ID in the path")

// checkSubject compares the ID in a response with the ID in the path. An absent ID is
// tolerated.
func checkSubject(received, requested uuid.UUID) error {
	if received == uuid.Nil || received == requested {
		return nil
	}
	return errOtherSubject
}

// confirmed returns an error if the response has no upvest-request-id. It is used for
// responses without a documented body, because such a response may come from a proxy.
func (r *Response) confirmed() error {
	return validate.Unless(r.requestID() != "",
		"the response has no upvest-request-id: it may come from a proxy")
}

// checkCancelled accepts the response to a cancellation if it has an upvest-request-id.
// No body is documented; if there is a body, it must be JSON, and must not contain the ID
// of a different order.
func checkCancelled(response *Response, order uuid.UUID) error {
	if len(bytes.TrimSpace(response.Body)) == 0 {
		return response.confirmed()
	}
	var body jsontext.Value
	if err := decode(response.Body, &body, unknownOffset); err != nil {
		return err
	}
	var named struct {
		ID uuid.UUID `json:"id"`
	}
	if decode(body, &named, unknownOffset) == nil { // an object whose ID can be read
		if err := checkSubject(named.ID, order); err != nil {
			return err
		}
	}
	return response.confirmed()
}
