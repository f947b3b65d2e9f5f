package drift_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/getkin/kin-openapi/openapi3"
)

// compatibleChanges returns the compatible changes to the response with the given status.
// The keys of the map are the names of the examples to which the changes apply.
func compatibleChanges(op operation, status string) map[string][]change {
	number, err := strconv.Atoi(status)
	if err != nil {
		// The status is "default". The default response applies to status 426, because
		// the contract does not document this status.
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
		body := response{
			status: number + 1,
			header: http.Header{"Upvest-Request-Id": {"a-request"}},
			body:   []byte(`{"new": 1}`),
		}
		changes[""] = []change{
			{name: "no change", response: response{
				status: number,
				header: http.Header{"Upvest-Request-Id": {"a-request"}},
			}},
			{name: "a body", response: body},
		}
	}
	for name, list := range changes {
		changes[name] = slices.Concat(list, headerChanges(list[0]), statusChanges(list[0], number))
	}
	return changes
}

// headerChanges returns a copy of the given change, with additional headers in the
// response.
func headerChanges(first change) []change {
	more := http.Header{
		"X-New": {"1"}, "Deprecation": {"@1688169599"}, "Retry-After": {"soon"},
		"Link": {"<next>; rel=next"},
	}
	changed := first
	changed.name = "new headers"
	maps.Copy(more, first.response.header)
	changed.response.header = more
	return []change{changed}
}

// statusChanges returns copies of the given change, one for each success status that
// allows a body. If the argument `status`, which is the documented status, is not a
// success status, statusChanges returns no changes.
func statusChanges(first change, status int) []change {
	var list []change
	for other := http.StatusOK; other < 300 && status < 300; other++ {
		if other == http.StatusNoContent || other == http.StatusResetContent {
			continue
		}
		changed := first
		changed.name = "status " + strconv.Itoa(other)
		changed.response.status = other
		list = append(list, changed)
	}
	return list
}

// fullProblem returns an example of a problem in which all optional string fields are
// set.
func fullProblem(schema *openapi3.Schema, example any) any {
	for name, property := range schema.Properties {
		if !slices.Contains(schema.Required, name) && property.Value.Type.Is("string") {
			example = with(example, []any{name}, "some "+name)
		}
	}
	return example
}

// newFields contains a value of each JSON type. The compatible changes add fields with
// these values.
var newFields = []any{"text", 1.5, true, nil, []any{map[string]any{}}, map[string]any{"id": 1.0}}

func bodyChanges(
	status int, header http.Header, schema *openapi3.Schema, example any,
) []change {
	var changes []change
	add := func(name string, body, want any) {
		text, err := json.Marshal(body)
		if err != nil {
			name += ": " + err.Error()
		}
		changes = append(changes, change{
			name: name, response: response{status: status, header: header, body: text}, want: want,
		})
	}
	add("no change", example, example)
	everything := example
	for _, part := range valuesIn(schema, example, nil) {
		where := "the body"
		if len(part.path) > 0 {
			where = fmt.Sprint(part.path)
		}
		if len(part.schema.Enum) > 0 {
			changed := with(example, part.path, "A_NEW_VALUE")
			add("a new value at "+where, changed, changed)
		}
		object, ok := part.value.(map[string]any)
		if !ok {
			continue
		}
		isOpen := part.schema.AdditionalProperties.Has
		for i, value := range newFields {
			path := slices.Concat(part.path, []any{"new_member_" + strconv.Itoa(i)})
			changed := with(example, path, value)
			if isOpen != nil && *isOpen {
				add("a new field in "+where, changed, changed)
				continue
			}
			add("a new field in "+where, changed, example)
			everything = with(everything, path, value)
		}
		for name := range object {
			if !slices.Contains(part.schema.Required, name) {
				changed := with(example, slices.Concat(part.path, []any{name}), missing{})
				add("without the field "+name+" in "+where, changed, changed)
			}
		}
	}
	add("all new fields at once", everything, example)
	return changes
}

// exampleValue is a value in an example, with its schema and its path.
type exampleValue struct {
	schema *openapi3.Schema
	value  any
	path   []any
}

func valuesIn(schema *openapi3.Schema, value any, path []any) []exampleValue {
	parts := []exampleValue{{schema: schema, value: value, path: path}}
	switch value := value.(type) {
	case map[string]any:
		for name, property := range schema.Properties {
			if field, found := value[name]; found {
				inside := slices.Concat(path, []any{name})
				parts = append(parts, valuesIn(property.Value, field, inside)...)
			}
		}
	case []any:
		for i, item := range value {
			inside := slices.Concat(path, []any{i})
			parts = append(parts, valuesIn(schema.Items.Value, item, inside)...)
		}
	}
	return parts
}

type missing struct{}

// with returns a copy of `value` in which `other` replaces the value at the path. If
// `other` is missing{}, the copy has no value at the path.
func with(value any, path []any, other any) any {
	if len(path) == 0 {
		return other
	}
	switch value := value.(type) {
	case map[string]any:
		name, _ := path[0].(string)
		copied := maps.Clone(value)
		copied[name] = with(value[name], path[1:], other)
		if copied[name] == (missing{}) {
			delete(copied, name)
		}
		return copied
	case []any:
		i, _ := path[0].(int)
		copied := slices.Clone(value)
		copied[i] = with(value[i], path[1:], other)
		return copied
	}
	return value
}
