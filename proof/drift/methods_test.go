package drift_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
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

// transport acts as a server in the same process, so that requests need no network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

// stub returns a client that sends its requests to the given transport. The client
// already has a token and does not retry.
func stub(server http.RoundTripper) (*upvest.Client, error) {
	return upvest.New(upvest.Credentials{
		BaseURL: "http://127.0.0.1", ClientID: sampleID, ClientSecret: "secret", KeyID: "key",
		PrivateKey: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
		Scopes:     []string{"portfolios:admin"},
	}, upvest.WithHTTPClient(&http.Client{Transport: server}), withStaticToken(), upvest.WithoutRetry())
}

func withStaticToken() upvest.ClientOption {
	return upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"}))
}

// sampleID is the id that the tests use for path parameters.
var sampleID = uuid.MustParse("f96eaefd-b4c6-477a-9bbe-c744bf26172f")

// wrapperMethod is a public method of the wrapper that calls one operation.
type wrapperMethod struct {
	service string
	name    string
}

func (m wrapperMethod) String() string { return m.service + "." + m.name }

// call calls the method with the given id in the path, a documented example as the
// request body, and the given options. If the method returns only an error, the first
// result of call is nil.
func (m wrapperMethod) call(
	ctx context.Context, client *upvest.Client, id uuid.UUID, examples map[reflect.Type]any,
	options ...upvest.CallOption,
) (any, error) {
	method := reflect.ValueOf(client).Elem().FieldByName(m.service).MethodByName(m.name)
	arguments := []reflect.Value{reflect.ValueOf(ctx)}
	for i := 1; i < method.Type().NumIn()-1; i++ {
		argument := reflect.New(method.Type().In(i))
		if argument.Type() == reflect.TypeFor[*uuid.UUID]() {
			argument.Elem().Set(reflect.ValueOf(id))
		} else if example, found := examples[argument.Type().Elem()]; found {
			text, err := json.Marshal(example)
			if err != nil {
				return nil, err
			}
			if err := json.Unmarshal(text, argument.Interface()); err != nil {
				return nil, err
			}
		}
		arguments = append(arguments, argument.Elem())
	}
	for _, option := range options {
		arguments = append(arguments, reflect.ValueOf(option))
	}
	results := method.Call(arguments)
	err, _ := reflect.TypeAssert[error](results[len(results)-1])
	if len(results) == 1 || err != nil {
		return nil, err
	}
	return results[0].Interface(), nil
}

// pathID returns the id to use in the path of a call. It takes the id from the body of
// the planned response, because the client refuses a response whose id differs from the
// id in the path.
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

// documentedID returns the id in the first documented example of the operation's
// response, or sampleID if there is no example. Prism returns this example, and the
// client refuses a response whose id differs from the id in the path.
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

// requestExamples returns the first documented example of each request body, by Go type.
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

// wrapperMethods returns the wrapper's method for each operation. To find these methods,
// it calls all service methods that take call options, and compares their requests with
// the contract. It skips methods that take a function or return an iterator, because such
// methods call other methods.
func wrapperMethods(contract *openapi3.T) (methods map[string]wrapperMethod, found findings) {
	methods = map[string]wrapperMethod{}
	examples := requestExamples(contract)
	documented := operations(contract)
	for _, field := range reflect.VisibleFields(reflect.TypeFor[upvest.Client]()) {
		if !field.IsExported() {
			continue
		}
		for method := range field.Type.Methods() {
			if !callsOneOperation(method.Type) {
				continue
			}
			m := wrapperMethod{service: field.Name, name: method.Name}
			sent, err := m.request(examples)
			if err != nil {
				found.addf(ofWrapper+"%s sends no request: %v: make the method accept the documented example",
					m, err)
				continue
			}
			at := slices.IndexFunc(documented, func(op operation) bool { return op.fits(sent) })
			if at < 0 {
				found.addf(ofWrapper+"%s sends %s %s, which openapi.yaml does not contain: "+
					"correct the method or openapi.yaml",
					m, sent.Method, sent.URL.Path)
				continue
			}
			id := documented[at].OperationID
			if other, twice := methods[id]; twice {
				found.addf(ofWrapper+"%s and %s both call %s: remove one of the methods", m, other, id)
			}
			methods[id] = m
		}
	}
	return methods, found
}

// request returns the request that the method sends when its arguments are the documented
// examples.
func (m wrapperMethod) request(examples map[reflect.Type]any) (*http.Request, error) {
	var sent *http.Request
	client, err := stub(transport(func(request *http.Request) (*http.Response, error) {
		sent = request
		return &http.Response{
			StatusCode: http.StatusNoContent, Body: http.NoBody, Header: http.Header{},
		}, nil
	}))
	if err != nil {
		return nil, err
	}
	_, err = m.call(context.Background(), client, sampleID, examples)
	if sent == nil {
		return nil, err
	}
	return sent, nil
}

var pathParameter = regexp.MustCompile(`\{\w+\}`)

// fits reports whether a request is for the operation.
func (o operation) fits(request *http.Request) bool {
	path := pathParameter.ReplaceAllString(o.path, sampleID.String())
	return o.verb == request.Method && path == request.URL.Path
}

// resultTypes returns the result type of the wrapper's method for each operation. It
// omits the operations whose method returns only an error.
func resultTypes(contract *openapi3.T) map[string]reflect.Type {
	results := map[string]reflect.Type{}
	methods, _ := wrapperMethods(contract) // checkWrapper reports the discarded findings
	for id, method := range methods {
		service, _ := reflect.TypeFor[upvest.Client]().FieldByName(method.service)
		function, _ := service.Type.MethodByName(method.name)
		if function.Type.NumOut() > 1 {
			results[id] = function.Type.Out(0).Elem()
		}
	}
	return results
}

func callsOneOperation(method reflect.Type) bool {
	last := method.NumIn() - 1
	takesOptions := method.IsVariadic() && method.In(last) == reflect.TypeFor[[]upvest.CallOption]()
	if !takesOptions || method.Out(0).Kind() == reflect.Func {
		return false
	}
	for i := range last {
		if method.In(i).Kind() == reflect.Func {
			return false
		}
	}
	return true
}

const ofWrapper = "wrapper: "

// methodRemedy returns the remedy for an operation without a method.
func methodRemedy(op operation) string {
	return "add a method that sends " + op.verb + " " + op.path + " to a service in wrapper/"
}

// checkWrapper requires exactly one public method for each operation.
func checkWrapper(contract *openapi3.T) findings {
	methods, found := wrapperMethods(contract)
	for _, op := range operations(contract) {
		if _, known := methods[op.OperationID]; !known {
			found.addf(ofWrapper+"%s has no method: %s", op.OperationID, methodRemedy(op))
		}
	}
	return found
}
