package drift_test

import (
	"context"
	"encoding"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// checkRequests requires that the generated method of each operation sends the documented
// HTTP method, path, content type and query parameters.
func checkRequests(contract *openapi3.T) (found findings) {
	for _, op := range operations(contract) {
		if op.method.Type == nil {
			found.addf("generated/portfolios.gen.go: the generated method %s is missing: %s",
				methodName(op.OperationID), regenerate)
			continue
		}
		sent, want, err := op.tryRequest()
		if err != nil {
			found.addf(ofContract+"%s: %v: %s", op.OperationID, err, retype)
			continue
		}
		op.compareRequest(sent, want, &found)
	}
	return found
}

// recorder stores the request that it receives, and returns an empty response.
type recorder struct{ request *http.Request }

// Do implements the generated interface HttpRequestDoer.
func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	r.request = request
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Header: http.Header{}}, nil
}

// documentedRequest is a request that follows the contract.
type documentedRequest struct {
	path  string
	query map[string]string
}

// documented returns the documented request of the operation, with example values for its
// parameters.
func (o operation) documented() documentedRequest {
	want := documentedRequest{path: o.path, query: map[string]string{}}
	for _, parameter := range o.Parameters {
		switch parameter.Value.In {
		case openapi3.ParameterInPath:
			name := "{" + parameter.Value.Name + "}"
			want.path = strings.ReplaceAll(want.path, name, sampleID.String())
		case openapi3.ParameterInQuery:
			want.query[parameter.Value.Name] = sample(parameter.Value)
		}
	}
	return want
}

// tryRequest calls the generated method. It returns two requests: the one that the method
// has sent, and the documented one.
func (o operation) tryRequest() (*http.Request, documentedRequest, error) {
	want := o.documented()
	recorder := &recorder{}
	client, err := portfolios.NewClient("https://host", portfolios.WithHTTPClient(recorder))
	if err != nil {
		return nil, want, err
	}
	arguments := []reflect.Value{reflect.ValueOf(context.Background())}
	for _, argument := range o.arguments() {
		value := reflect.New(argument).Elem()
		if argument == reflect.TypeFor[uuid.UUID]() {
			value.Set(reflect.ValueOf(sampleID))
		} else if argument.Kind() == reflect.Pointer {
			query := reflect.New(argument.Elem())
			if err := fillQuery(query.Elem(), want.query); err != nil {
				return nil, want, err
			}
			value.Set(query)
		}
		arguments = append(arguments, value)
	}
	results := reflect.ValueOf(client).MethodByName(o.method.Name).Call(arguments)
	err, _ = reflect.TypeAssert[error](results[1])
	return recorder.request, want, err
}

func (o operation) compareRequest(sent *http.Request, want documentedRequest, found *findings) {
	if sent.Method != o.verb || sent.URL.Path != want.path {
		found.addf(ofContract+"%s: the generated method sends %s %s, but the contract documents %s %s: %s",
			o.OperationID, sent.Method, sent.URL.Path, o.verb, want.path, regenerate)
	}
	contentType := ""
	if o.RequestBody != nil {
		contentType = "application/json"
	}
	if got := sent.Header.Get("Content-Type"); got != contentType {
		found.addf(ofContract+"%s: the content type of the generated method is %q, "+
			"but the contract documents %q: %s",
			o.OperationID, got, contentType, regenerate)
	}
	var documented, got []string
	for name, value := range want.query {
		documented = append(documented, name+"="+value)
	}
	for name, values := range sent.URL.Query() {
		got = append(got, name+"="+strings.Join(values, " and "))
	}
	found.addSets(ofContract+o.OperationID+" query", documented, got, regenerate)
}

// sample returns the documented example of a query parameter. If there is no example, it
// returns the first enum value. If there is no enum either, it returns the maximum, or
// "7".
func sample(parameter *openapi3.Parameter) string {
	schema := parameter.Schema.Value
	switch {
	case parameter.Example != nil:
		return fmt.Sprint(parameter.Example)
	case len(schema.Enum) > 0:
		return fmt.Sprint(schema.Enum[0])
	case schema.Max != nil:
		return fmt.Sprint(*schema.Max)
	default:
		return "7"
	}
}

// fillQuery decodes the values of query parameters into the fields of a struct. The form
// tag of each field is the name of its parameter.
func fillQuery(query reflect.Value, values map[string]string) error {
	for _, field := range reflect.VisibleFields(query.Type()) {
		tag, _, _ := strings.Cut(field.Tag.Get("form"), ",")
		text, found := values[tag]
		if !found {
			continue
		}
		value := reflect.New(field.Type.Elem())
		if err := fill(value.Elem(), text); err != nil {
			return fmt.Errorf("the Go type of %s cannot hold %q: %w", tag, text, err)
		}
		query.FieldByIndex(field.Index).Set(value)
	}
	return nil
}

func fill(value reflect.Value, text string) error {
	if reader, ok := reflect.TypeAssert[encoding.TextUnmarshaler](value.Addr()); ok {
		return reader.UnmarshalText([]byte(text))
	}
	switch value.Kind() {
	case reflect.String:
		value.SetString(text)
	case reflect.Int, reflect.Int32, reflect.Int64:
		number, err := strconv.ParseInt(text, 10, value.Type().Bits())
		if err != nil {
			return err
		}
		value.SetInt(number)
	case reflect.Slice:
		for part := range strings.SplitSeq(text, ",") {
			item := reflect.New(value.Type().Elem()).Elem()
			if err := fill(item, part); err != nil {
				return err
			}
			value.Set(reflect.Append(value, item))
		}
	default:
		return fmt.Errorf("query parameters of type %s are not supported", value.Type())
	}
	return nil
}
