package wrapper

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
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

// readResponse reads the whole answer, bounded. What was read comes back even when reading fails.
func readResponse(resp *http.Response) (*Response, error) {
	defer func() { _ = resp.Body.Close() }()
	var buffer bytes.Buffer
	if resp.ContentLength > 0 && resp.ContentLength <= maxBody {
		buffer.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	_, err := buffer.ReadFrom(io.LimitReader(resp.Body, maxBody+1))
	answer := &Response{Status: resp.StatusCode, Header: resp.Header, Body: buffer.Bytes()}
	switch {
	case err != nil:
		return answer, fmt.Errorf("%w: %w", errCutOff, &networkError{cause: err})
	case buffer.Len() > maxBody:
		answer.Body = answer.Body[:maxBody]
		return answer, errTooLarge
	}
	return answer, nil
}

// decode reads the body of a 2xx into value. Its errors quote nothing of the body.
func decode(body []byte, value any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty")
	}
	body = trimMark(body)
	err := json.Unmarshal(body, value)
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && breaksOff(body):
		return errCutOff
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: it goes wrong at byte %d", syntax.Offset)
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("the body does not fit: the field %s is not of the documented type", mismatch.Field)
	case err != nil:
		return errors.New("the body does not fit: a value is not of the documented form")
	case !identified(value):
		return errors.New("the body does not fit: what identifies the resource is missing")
	}
	return nil
}

// trimMark takes off the byte order mark that some servers put before their JSON.
func trimMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

func breaksOff(body []byte) bool {
	err := json.NewDecoder(bytes.NewReader(body)).Decode(new(json.RawMessage))
	return errors.Is(err, io.ErrUnexpectedEOF)
}

// acceptEmpty accepts what may come instead of a body: nothing, or JSON. A page of HTML comes from something other than the API.
func acceptEmpty(body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	return decode(body, new(json.RawMessage))
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
