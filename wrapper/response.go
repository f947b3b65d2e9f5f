package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/transport"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/wire"
)

// maxBody limits how much of a response is read. A page of 1000 orders is a few MiB.
const maxBody = 32 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)

// Response is a response as received, see [WithResponse].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body into value, any pointer, for fields that the structs of this
// client do not have. Names of fields are case-sensitive. The error quotes nothing of the
// body.
func (r *Response) Decode(value any) error { return wire.Decode(r.Body, value) }

func (r *Response) requestID() string { return r.Header.Get("Upvest-Request-Id") }

// readResponse reads the whole response, bounded. It returns what was read even if
// reading fails.
func readResponse(resp *http.Response, echo transport.Echo) (*Response, error) {
	defer func() { _ = resp.Body.Close() }()
	response := &Response{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		// What follows is no body, and may never end.
		return response, errors.New("the server requires another protocol")
	}
	var buffer bytes.Buffer
	if resp.ContentLength > 0 && resp.ContentLength <= maxBody {
		buffer.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	response.Body = buffer.Bytes()
	switch {
	case err != nil:
		return response, fmt.Errorf("%w: %w", wire.ErrCutOff, &transport.Error{Cause: err, Echo: echo})
	case buffer.Len() > maxBody:
		response.Body = response.Body[:maxBody]
		return response, errTooLarge
	}
	return response, nil
}

// acceptEmpty accepts what may come where no body is documented: none, JSON with an
// upvest-request-id, or an order. Anything else may come from a proxy.
func acceptEmpty(response *Response) error {
	switch {
	case len(bytes.TrimSpace(response.Body)) == 0:
		return nil
	case response.requestID() != "":
		return wire.Decode(response.Body, new(jsontext.Value))
	}
	return wire.Decode(response.Body, new(portfolios.Order))
}
