package drift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// decodeWith is about the least that a client must do: it decodes the body of a problem
// or of any 2xx. results are the types that the wrapper's methods return.
func decodeWith(results map[string]reflect.Type, prepare func(*json.Decoder)) caller {
	return func(op operation, a answer) (any, error) {
		goType := reflect.TypeFor[portfolios.Problem]()
		if a.status < 300 {
			goType = results[op.OperationID]
		}
		if goType == nil {
			return nil, nil
		}
		value := reflect.New(goType)
		decoder := json.NewDecoder(bytes.NewReader(a.body))
		prepare(decoder)
		err := decoder.Decode(value.Interface())
		return value.Interface(), err
	}
}

// TestIncompatibleClientsAreFound proves that checkCompatibility finds what clients get wrong.
func TestIncompatibleClientsAreFound(t *testing.T) {
	t.Parallel()
	contract := parse(t, readContract(t))
	results := resultTypes(contract)
	tolerant := decodeWith(results, func(*json.Decoder) {})
	if findings := checkCompatibility(contract, tolerant); len(findings) > 0 {
		t.Errorf("a tolerant client does everything right, got %q", findings)
	}
	for _, control := range []struct {
		name string
		call caller
		want string
	}{
		{
			"refuses unknown fields", decodeWith(results, (*json.Decoder).DisallowUnknownFields),
			"a new field in [data 0 orders 1]: ",
		},
		{"closes enums", func(op operation, a answer) (any, error) {
			if media := op.Responses.Value("200"); media != nil && a.status < 300 {
				var body any
				if err := json.Unmarshal(a.body, &body); err != nil {
					return nil, err
				}
				for _, misfit := range misfits(media.Value.Content["application/json"].Schema, body, false) {
					return nil, errors.New(misfit.text)
				}
			}
			return tolerant(op, a)
		}, "a new value at [data 0 status]: "},
		{"knows one status", func(op operation, a answer) (any, error) {
			if a.status < 300 && op.Responses.Status(a.status) == nil {
				return nil, errors.New("an unknown status")
			}
			return tolerant(op, a)
		}, "create_portfolios_order 200 order, status 201: "},
		{"needs a body or none", func(op operation, a answer) (any, error) {
			if op.Responses.Value("204") != nil && len(a.body) > 0 {
				return nil, errors.New("a body")
			}
			return tolerant(op, a)
		}, "cancel_portfolios_order 204, a body: "},
		{"knows its headers", func(op operation, a answer) (any, error) {
			if len(a.header) > 1 {
				return nil, errors.New("an unknown header")
			}
			return tolerant(op, a)
		}, "new headers: "},
		{"needs every field", func(op operation, a answer) (any, error) {
			if op.OperationID == "retrieve_portfolios_order" && a.status < 300 && !bytes.Contains(a.body, []byte(`"type"`)) {
				return nil, errors.New("no type")
			}
			return tolerant(op, a)
		}, "without type in []: "},
		{"gives up where something is new", func(op operation, a answer) (any, error) {
			if a.status < 300 && bytes.Contains(a.body, []byte("new_member")) {
				return struct{}{}, nil
			}
			return tolerant(op, a)
		}, "/id is lost"},
		{"forgets the new members of a problem", func(op operation, a answer) (any, error) {
			value, err := tolerant(op, a)
			if a.status < 400 || err != nil {
				return value, err
			}
			var members map[string]any
			if err := json.Unmarshal(a.body, &members); err != nil {
				return nil, err
			}
			for name := range members {
				if strings.HasPrefix(name, "new_member") {
					delete(members, name)
				}
			}
			return members, nil
		}, "503, a new field in []: /new_member_0 is lost"},
	} {
		t.Run(control.name, func(t *testing.T) {
			t.Parallel()
			findings := fmt.Sprint(strings.Join(checkCompatibility(contract, control.call), "\n"))
			if !strings.Contains(findings, control.want) {
				t.Errorf("want a finding with %q, got %s", control.want, findings)
			}
		})
	}
}
