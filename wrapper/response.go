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

// maxBody bounds what is read of an answer. A page of 1000 orders is a few MiB.
const maxBody = 32 << 20

var errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)

// Response is an answer as received, see [WithResponse].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body into value, any pointer: for members that are newer than the structs of this client. Names of members count with
// case, and the error quotes nothing of the body.
func (r *Response) Decode(value any) error { return wire.Decode(r.Body, value) }

func (r *Response) requestID() string { return r.Header.Get("Upvest-Request-Id") }

// readResponse reads the whole answer, bounded. What was read comes back even when reading fails.
func readResponse(resp *http.Response, echo transport.Echo) (*Response, error) {
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols { // what follows is no body, and may never end
		return &Response{Status: resp.StatusCode, Header: resp.Header}, errors.New("the server wants to talk another protocol")
	}
	var buffer bytes.Buffer
	if resp.ContentLength > 0 && resp.ContentLength <= maxBody {
		buffer.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	answer := &Response{Status: resp.StatusCode, Header: resp.Header, Body: buffer.Bytes()}
	switch {
	case err != nil:
		return answer, fmt.Errorf("%w: %w", wire.ErrCutOff, &transport.Error{Cause: err, Echo: echo})
	case buffer.Len() > maxBody:
		answer.Body = answer.Body[:maxBody]
		return answer, errTooLarge
	}
	return answer, nil
}

// acceptEmpty accepts what may come where no body is documented: none, JSON with an upvest-request-id, or an order. Anything else may come
// from something on the way.
func acceptEmpty(answer *Response) error {
	switch {
	case len(bytes.TrimSpace(answer.Body)) == 0:
		return nil
	case answer.requestID() != "":
		return wire.Decode(answer.Body, new(jsontext.Value))
	}
	return wire.Decode(answer.Body, new(portfolios.Order))
}
