package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Unknown contains the fields of a JSON object in a response that the Go struct cannot
// hold: fields that openapi.yaml does not define, and fields whose value does not fit the
// Go field, such as "yes" for a boolean. In the second case the Go field is zero, as if
// the field were absent, and Raw returns the value.
//
// Unknown is the text of a JSON object, or "" if there are no such fields. An Unknown is
// comparable, so it does not prevent a struct from being comparable: two structs are
// equal only if their unknown fields have the same text. The client of package wrapper
// sets the field Unknown of a struct. encoding/json neither reads nor writes this field,
// so it is never sent.
//
// If a weight of an allocation has unknown fields, the field Unknown of the allocation
// contains the whole list "allocation".
type Unknown string

// lenient accepts the same deviations from JSON as the client of package wrapper.
var lenient = jsonv2.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// Names returns the names of the fields, each once, in the order of the response.
func (u Unknown) Names() []string {
	var names []string
	u.each(func(name string, _ jsontext.Value) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}

// Raw returns the value of a field as received, or nil if there is no such field. If
// several fields have this name, it returns the last value.
func (u Unknown) Raw(name string) json.RawMessage {
	var raw json.RawMessage
	u.each(func(other string, value jsontext.Value) {
		if other == name {
			raw = json.RawMessage(value.Clone())
		}
	})
	return raw
}

// Decode reads the fields into value, a pointer to a struct or map. Names are
// case-sensitive, and fields that value does not have are ignored. The error does not
// quote the values.
func (u Unknown) Decode(value any) error {
	if u == "" {
		return nil
	}
	err := jsonv2.Unmarshal([]byte(u), value, lenient)
	var mismatch *jsonv2.SemanticError
	switch {
	case err == nil:
		return nil
	case value == nil:
		return errors.New("decode unknown fields: the value is nil")
	case errors.As(err, &mismatch) && mismatch.GoType != nil:
		return fmt.Errorf("decode unknown fields: the value at %q does not fit into %s",
			mismatch.JSONPointer, mismatch.GoType)
	}
	return errors.New("decode unknown fields: the text is not a JSON object")
}

// each calls the function use for every field before the first error in the text.
func (u Unknown) each(use func(name string, value jsontext.Value)) {
	decoder := jsontext.NewDecoder(strings.NewReader(string(u)), lenient)
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return
	}
	for decoder.PeekKind() == '"' {
		token, err := decoder.ReadToken()
		if err != nil {
			return
		}
		name := token.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return
		}
		use(name, value)
	}
}
