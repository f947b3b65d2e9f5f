package drift_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// answer is what a server sends.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// caller carries out an operation on a server that gives the answer, and returns what a caller learns from it, as a value to be encoded as
// JSON: the resource, or the problem with all its members.
type caller func(op operation, a answer) (any, error)

// publicMethods calls the methods of the wrapper.
func publicMethods(contract *openapi3.T) caller {
	methods, _ := wrapperMethods(contract)
	examples := requestExamples(contract)
	var next answer
	client, errClient := stub(transport(func(request *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: next.status, Header: next.header, Request: request,
			Body: io.NopCloser(bytes.NewReader(next.body)), ContentLength: int64(len(next.body)),
		}, nil
	}))
	return func(op operation, a answer) (any, error) {
		if errClient != nil {
			return nil, errClient
		}
		next = a
		value, err := methods[op.OperationID].call(context.Background(), client, examples)
		var failure *upvest.Error
		if a.status < 300 || !errors.As(err, &failure) || failure.Err != nil {
			return value, err
		}
		problem := map[string]any{"status": failure.Status}
		for name, text := range map[string]string{
			"type": failure.Type, "title": failure.Title, "detail": failure.Detail,
			"instance": failure.Instance, "request_id": failure.RequestID,
		} {
			if text != "" {
				problem[name] = text
			}
		}
		for name, member := range failure.Members {
			problem[name] = member
		}
		return problem, nil
	}
}

// change is an answer that differs from a documented one in a way that the policy calls compatible, and what a caller has to learn.
type change struct {
	name   string
	answer answer
	want   any
}

// checkCompatibility makes every compatible change to every documented answer, and reports where a caller no longer learns all that it
// knew before.
func checkCompatibility(contract *openapi3.T, call caller) []string {
	var findings []string
	for _, op := range operations(contract) {
		for _, status := range sorted(op.Responses.Map()) {
			for name, changes := range compatibleChanges(op, status) {
				for _, change := range changes {
					for _, problem := range change.try(op, call) {
						place := strings.TrimSpace(op.OperationID + " " + status + " " + name)
						if oddities[place+" "+problem.pointer] == "" {
							findings = append(findings, fmt.Sprintf("%s, %s: %s %s", place, change.name, problem.pointer, problem.text))
						}
					}
				}
			}
		}
	}
	return findings
}

func (c change) try(op operation, call caller) []problem {
	value, err := call(op, c.answer)
	if err != nil {
		return []problem{{"", err.Error()}}
	}
	text, err := json.Marshal(value)
	if err != nil {
		return []problem{{"", err.Error()}}
	}
	var got any
	if err := json.Unmarshal(text, &got); err != nil {
		return []problem{{"", err.Error()}}
	}
	return differences("", c.want, got)
}

// compatibleChanges are the changes to the answer of one status, by the name of the example that they start from.
func compatibleChanges(op operation, status string) map[string][]change {
	number, err := strconv.Atoi(status)
	if err != nil {
		number = http.StatusUpgradeRequired
	}
	changes := map[string][]change{}
	for kind, media := range op.Responses.Value(status).Value.Content {
		header := http.Header{"Content-Type": {kind}}
		for name, example := range bodies(media) {
			if number >= http.StatusBadRequest {
				example = fullProblem(media.Schema.Value, example)
			}
			changes[name] = bodyChanges(number, header, media.Schema.Value, example)
		}
	}
	if len(changes) == 0 {
		body := answer{number + 1, http.Header{"Upvest-Request-Id": {"a-request"}}, []byte(`{"new": 1}`)}
		changes[""] = []change{{"nothing", answer{status: number}, nil}, {"a body", body, nil}}
	}
	for name, list := range changes {
		first := list[0]
		more := http.Header{"X-New": {"1"}, "Deprecation": {"@1688169599"}, "Retry-After": {"soon"}, "Link": {"<next>; rel=next"}}
		maps.Copy(more, first.answer.header)
		list = append(list, change{"new headers", answer{number, more, first.answer.body}, first.want})
		for other := 200; other < 300 && number < 300; other++ {
			if other != http.StatusNoContent && other != http.StatusResetContent {
				list = append(list, change{"status " + strconv.Itoa(other), answer{other, first.answer.header, first.answer.body}, first.want})
			}
		}
		changes[name] = list
	}
	return changes
}

// fullProblem adds the optional members that the documented problems leave out.
func fullProblem(schema *openapi3.Schema, example any) any {
	for name, property := range schema.Properties {
		if !slices.Contains(schema.Required, name) && property.Value.Type.Is("string") {
			example = with(example, []any{name}, "some "+name)
		}
	}
	return example
}

func bodyChanges(status int, header http.Header, schema *openapi3.Schema, example any) []change {
	var changes []change
	add := func(name string, body, want any) {
		text, err := json.Marshal(body)
		if err != nil {
			name += ": " + err.Error()
		}
		changes = append(changes, change{name, answer{status, header, text}, want})
	}
	add("nothing", example, example)
	everything := example
	for _, place := range placesIn(schema, example, nil) {
		where := fmt.Sprint(place.path)
		if len(place.schema.Enum) > 0 {
			changed := with(example, place.path, "A_NEW_VALUE")
			add("a new value at "+where, changed, changed)
		}
		object, ok := place.value.(map[string]any)
		if !ok {
			continue
		}
		for i, value := range []any{"text", 1.5, true, nil, []any{map[string]any{}}, map[string]any{"id": 1.0}} {
			name := "new_member_" + strconv.Itoa(i)
			changed, want := with(example, slices.Concat(place.path, []any{name}), value), example
			if open := place.schema.AdditionalProperties.Has; open != nil && *open {
				want = changed
			} else {
				everything = with(everything, slices.Concat(place.path, []any{name}), value)
			}
			add("a new field in "+where, changed, want)
		}
		for name := range object {
			if !slices.Contains(place.schema.Required, name) {
				changed := with(example, slices.Concat(place.path, []any{name}), missing{})
				add("without "+name+" in "+where, changed, changed)
			}
		}
	}
	add("all new fields at once", everything, example)
	return changes
}

// placeIn is a value in an example, with its schema and the way to it.
type placeIn struct {
	schema *openapi3.Schema
	value  any
	path   []any
}

func placesIn(schema *openapi3.Schema, value any, path []any) []placeIn {
	places := []placeIn{{schema, value, path}}
	switch value := value.(type) {
	case map[string]any:
		for name, property := range schema.Properties {
			if member, found := value[name]; found {
				places = append(places, placesIn(property.Value, member, slices.Concat(path, []any{name}))...)
			}
		}
	case []any:
		for i, item := range value {
			places = append(places, placesIn(schema.Items.Value, item, slices.Concat(path, []any{i}))...)
		}
	}
	return places
}

type missing struct{}

// with returns a copy in which the value at the end of the path is another, or is missing.
func with(value any, path []any, other any) any {
	if len(path) == 0 {
		return other
	}
	switch value := value.(type) {
	case map[string]any:
		copied, name := maps.Clone(value), path[0].(string)
		copied[name] = with(value[name], path[1:], other)
		if copied[name] == (missing{}) {
			delete(copied, name)
		}
		return copied
	case []any:
		copied, i := slices.Clone(value), path[0].(int)
		copied[i] = with(value[i], path[1:], other)
		return copied
	}
	return value
}

func TestCompatibleChangesAreSurvived(t *testing.T) {
	t.Parallel()
	contract := parse(t, readContract(t))
	for _, finding := range checkCompatibility(contract, publicMethods(contract)) {
		t.Error(finding)
	}
}
