package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/network"
)

// maxBody bounds what is read of an answer. A page of 1000 orders is a few MiB.
const maxBody = 32 << 20

var (
	errTooLarge = fmt.Errorf("the body is larger than %d MiB", maxBody>>20)
	errCutOff   = errors.New("the body breaks off")
)

// Response is an answer as received, see [WithResponse].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Decode reads the body into value, any pointer: for members that are newer than the structs of this client. Names of members count with
// case, and the error quotes nothing of the body.
func (r *Response) Decode(value any) error { return decode(r.Body, value) }

func (r *Response) requestID() string { return r.Header.Get("Upvest-Request-Id") }

// readResponse reads the whole answer, bounded. What was read comes back even when reading fails.
func readResponse(resp *http.Response, echo network.Echo) (*Response, error) {
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
		return answer, fmt.Errorf("%w: %w", errCutOff, &network.Error{Cause: err, Echo: echo})
	case buffer.Len() > maxBody:
		answer.Body = answer.Body[:maxBody]
		return answer, errTooLarge
	}
	return answer, nil
}

// lenient takes what a server may send though it should not: a member twice, and bytes that are no UTF-8. Names of members go by case.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// decode reads the body of a 2xx into value. Its errors quote nothing of the body.
func decode(body []byte, value any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty")
	}
	err := json.Unmarshal(trimMark(body), value, lenient)
	var syntax *jsontext.SyntacticError
	var mismatch *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errCutOff
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: it goes wrong at byte %d", syntax.ByteOffset)
	case errors.As(err, &mismatch) && mismatch.JSONPointer != "":
		return fmt.Errorf("the body does not fit: the value at %s is not of the documented type", mismatch.JSONPointer)
	case err != nil:
		return errors.New("the body does not fit: a value is not of the documented form")
	case !identified(value):
		return errors.New("the body does not fit: what identifies the resource is missing")
	}
	return nil
}

// trimMark takes off the byte order mark that some servers put before their JSON.
func trimMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// acceptEmpty accepts what may come where no body is documented: none, JSON with an upvest-request-id, or an order. Anything else may come
// from something on the way.
func acceptEmpty(answer *Response) error {
	switch {
	case len(bytes.TrimSpace(answer.Body)) == 0:
		return nil
	case answer.requestID() != "":
		return decode(answer.Body, new(jsontext.Value))
	}
	return decode(answer.Body, new(portfolios.Order))
}

// identified reports whether a decoded value names its resource. JSON such as {} or null decodes without an error into a value that
// would pass for an answer.
func identified(value any) bool {
	switch value := value.(type) {
	case *portfolios.Allocation:
		return value.ID != uuid.Nil
	case *portfolios.AllocationList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Configuration:
		return value.AccountID != uuid.Nil
	case *portfolios.ConfigurationList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Order:
		return value.ID != uuid.Nil
	case *portfolios.OrderList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Rebalancing:
		return value.ID != uuid.Nil
	case *portfolios.RebalancingExecution:
		return value.ID != uuid.Nil
	}
	return true
}

// isEmptyList reports whether null may stand for a page without rows, as some servers write it.
func isEmptyList(meta portfolios.Meta) bool { return meta.Limit > 0 && meta.TotalCount == 0 }
