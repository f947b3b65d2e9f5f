package drift_test

import (
	"cmp"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

const (
	contractFile  = "../../openapi.yaml"
	generatedFile = "../../generated/portfolios.gen.go"
)

func readContract(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(contractFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parse(t *testing.T, text string) *openapi3.T {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return contract
}

// operation is an operation in the contract, with its generated method.
type operation struct {
	*openapi3.Operation
	path   string
	verb   string
	item   *openapi3.PathItem
	method reflect.Method // of ClientInterface; the zero value if there is no method
}

func operations(contract *openapi3.T) []operation {
	var list []operation
	for path, item := range contract.Paths.Map() {
		for verb, op := range item.Operations() {
			name := methodName(op.OperationID)
			method, _ := reflect.TypeFor[portfolios.ClientInterface]().MethodByName(name)
			list = append(list, operation{Operation: op, path: path, verb: verb, item: item, method: method})
		}
	}
	slices.SortFunc(list, func(a, b operation) int { return cmp.Compare(a.path+a.verb, b.path+b.verb) })
	return list
}

func operationIDs(contract *openapi3.T) []string {
	var ids []string
	for _, op := range operations(contract) {
		ids = append(ids, op.OperationID)
	}
	return ids
}

// methodName returns the name of the generated method for an operationId.
func methodName(operationID string) string {
	var name strings.Builder
	for word := range strings.SplitSeq(operationID, "_") {
		if word != "" {
			name.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return name.String()
}

// arguments returns the types of the generated method's arguments: ids, query parameters
// and body. It omits the context and the request editors.
func (o operation) arguments() []reflect.Type {
	var list []reflect.Type
	if o.method.Type != nil {
		for i := 1; i < o.method.Type.NumIn()-1; i++ {
			list = append(list, o.method.Type.In(i))
		}
	}
	return list
}

// queryType returns the struct type of the query parameters, or nil if the generated
// method has no query parameters.
func (o operation) queryType() reflect.Type {
	for _, argument := range o.arguments() {
		if argument.Kind() == reflect.Pointer {
			return argument.Elem()
		}
	}
	return nil
}

// documentedBody is a request or response body in the contract, with its Go type.
type documentedBody struct {
	name    string
	request bool
	media   *openapi3.MediaType
	goType  reflect.Type // nil if the body has no Go type
}

// requestBody returns the request body, or nil if the operation has none.
func (o operation) requestBody() *documentedBody {
	if o.RequestBody == nil {
		return nil
	}
	p := &documentedBody{
		name:    o.OperationID + " request",
		request: true,
		media:   o.RequestBody.Value.Content["application/json"],
	}
	for _, argument := range o.arguments() {
		if argument.Kind() == reflect.Struct {
			p.goType = argument
		}
	}
	return p
}

// documentedBodies returns the request and response bodies of the operation. The argument
// `results` contains the result types of the wrapper's methods.
func (o operation) documentedBodies(results map[string]reflect.Type) []documentedBody {
	var list []documentedBody
	if request := o.requestBody(); request != nil {
		list = append(list, *request)
	}
	for _, status := range sorted(o.Responses.Map()) {
		goType := reflect.TypeFor[portfolios.Problem]()
		if strings.HasPrefix(status, "2") {
			goType = results[o.OperationID]
		}
		for _, media := range o.Responses.Value(status).Value.Content {
			list = append(list, documentedBody{
				name: o.OperationID + " " + status, media: media, goType: goType,
			})
		}
	}
	return list
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
