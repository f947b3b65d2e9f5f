// Package wire reads the bodies and problem documents of responses, and makes text from a
// server safe to log.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

var (
	// ErrCutOff is the error of a body that ends too early.
	ErrCutOff = errors.New("the body breaks off")

	errMisfit       = errors.New("the body is not as documented: a value has the wrong form")
	errUnidentified = errors.New("the body is not as documented: " +
		"the ID of the resource or the data of the page is missing")
)

// lenient accepts common mistakes of servers: duplicate names, bytes that are not UTF-8,
// and all forms of time that encoding/json accepts. Names are case-sensitive.
var lenient = json.JoinOptions(
	jsontext.AllowDuplicateNames(true),
	jsontext.AllowInvalidUTF8(true),
	jsonv1.ParseTimeWithLooseRFC3339(true),
)

// Decode reads the body of a 2xx response into value, a pointer. It reads objects of the
// contract field by field, even inside other values, and returns a [FieldError] if a
// strict field of an object cannot be read. The errors quote nothing from the body except
// names of fields and the ID of an object.
func Decode(body []byte, value any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty")
	}
	takeBack := makeRoom(value, body)
	err := unmarshal(TrimMark(body), value)
	takeBack()
	var syntax *jsontext.SyntacticError
	var mismatch *json.SemanticError
	var field *FieldError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ErrCutOff
	case errors.As(err, &field):
		return field
	case errors.As(err, &syntax):
		return fmt.Errorf("the body is not JSON: the error is at byte %d", syntax.ByteOffset)
	case errors.As(err, &mismatch) && mismatch.JSONPointer != "":
		return fmt.Errorf("the body is not as documented: the value at %s has the wrong type",
			mismatch.JSONPointer)
	case err != nil:
		return errMisfit
	case !identified(value):
		return errUnidentified
	}
	return nil
}

// unmarshal reads an object of the contract by its shape, and leaves any other value to
// the JSON library.
func unmarshal(body []byte, value any) error {
	pointer := reflect.ValueOf(value)
	shape := contract.shapes[pointer.Type()]
	if shape == nil || pointer.IsNil() {
		return json.Unmarshal(body, value, lenient, json.WithUnmarshalers(contract.unmarshalers))
	}
	return readAll(body, shape, pointer.Elem())
}

// TrimMark removes the byte order mark that some servers put before their JSON.
func TrimMark(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }
