package openapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
)

// checkJSON refuses a body of which two readers can see two things: a member twice, invalid UTF-8, half of a surrogate pair.
func checkJSON(body []byte) *answer.Problem {
	err := json.Unmarshal(body, new(jsontext.Value))
	var wrong *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &wrong):
		field := strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
		return answer.Refuse(http.StatusBadRequest, "body field %.100s is there twice", field)
	case errors.As(err, &wrong):
		return answer.Refuse(http.StatusBadRequest, "the body is not one valid JSON value in UTF-8, see byte %d", wrong.ByteOffset)
	default:
		return answer.Refuse(http.StatusBadRequest, "the body is not one valid JSON value")
	}
}

// Documented returns the body with the members that openapi.yaml names and no others, for readers that are less exact about names than
// the check was: encoding/json takes "Side" for "side".
func (r Request) Documented() ([]byte, error) {
	if r.Route.IsToken() || r.Route.contract.Operation.RequestBody == nil {
		return r.Body, nil
	}
	media := r.Route.contract.Operation.RequestBody.Value.Content.Get(answer.JSON)
	return documented(r.Body, openapi3.SchemaRefs{media.Schema})
}

// documented goes by all the schemas that may describe the value: alternatives are told apart by what they require.
func documented(value jsontext.Value, schemas openapi3.SchemaRefs) (jsontext.Value, error) {
	schemas = alternativesOf(schemas)
	switch value.Kind() {
	case jsontext.KindBeginObject:
		var members map[string]jsontext.Value
		if err := json.Unmarshal(value, &members); err != nil {
			return nil, err
		}
		for name, member := range members {
			var of openapi3.SchemaRefs
			for _, schema := range schemas {
				if property := schema.Value.Properties[name]; property != nil {
					of = append(of, property)
				}
			}
			if of == nil {
				delete(members, name)
				continue
			}
			kept, err := documented(member, of)
			if err != nil {
				return nil, err
			}
			members[name] = kept
		}
		return json.Marshal(members, json.Deterministic(true))
	case jsontext.KindBeginArray:
		var items []jsontext.Value
		if err := json.Unmarshal(value, &items); err != nil {
			return nil, err
		}
		var of openapi3.SchemaRefs
		for _, schema := range schemas {
			if schema.Value.Items != nil {
				of = append(of, schema.Value.Items)
			}
		}
		for i := range items {
			kept, err := documented(items[i], of)
			if err != nil {
				return nil, err
			}
			items[i] = kept
		}
		return json.Marshal(items)
	default:
		return value, nil
	}
}

// alternativesOf adds the schemas that the given ones are put together from.
func alternativesOf(schemas openapi3.SchemaRefs) openapi3.SchemaRefs {
	all := slices.Clone(schemas)
	for i := 0; i < len(all); i++ {
		all = slices.Concat(all, all[i].Value.OneOf, all[i].Value.AnyOf, all[i].Value.AllOf)
	}
	return all
}
