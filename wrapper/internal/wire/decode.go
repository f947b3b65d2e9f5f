// Package wire reads responses: bodies, problem documents, and text that is safe to log.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// ErrCutOff is the error of a body that is only a beginning.
var ErrCutOff = errors.New("the body breaks off")

// lenient takes what a server may send though it should not: a member twice, bytes that
// are no UTF-8, and times as loose as encoding/json takes them. Names of members go by
// case.
var lenient = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
	jsonv1.ParseTimeWithLooseRFC3339(true),
)

// Decode reads the body of a 2xx into value. Its errors quote nothing of the body.
func Decode(body []byte, value any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty")
	}
	takeBack := makeRoom(value, body)
	err := json.Unmarshal(TrimMark(body), value, lenient)
	takeBack()
	var syntax *jsontext.SyntacticError
	var mismatch *json.SemanticError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCutOff
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: it goes wrong at byte %d", syntax.ByteOffset)
	case errors.As(err, &mismatch) && mismatch.JSONPointer != "":
		return fmt.Errorf("the body does not fit: the value at %s is not of the documented type",
			mismatch.JSONPointer)
	case err != nil:
		return errors.New("the body does not fit: a value is not of the documented form")
	case !identified(value):
		return errors.New("the body does not fit: what identifies the resource is missing")
	}
	return nil
}

// TrimMark takes off the byte order mark that some servers put before their JSON.
func TrimMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }
