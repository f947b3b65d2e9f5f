package drift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// tolerantClient is the simplest correct client: it decodes the body of every 2xx
// response into the result type of the operation, and every other body into a Problem.
type tolerantClient struct {
	results map[string]reflect.Type // result types of the wrapper's methods, by operation
}

func (c tolerantClient) call(op operation, r response) (any, error) {
	return c.decode(op, r, func(*json.Decoder) {})
}

func (c tolerantClient) decode(op operation, r response, prepare func(*json.Decoder)) (any, error) {
	goType := reflect.TypeFor[portfolios.Problem]()
	if r.status < 300 {
		goType = c.results[op.OperationID]
	}
	if goType == nil && op.Responses.Status(http.StatusOK) != nil {
		return nil, errNoMethod
	}
	if goType == nil {
		return nil, nil
	}
	value := reflect.New(goType)
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	prepare(decoder)
	err := decoder.Decode(value.Interface())
	return value.Interface(), err
}

// intolerantClient is a client with a mistake that checkCompatibility must find.
type intolerantClient struct {
	name string
	call func(c tolerantClient, op operation, r response) (any, error)
	want string // text that one of the findings must contain
}

var intolerantClients = []intolerantClient{
	{
		name: "refuses unknown fields",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			return c.decode(op, r, (*json.Decoder).DisallowUnknownFields)
		},
		want: "a new field in [data 0 orders 1]: ",
	},
	{name: "refuses unknown enum values", call: closeEnums, want: "a new value at [data 0 status]: "},
	{
		name: "refuses undocumented success statuses",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			if r.status < 300 && op.Responses.Status(r.status) == nil {
				return nil, errors.New("the status is unknown")
			}
			return c.call(op, r)
		},
		want: "create_portfolios_order 200 order, status 201: ",
	},
	{
		name: "refuses an undocumented body",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			if op.Responses.Value("204") != nil && len(r.body) > 0 {
				return nil, errors.New("the body is not documented")
			}
			return c.call(op, r)
		},
		want: "cancel_portfolios_order 204, a body: ",
	},
	{
		name: "refuses unknown headers",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			if len(r.header) > 1 {
				return nil, errors.New("the response has an unknown header")
			}
			return c.call(op, r)
		},
		want: "new headers: ",
	},
	{
		name: "requires an optional field",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			isOrder := op.OperationID == "retrieve_portfolios_order" && r.status < 300
			if isOrder && !bytes.Contains(r.body, []byte(`"type"`)) {
				return nil, errors.New("the field type is missing")
			}
			return c.call(op, r)
		},
		want: "without the field type in the body: ",
	},
	{
		name: "loses all fields of a response that has a new field",
		call: func(c tolerantClient, op operation, r response) (any, error) {
			if r.status < 300 && bytes.Contains(r.body, []byte("new_member")) {
				return struct{}{}, nil
			}
			return c.call(op, r)
		},
		want: "/id: the field is lost",
	},
	{
		name: "drops the new fields of a problem",
		call: dropNewFields,
		want: "503, a new field in the body: /new_member_0: the field is lost",
	},
}

func closeEnums(c tolerantClient, op operation, r response) (any, error) {
	success := op.Responses.Value("200")
	if success == nil || r.status >= 300 {
		return c.call(op, r)
	}
	var body any
	if err := json.Unmarshal(r.body, &body); err != nil {
		return nil, err
	}
	found := schemaViolations(success.Value.Content["application/json"].Schema, body, false)
	if len(found) > 0 {
		return nil, errors.New(found[0].text)
	}
	return c.call(op, r)
}

func dropNewFields(c tolerantClient, op operation, r response) (any, error) {
	value, err := c.call(op, r)
	if r.status < 400 || err != nil {
		return value, err
	}
	var fields map[string]any
	if err := json.Unmarshal(r.body, &fields); err != nil {
		return nil, err
	}
	for name := range fields {
		if strings.HasPrefix(name, "new_member") {
			delete(fields, name)
		}
	}
	return fields, nil
}

// TestIncompatibleClientsAreFound requires that checkCompatibility finds the mistake of
// each intolerant client.
func TestIncompatibleClientsAreFound(t *testing.T) {
	t.Parallel()
	withoutRaceDetector(t)
	contract := parse(t, readContract(t))
	tolerant := tolerantClient{results: resultTypes(contract)}
	if findings := checkCompatibility(contract, tolerant.call); len(findings) > 0 {
		t.Errorf("got the findings %q, want none for a tolerant client", findings)
	}
	for _, client := range intolerantClients {
		t.Run(client.name, func(t *testing.T) {
			t.Parallel()
			findings := checkCompatibility(contract, func(op operation, r response) (any, error) {
				return client.call(tolerant, op, r)
			})
			requireFinding(t, findings, client.want)
		})
	}
}
