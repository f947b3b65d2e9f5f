package wire

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// readFunc reads a value into a field, and reports whether the field can hold the value.
// If it cannot, the content of the field is undefined.
type readFunc func(r *reader, value jsontext.Value, into reflect.Value) bool

// readFuncOf returns the function that reads values of a type, or nil for an object or a
// list of objects.
func readFuncOf(kind reflect.Type) readFunc {
	switch kind {
	case reflect.TypeFor[uuid.UUID]():
		return readUUID
	case reflect.TypeFor[api.OptionalUUID]():
		return readOptionalUUID
	case reflect.TypeFor[time.Time]():
		return readTime
	case reflect.TypeFor[api.Decimal]():
		return readDecimal
	}
	isList := kind.Kind() == reflect.Slice
	switch {
	case kind.Kind() == reflect.String:
		return readText
	case kind.Kind() == reflect.Bool:
		return readBool
	case kind.Kind() == reflect.Int:
		return readInt
	case kind.Kind() == reflect.Struct, isList && kind.Elem().Kind() == reflect.Struct:
		return nil
	default:
		return readAny
	}
}

func readText(r *reader, value jsontext.Value, into reflect.Value) bool {
	if value.Kind() != '"' {
		return false
	}
	into.SetString(r.text(value))
	return true
}

// readDecimal also accepts a JSON number without an exponent, and keeps the text of the
// number.
func readDecimal(r *reader, value jsontext.Value, into reflect.Value) bool {
	if value.Kind() == '0' && !bytes.ContainsAny(value, "eE") {
		into.SetString(string(value))
		return true
	}
	return readText(r, value, into)
}

func readBool(_ *reader, value jsontext.Value, into reflect.Value) bool {
	into.SetBool(value.Kind() == 't')
	return value.Kind() == 't' || value.Kind() == 'f'
}

func readInt(_ *reader, value jsontext.Value, into reflect.Value) bool {
	number, err := strconv.ParseInt(string(value), 10, strconv.IntSize)
	into.SetInt(number)
	return err == nil
}

func readUUID(r *reader, value jsontext.Value, into reflect.Value) bool {
	if value.Kind() != '"' {
		return false
	}
	id, err := uuid.ParseBytes(r.unquote(value))
	copy(into.Bytes(), id[:])
	return err == nil
}

func readOptionalUUID(r *reader, value jsontext.Value, into reflect.Value) bool {
	if string(value) == `""` {
		into.SetZero()
		return true
	}
	return readUUID(r, value, into)
}

// readAny leaves a value to the JSON library, for example if the field is a pointer or a
// list of values.
func readAny(_ *reader, value jsontext.Value, into reflect.Value) bool {
	return json.Unmarshal(value, into.Addr().Interface(), lenient) == nil
}

func readTime(r *reader, value jsontext.Value, into reflect.Value) bool {
	if value.Kind() != '"' {
		return false
	}
	parsed, err := parseTime(r.unquote(value))
	*into.Addr().Interface().(*time.Time) = parsed //nolint:forcetypeassert // see readFuncOf
	return err == nil
}

// parseTime accepts every form of RFC 3339, including lower case, a space in place of the
// T, and a leap second at the end of a day in UTC. It reads a leap second as the first
// second of the next day. Like encoding/json, it accepts an hour of one digit and a comma
// before the fraction.
func parseTime(text []byte) (time.Time, error) {
	var parsed time.Time
	if parsed.UnmarshalText(text) == nil {
		return parsed, nil
	}
	const beforeT = len("2006-01-02")
	const beforeSecond = len("2006-01-02T15:04")
	plain := bytes.ToUpper(text)
	if len(plain) > beforeT && plain[beforeT] == ' ' {
		plain[beforeT] = 'T'
	}
	isLeap := false
	if len(plain) > beforeSecond && bytes.HasPrefix(plain[beforeSecond:], []byte(":60")) {
		copy(plain[beforeSecond:], ":59")
		isLeap = true
	}
	parsed, err := time.Parse(time.RFC3339, string(plain))
	if err != nil || !isLeap {
		return parsed, err
	}
	if hour, minute, _ := parsed.UTC().Clock(); hour != 23 || minute != 59 {
		return time.Time{}, errors.New("a leap second is not at the end of a day in UTC")
	}
	return parsed.Add(time.Second), nil
}
