package drift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// response is an HTTP response that a test server sends.
type response struct {
	status int
	header http.Header
	body   []byte
}

// caller calls an operation on a server that sends the given response. It returns the
// result as a value that can be encoded as JSON: the resource, or the problem with all
// its fields.
type caller func(op operation, r response) (any, error)

// publicMethods returns a caller that calls the public methods of the wrapper.
func publicMethods(contract *openapi3.T) caller {
	methods, _ := wrapperMethods(contract)
	examples := requestExamples(contract)
	var next response
	client, errClient := stub(transport(func(request *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: next.status, Header: next.header, Request: request,
			Body: io.NopCloser(bytes.NewReader(next.body)), ContentLength: int64(len(next.body)),
		}, nil
	}))
	return func(op operation, r response) (any, error) {
		method, found := methods[op.OperationID]
		if errClient != nil || !found {
			return nil, errors.Join(errClient, errNoMethod)
		}
		next = r
		value, err := method.call(context.Background(), client, pathID(op, r.body), examples)
		var failure *upvest.Error
		if r.status < 300 || !errors.As(err, &failure) || failure.Err != nil {
			return value, err
		}
		return problemOf(failure), nil
	}
}

// problemOf returns all fields of the problem that an error contains.
func problemOf(failure *upvest.Error) map[string]any {
	fields := map[string]any{"status": failure.Status}
	for name, text := range map[string]string{
		"type": failure.Type, "title": failure.Title, "detail": failure.Detail,
		"instance": failure.Instance, "request_id": failure.RequestID,
	} {
		if text != "" {
			fields[name] = text
		}
	}
	for name, value := range failure.Members {
		fields[name] = value
	}
	return fields
}

// checkCompatibility applies the changes that compatibleChanges returns to every
// documented response. It reports each call that fails or loses information because of a
// change.
func checkCompatibility(contract *openapi3.T, call caller) []string {
	var findings []string
	for _, op := range operations(contract) {
		for _, status := range sorted(op.Responses.Map()) {
			for name, changes := range compatibleChanges(op, status) {
				where := strings.TrimSpace(op.OperationID + " " + status + " " + name)
				for _, change := range changes {
					findings = append(findings, change.try(op, call, where)...)
				}
			}
		}
	}
	return findings
}

// change is a compatible change to a documented response. It contains the changed
// response, and the result that a call must return for this response.
type change struct {
	name     string
	response response
	want     any
}

func (c change) try(op operation, call caller, where string) []string {
	got, err := c.report(op, call)
	if errors.Is(err, errNoMethod) {
		return nil // checkWrapper reports the missing method
	}
	if err != nil {
		return []string{fmt.Sprintf("%s, %s: the call failed: %v", where, c.name, err)}
	}
	var findings []string
	for _, problem := range differences("", c.want, got) {
		if knownDeviations[where+" "+problem.pointer] == "" {
			findings = append(findings,
				fmt.Sprintf("%s, %s: %s: %s", where, c.name, problem.pointer, problem.text))
		}
	}
	return findings
}

// report makes the call and returns its result as decoded JSON.
func (c change) report(op operation, call caller) (any, error) {
	value, err := call(op, c.response)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var got any
	err = json.Unmarshal(text, &got)
	return got, err
}

// TestClientToleratesCompatibleChanges requires that the client accepts the changes that
// checkCompatibility applies, and loses no information because of them.
func TestClientToleratesCompatibleChanges(t *testing.T) {
	t.Parallel()
	contract := parse(t, readContract(t))
	for _, finding := range checkCompatibility(contract, publicMethods(contract)) {
		t.Error(finding)
	}
}
