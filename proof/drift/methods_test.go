package drift_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"golang.org/x/oauth2"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// transport is a server without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// stub is a client whose server is the transport. It has a token, and never tries again.
func stub(server http.RoundTripper) (*upvest.Client, error) {
	return upvest.New(upvest.Credentials{
		BaseURL:      "http://127.0.0.1",
		ClientID:     sampleID,
		ClientSecret: "secret",
		KeyID:        "key",
		PrivateKey: ed25519.NewKeyFromSeed(
			make([]byte, ed25519.SeedSize),
		),
		Scopes: []string{"portfolios:admin"},
	}, upvest.WithHTTPClient(&http.Client{Transport: server}), withStaticToken(), upvest.WithoutRetry())
}

func withStaticToken() upvest.ClientOption {
	return upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"}))
}

// sampleID stands for every id of a path.
var sampleID = uuid.MustParse("f96eaefd-b4c6-477a-9bbe-c744bf26172f")

// wrapperMethod is a public method of the wrapper that carries out one operation.
type wrapperMethod struct{ service, name string }

func (m wrapperMethod) String() string { return m.service + "." + m.name }

// pathID returns the ID for the path of an operation whose response has this body: the client
// refuses a response about another resource.
func pathID(op operation, body []byte) uuid.UUID {
	var named struct {
		ID        uuid.UUID `json:"id"`
		AccountID uuid.UUID `json:"account_id"`
	}
	if json.Unmarshal(body, &named) != nil {
		return sampleID
	}
	id := named.ID
	if strings.Contains(op.path, "{account_id}") {
		id = named.AccountID
	}
	if id == uuid.Nil {
		return sampleID
	}
	return id
}

// documentedID returns the ID for the path of an operation that receives a documented example.
func documentedID(op operation) uuid.UUID {
	response := op.Responses.Value("200")
	if response == nil {
		return sampleID
	}
	documented := bodies(response.Value.Content["application/json"])
	if len(documented) == 0 {
		return sampleID
	}
	body, err := json.Marshal(documented[sorted(documented)[0]])
	if err != nil {
		return sampleID
	}
	return pathID(op, body)
}

// call calls the method with an ID for its path, and the documented examples. The value is nil
// for a method that returns an error alone.
func (m wrapperMethod) call(
	ctx context.Context, client *upvest.Client, id uuid.UUID, examples map[reflect.Type]any,
	options ...upvest.CallOption,
) (any, error) {
	method := reflect.ValueOf(client).Elem().FieldByName(m.service).MethodByName(m.name)
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < method.Type().NumIn()-1; i++ {
		argument := reflect.New(method.Type().In(i)).Elem()
		if argument.Type() == reflect.TypeFor[uuid.UUID]() {
			argument.Set(reflect.ValueOf(id))
		} else if example, found := examples[argument.Type()]; found {
			text, err := json.Marshal(example)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(text, argument.Addr().Interface()); err != nil {
				return nil, err
			}
		}
		arguments = append(arguments, argument)
	}
	for _, option := range options {
		arguments = append(arguments, reflect.ValueOf(option))
	}
	results := method.Call(arguments)
	err, _ := results[len(results)-1].Interface().(error)
	if len(results) == 1 || err != nil {
		return nil, err
	}
	return results[0].Interface(), nil
}

// requestExamples are the first documented request bodies, by the Go type that holds
// them.
func requestExamples(contract *openapi3.T) map[reflect.Type]any {
	examples := map[reflect.Type]any{}
	for _, op := range operations(contract) {
		request := op.requestBody()
		if request == nil {
			continue
		}
		if documented := bodies(request.media); len(documented) > 0 {
			examples[request.goType] = documented[sorted(documented)[0]]
		}
	}
	return examples
}

// wrapperMethods finds the method for each operation, by calling all and looking at what
// they send. Methods that are built of others, with a function or an iterator in their
// signature, are left out.
func wrapperMethods(contract *openapi3.T) (methods map[string]wrapperMethod, findings []string) {
	methods, examples := map[string]wrapperMethod{}, requestExamples(contract)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[upvest.Client]()) {
		if !field.IsExported() {
			continue
		}
		for i := range field.Type.NumMethod() {
			method := field.Type.Method(i)
			if !isOneCall(method.Type) {
				continue
			}
			m := wrapperMethod{service: field.Name, name: method.Name}
			var sent *http.Request
			client, err := stub(transport(func(request *http.Request) (*http.Response, error) {
				sent = request
				return &http.Response{
					StatusCode: http.StatusNoContent,
					Body:       http.NoBody,
					Header:     http.Header{},
				}, nil
			}))
			if err != nil {
				return nil, []string{err.Error()}
			}
			if _, err := m.call(context.Background(), client, sampleID, examples); sent == nil {
				findings = append(findings, fmt.Sprintf("%s sends nothing: %v", m, err))
				continue
			}
			op := slices.IndexFunc(operations(contract), func(op operation) bool {
				path := "^" + regexp.MustCompile(`\{\w+\}`).ReplaceAllString(op.path, sampleID.String()) + "$"
				return op.verb == sent.Method && regexp.MustCompile(path).MatchString(sent.URL.Path)
			})
			if op < 0 {
				findings = append(
					findings,
					fmt.Sprintf("%s sends %s %s, which is no operation", m, sent.Method, sent.URL.Path),
				)
				continue
			}
			id := operations(contract)[op].OperationID
			if other, found := methods[id]; found {
				findings = append(findings, fmt.Sprintf("%s and %s are both for %s", m, other, id))
			}
			methods[id] = m
		}
	}
	return methods, findings
}

// resultTypes are the types that the wrapper's methods return, by operation. A method
// that returns an error alone has none.
func resultTypes(contract *openapi3.T) map[string]reflect.Type {
	results := map[string]reflect.Type{}
	methods, _ := wrapperMethods(contract) // checkWrapper reports the findings
	for id, method := range methods {
		service, _ := reflect.TypeFor[upvest.Client]().FieldByName(method.service)
		function, _ := service.Type.MethodByName(method.name)
		if function.Type.NumOut() > 1 {
			results[id] = function.Type.Out(0).Elem()
		}
	}
	return results
}

func isOneCall(method reflect.Type) bool {
	last := method.NumIn() - 1
	if !method.IsVariadic() || method.In(last) != reflect.TypeFor[[]upvest.CallOption]() ||
		method.Out(0).Kind() == reflect.Func {
		return false
	}
	for i := range last {
		if method.In(i).Kind() == reflect.Func {
			return false
		}
	}
	return true
}

// checkWrapper: each operation has one public method, and each public method an
// operation.
func checkWrapper(contract *openapi3.T) []string {
	methods, findings := wrapperMethods(contract)
	for _, op := range operations(contract) {
		if _, found := methods[op.OperationID]; !found {
			findings = append(
				findings,
				op.OperationID+": there is no method of the wrapper that sends "+op.verb+" "+strings.TrimSpace(
					op.path,
				),
			)
		}
	}
	return findings
}
