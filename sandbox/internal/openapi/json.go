package openapi

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

// checkJSON refuses a body that is not valid JSON. It also refuses a body with a
// duplicate field, invalid UTF-8 or half of a surrogate pair, because two parsers could
// read such a body differently.
func checkJSON(body []byte) *response.Problem {
	err := json.Unmarshal(body, new(jsontext.Value))
	var wrong *jsontext.SyntacticError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &wrong):
		field := strings.ReplaceAll(strings.TrimPrefix(string(wrong.JSONPointer), "/"), "/", ".")
		return response.Refuse(http.StatusBadRequest, "body field %.100s appears twice", field)
	case errors.As(err, &wrong):
		return response.Refuse(http.StatusBadRequest,
			"the body is not one valid JSON value in UTF-8, see byte %d", wrong.ByteOffset)
	default:
		return response.Refuse(http.StatusBadRequest, "the body is not one valid JSON value")
	}
}

// Documented returns the body with only the fields that openapi.yaml names. This is
// necessary because encoding/json, which decodes the body afterwards, ignores case in
// field names and would decode "Side" as "side".
func (r Request) Documented() ([]byte, error) {
	if r.Route.IsToken() || r.Route.declared.Operation.RequestBody == nil {
		return r.Body, nil
	}
	media := r.Route.declared.Operation.RequestBody.Value.Content.Get(response.JSON)
	return documented(r.Body, openapi3.SchemaRefs{media.Schema})
}

// documented returns the value with only the fields that at least one of the schemas
// names.
func documented(value jsontext.Value, schemas openapi3.SchemaRefs) (jsontext.Value, error) {
	schemas = withParts(schemas)
	switch value.Kind() {
	case jsontext.KindBeginObject:
		return documentedObject(value, schemas)
	case jsontext.KindBeginArray:
		return documentedArray(value, schemas)
	default:
		return value, nil
	}
}

func documentedObject(value jsontext.Value, schemas openapi3.SchemaRefs) (jsontext.Value, error) {
	var fields map[string]jsontext.Value
	if err := json.Unmarshal(value, &fields); err != nil {
		return nil, err
	}
	for name, field := range fields {
		var properties openapi3.SchemaRefs
		for _, schema := range schemas {
			if property := schema.Value.Properties[name]; property != nil {
				properties = append(properties, property)
			}
		}
		if properties == nil {
			delete(fields, name)
			continue
		}
		kept, err := documented(field, properties)
		if err != nil {
			return nil, err
		}
		fields[name] = kept
	}
	return json.Marshal(fields, json.Deterministic(true))
}

func documentedArray(value jsontext.Value, schemas openapi3.SchemaRefs) (jsontext.Value, error) {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, err
	}
	var ofItems openapi3.SchemaRefs
	for _, schema := range schemas {
		if schema.Value.Items != nil {
			ofItems = append(ofItems, schema.Value.Items)
		}
	}
	for i := range items {
		kept, err := documented(items[i], ofItems)
		if err != nil {
			return nil, err
		}
		items[i] = kept
	}
	return json.Marshal(items)
}

// withParts returns the schemas together with the schemas of which they are composed.
func withParts(schemas openapi3.SchemaRefs) openapi3.SchemaRefs {
	all := slices.Clone(schemas)
	for i := 0; i < len(all); i++ {
		all = slices.Concat(all, all[i].Value.OneOf, all[i].Value.AnyOf, all[i].Value.AllOf)
	}
	return all
}
