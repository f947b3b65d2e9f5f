package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// reader reads one body at a time.
type reader struct {
	decoder *jsontext.Decoder
	body    []byte
	// unknown contains the JSON members that no struct field holds, from all objects that
	// are being read.
	unknown []byte
	// keepInParent is set after an object without a field for unknown members has
	// contained an unknown member.
	keepInParent bool
	texts        map[string]string // short strings that were read before
	scratch      []byte            // the buffer of unquote
}

// readers keeps readers, so that their decoders are not allocated again for every
// response. A reader also keeps short strings that it has read, because the next response
// often contains the same strings.
var readers = sync.Pool{New: func() any {
	return &reader{decoder: new(jsontext.Decoder), texts: map[string]string{}}
}}

// readAll reads a body that is one object, or null.
func readAll(body []byte, s *shape, into reflect.Value) error {
	r := readers.Get().(*reader) //nolint:forcetypeassert // see readers
	r.body = body
	r.unknown = r.unknown[:0]
	r.keepInParent = false
	r.decoder.Reset(bytes.NewBuffer(body), lenient)
	err := r.root(s, into)
	r.body = nil
	r.decoder.Reset(strings.NewReader("")) // drops the body, which belongs to the caller
	readers.Put(r)
	return err
}

func (r *reader) root(s *shape, into reflect.Value) error {
	var failed *FieldError
	var err error
	switch r.decoder.PeekKind() {
	case '{':
		failed, err = r.object(s, into)
	case 'n':
		err = r.decoder.SkipValue()
	default:
		err = r.decoder.SkipValue()
		if err == nil {
			return errMisfit
		}
	}
	if err != nil {
		return err
	}
	end := r.decoder.InputOffset()
	if _, err := r.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return &jsontext.SyntacticError{ByteOffset: end}
	}
	if failed != nil {
		return failed
	}
	return nil
}

// object reads an object whose opening bracket is next. It continues after a failed
// field, because the ID of the object may follow. Only a syntax error ends the reading of
// the object early.
func (r *reader) object(s *shape, into reflect.Value) (failed *FieldError, err error) {
	if _, err := r.decoder.ReadToken(); err != nil {
		return nil, err
	}
	before := len(r.unknown)
	for r.decoder.PeekKind() != '}' {
		name, err := r.decoder.ReadValue()
		if err != nil {
			return nil, err
		}
		start := r.decoder.InputOffset() - int64(len(name))
		held, wrong, err := r.member(s.field(name), into)
		if err != nil {
			return nil, err
		}
		if failed == nil {
			failed = wrong
		}
		if !held || r.keepInParent {
			r.keep(s, before, r.body[start:r.decoder.InputOffset()])
		}
	}
	if s.unknown >= 0 {
		into.Field(s.unknown).SetString(r.take(before))
	}
	if failed != nil && s.id >= 0 {
		var id uuid.UUID
		copy(id[:], into.Field(s.id).Bytes())
		if id != uuid.Nil {
			failed.ID = id
		}
	}
	_, err = r.decoder.ReadToken()
	return failed, err
}

// keep adds a member to the unknown members of the object. If the object has no field for
// them, the object around it keeps the whole member that contains this object.
func (r *reader) keep(s *shape, before int, member []byte) {
	r.keepInParent = s.unknown < 0
	if r.keepInParent {
		return
	}
	separator := byte(',')
	if len(r.unknown) == before {
		separator = '{'
	}
	r.unknown = append(r.unknown, separator)
	r.unknown = append(r.unknown, member...)
}

// take returns and removes the unknown members of the object, as the text of a JSON
// object, or "" if the object has no unknown members.
func (r *reader) take(before int) string {
	if len(r.unknown) == before {
		return ""
	}
	object := string(r.unknown[before:]) + "}"
	r.unknown = r.unknown[:before]
	return object
}

