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

// compatibleChanges returns the changes to the response with one status, by the name of
// the example that they change.
func compatibleChanges(op operation, status string) map[string][]change {
	number, err := strconv.Atoi(status)
	if err != nil {
		number = http.StatusUpgradeRequired // for the default
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
			{name: "nothing", response: response{
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

// headerChanges returns the first change with further headers.
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

// statusChanges returns the first change with every other status of success that can have
// its body.
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

// fullProblem adds the optional fields that the documented problems leave out.
func fullProblem(schema *openapi3.Schema, example any) any {
	for name, property := range schema.Properties {
		if !slices.Contains(schema.Required, name) && property.Value.Type.Is("string") {
			example = with(example, []any{name}, "some "+name)
		}
	}
	return example
}

// newFields are values of fields that the contract does not have.
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
		isOpen := place.schema.AdditionalProperties.Has
		for i, value := range newFields {
			path := slices.Concat(place.path, []any{"new_member_" + strconv.Itoa(i)})
			changed := with(example, path, value)
			if isOpen != nil && *isOpen {
				add("a new field in "+where, changed, changed)
				continue
			}
			add("a new field in "+where, changed, example)
			everything = with(everything, path, value)
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

// placeIn is a value in an example, with its schema and its path.
type placeIn struct {
	schema *openapi3.Schema
	value  any
	path   []any
}

func placesIn(schema *openapi3.Schema, value any, path []any) []placeIn {
	places := []placeIn{{schema: schema, value: value, path: path}}
	switch value := value.(type) {
	case map[string]any:
		for name, property := range schema.Properties {
			if field, found := value[name]; found {
				inside := slices.Concat(path, []any{name})
				places = append(places, placesIn(property.Value, field, inside)...)
			}
		}
	case []any:
		for i, item := range value {
			inside := slices.Concat(path, []any{i})
			places = append(places, placesIn(schema.Items.Value, item, inside)...)
		}
	}
	return places
}

type missing struct{}

// with returns a copy in which the value at the end of the path is replaced, or removed.
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
