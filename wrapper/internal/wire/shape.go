package wire

import (
	"bytes"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// strict names the fields, besides the ID of an object, on which callers base decisions.
// If the value of such a field cannot be read, decoding returns a [FieldError].
var strict = map[string]bool{
	"allocation": true, "cash_amount": true, "created_at": true, "currency": true, "data": true,
	"instrument_id": true, "side": true, "status": true, "type": true, "weight": true,
}

// contract describes the objects that responses consist of.
var contract = newObjects()

type objects struct {
	shapes       map[reflect.Type]*shape // by the type of a pointer to the struct
	unmarshalers *json.Unmarshalers      // for the same structs inside other values
}

func newObjects() objects {
	o := objects{shapes: map[reflect.Type]*shape{}}
	o.unmarshalers = json.JoinUnmarshalers(
		add[portfolios.Allocation](o), add[portfolios.AllocationList](o),
		add[portfolios.InstrumentWeight](o),
		add[portfolios.Configuration](o), add[portfolios.ConfigurationList](o),
		add[portfolios.Order](o), add[portfolios.OrderList](o),
		add[portfolios.IndividualOrder](o),
		add[portfolios.Rebalancing](o), add[portfolios.RebalancingExecution](o),
		add[portfolios.Meta](o),
	)
	return o
}

func add[T any](o objects) *json.Unmarshalers {
	shape := shapeOf(reflect.TypeFor[T]())
	o.shapes[reflect.TypeFor[*T]()] = shape
	return json.UnmarshalFromFunc(func(decoder *jsontext.Decoder, value *T) error {
		body, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		return readAll(body, shape, reflect.ValueOf(value).Elem())
	})
}

// shape describes how a JSON object is read into a struct.
type shape struct {
	// byLength holds the fields, grouped by the length of their names, because finding a
	// field in it is faster than in a map.
	byLength [][]*field
	id       int // index of the field with the ID of the object, -1 if there is none
	unknown  int // index of the field of type api.Unknown, -1 if there is none
}

// field is a field of a struct. Exactly one of scalar, object and list is set.
type field struct {
	name   string
	index  int
	strict bool
	scalar readFunc
	object *shape
	list   *shape // the shape of the elements
	isPage bool   // the elements are the rows of a page
}

func shapeOf(kind reflect.Type) *shape {
	id := "id"
	if kind == reflect.TypeFor[portfolios.Configuration]() {
		id = "account_id"
	}
	s := &shape{id: -1, unknown: -1}
	for index := range kind.NumField() {
		structField := kind.Field(index)
		if structField.Type == reflect.TypeFor[api.Unknown]() {
			s.unknown = index
			continue
		}
		name, _, _ := strings.Cut(structField.Tag.Get("json"), ",")
		if name == id {
			s.id = index
		}
		f := &field{name: name, index: index, strict: strict[name] || name == id, isPage: name == "data"}
		f.scalar = readFuncOf(structField.Type)
		switch {
		case f.scalar != nil:
		case structField.Type.Kind() == reflect.Struct:
			f.object = shapeOf(structField.Type)
		default:
			f.list = shapeOf(structField.Type.Elem())
		}
		s.add(f)
	}
	return s
}

func (s *shape) add(f *field) {
	for len(s.byLength) <= len(f.name) {
		s.byLength = append(s.byLength, nil)
	}
	s.byLength[len(f.name)] = append(s.byLength[len(f.name)], f)
}

// field returns the field for a quoted name, or nil if there is no such field.
func (s *shape) field(quoted jsontext.Value) *field {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return s.named(quoted[1 : len(quoted)-1])
	}
	name, _ := jsontext.AppendUnquote(nil, quoted)
	return s.named(name)
}

func (s *shape) named(name []byte) *field {
	if len(name) >= len(s.byLength) {
		return nil
	}
	for _, field := range s.byLength[len(name)] {
		if field.name == string(name) {
			return field
		}
	}
	return nil
}