// member reads the value of a member. held is false if the struct has no field for the
// member, or if the field cannot hold the value.
func (r *reader) member(f *field, object reflect.Value) (held bool, failed *FieldError, err error) {
	if f == nil {
		return false, nil, r.decoder.SkipValue()
	}
	into := object.Field(f.index)
	held, failed, err = r.value(f, into)
	if err != nil {
		return false, nil, err
	}
	if !held {
		into.SetZero()
		if f.strict && failed == nil {
			failed = &FieldError{Row: -1}
		}
	}
	if failed != nil {
		failed.in(f.name)
	}
	return held, failed, nil
}

func (r *reader) value(f *field, into reflect.Value) (held bool, failed *FieldError, err error) {
	kind := r.decoder.PeekKind()
	switch {
	case kind == 'n':
		into.SetZero()
		_, err = r.decoder.ReadToken()
		return true, nil, err
	case f.scalar != nil:
		value, err := r.decoder.ReadValue()
		if err != nil {
			return false, nil, err
		}
		return f.scalar(r, value, into), nil, nil
	case f.object != nil && kind == '{':
		failed, err = r.object(f.object, into)
		return true, failed, err
	case f.list != nil && kind == '[':
		return r.list(f, into)
	}
	return false, nil, r.decoder.SkipValue()
}

// list reads a list whose opening bracket is next. It keeps the elements before the first
// element that fails. An element that is neither an object nor null fails if the field is
// strict; a field that is not strict cannot hold a list with such an element.
func (r *reader) list(f *field, into reflect.Value) (held bool, failed *FieldError, err error) {
	if _, err := r.decoder.ReadToken(); err != nil {
		return false, nil, err
	}
	into.SetLen(0)
	held = true
	for r.decoder.PeekKind() != ']' {
		if failed != nil || !held {
			if err := r.decoder.SkipValue(); err != nil {
				return false, nil, err
			}
			continue
		}
		held, failed, err = r.element(f, into)
		if err != nil {
			return false, nil, err
		}
	}
	if into.Len() == 0 {
		into.Set(reflect.MakeSlice(into.Type(), 0, 0))
	}
	_, err = r.decoder.ReadToken()
	return held, failed, err
}

// element reads the next element of a list, and appends it unless reading it fails.
func (r *reader) element(f *field, into reflect.Value) (held bool, failed *FieldError, err error) {
	index := into.Len()
	if index == into.Cap() {
		into.Grow(1)
	}
	into.SetLen(index + 1)
	element := into.Index(index)
	element.SetZero()
	switch r.decoder.PeekKind() {
	case '{':
		held = true
		failed, err = r.object(f.list, element)
	case 'n':
		held = true
		_, err = r.decoder.ReadToken()
	default:
		err = r.decoder.SkipValue()
		if f.strict {
			held = true
			failed = &FieldError{Row: -1}
		}
	}
	if failed != nil {
		failed.in(strconv.Itoa(index))
		if f.isPage {
			failed.Row = index
		}
		into.SetLen(index)
	}
	return held, failed, err
}

// unquote returns the text of a JSON string. The result is valid until the next call.
func (r *reader) unquote(quoted jsontext.Value) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	r.scratch, _ = jsontext.AppendUnquote(r.scratch[:0], quoted)
	return r.scratch
}

const (
	maxTexts      = 256
	maxTextLength = 64
)

// text returns the text of a JSON string. Short strings often repeat from row to row, so
// the reader keeps them and does not allocate them again.
func (r *reader) text(quoted jsontext.Value) string {
	text := r.unquote(quoted)
	if known, found := r.texts[string(text)]; found {
		return known
	}
	if !utf8.Valid(text) {
		text, _ = jsontext.AppendUnquote(nil, quoted)
	}
	made := string(text)
	if len(text) <= maxTextLength {
		if len(r.texts) >= maxTexts {
			clear(r.texts)
		}
		r.texts[made] = made
	}
	return made
}
