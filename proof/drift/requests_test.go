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

// checkRequests: each operation has a generated method that sends its method, its path
// with the ids in place, its content type, and each query parameter as documented.
func checkRequests(contract *openapi3.T) []string {
	var findings []string
	for _, op := range operations(contract) {
		for _, problem := range op.tryRequest() {
			findings = append(findings, op.OperationID+": "+problem)
		}
	}
	return findings
}

// recorder keeps the request and answers with nothing.
type recorder struct{ request *http.Request }

func (r *recorder) Do(request *http.Request) (*http.Response, error) {
	r.request = request
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Header: http.Header{}}, nil
}

func (o operation) tryRequest() []string {
	if o.method.Type == nil {
		return []string{"there is no generated method " + methodName(o.OperationID)}
	}
	recorder := &recorder{}
	client, err := portfolios.NewClient("https://host", portfolios.WithHTTPClient(recorder))
	if err != nil {
		return []string{err.Error()}
	}
	path, want := o.path, map[string]string{}
	id := uuid.MustParse("f96eaefd-b4c6-477a-9bbe-c744bf26172f")
	for _, parameter := range o.Parameters {
		switch parameter.Value.In {
		case openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+parameter.Value.Name+"}", id.String())
		case openapi3.ParameterInQuery:
			want[parameter.Value.Name] = sample(parameter.Value)
		}
	}
	arguments := []reflect.Value{reflect.ValueOf(context.Background())}
	for _, argument := range o.arguments() {
		value := reflect.New(argument).Elem()
		if argument == reflect.TypeFor[uuid.UUID]() {
			value.Set(reflect.ValueOf(id))
		} else if argument.Kind() == reflect.Pointer {
			query := reflect.New(argument.Elem())
			if err := fillQuery(query.Elem(), want); err != nil {
				return []string{err.Error()}
			}
			value.Set(query)
		}
		arguments = append(arguments, value)
	}
	results := reflect.ValueOf(client).MethodByName(o.method.Name).Call(arguments)
	if err, failed := results[1].Interface().(error); failed {
		return []string{err.Error()}
	}
	return o.compareRequest(recorder.request, path, want)
}

func (o operation) compareRequest(sent *http.Request, path string, query map[string]string) []string {
	var problems []string
	if sent.Method != o.verb || sent.URL.Path != path {
		problems = append(
			problems,
			fmt.Sprintf("sends %s %s, documented is %s %s", sent.Method, sent.URL.Path, o.verb, path),
		)
	}
	contentType := ""
	if o.RequestBody != nil {
		contentType = "application/json"
	}
	if got := sent.Header.Get("Content-Type"); got != contentType {
		problems = append(
			problems,
			fmt.Sprintf("sends the content type %q, documented is %q", got, contentType),
		)
	}
	var want, got []string
	for name, value := range query {
		want = append(want, name+"="+value)
	}
	for name, values := range sent.URL.Query() {
		got = append(got, name+"="+strings.Join(values, " and "))
	}
	return append(problems, compareSets("query", want, got)...)
}

// sample is the documented example of a query parameter, or a value that its schema
// allows.
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

// fillQuery sets the fields of a struct of query parameters from text, by their form
// tags.
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
	if reader, ok := value.Addr().Interface().(encoding.TextUnmarshaler); ok {
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
		return fmt.Errorf("%s is a type that no query parameter is expected to have", value.Type())
	}
	return nil
}
