package openapi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
)

// explain returns a message that names the invalid field or parameter. The message never
// repeats the invalid value.
func explain(err error) string {
	var request *openapi3filter.RequestError
	if !errors.As(err, &request) {
		return err.Error()
	}
	where := "the body"
	if request.Parameter != nil {
		where = fmt.Sprintf("%s parameter %s", request.Parameter.In, request.Parameter.Name)
	}
	wrong := deepest(request.Err)
	switch {
	case wrong != nil:
		return explainSchema(where, wrong)
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		return where + " is missing"
	case request.Parameter != nil:
		types := request.Parameter.Schema.Value.Type.Slice()
		return fmt.Sprintf("%s is not a valid %s", where, strings.Join(types, " or "))
	case request.Err != nil:
		return where + ": " + request.Err.Error()
	default:
		return where + ": " + request.Reason
	}
}

func explainSchema(where string, wrong *openapi3.SchemaError) string {
	if field := strings.Join(wrong.JSONPointer(), "."); field != "" {
		where = "body field " + field
	}
	if len(wrong.Schema.OneOf) > 0 {
		return fmt.Sprintf("%s: expected exactly one of %s", where, alternatives(wrong.Schema.OneOf))
	}
	return where + ": " + wrong.Reason
}

// deepest returns the innermost schema error. If there are several alternatives, it
// returns the error of the alternative that matches best.
func deepest(err error) *openapi3.SchemaError {
	switch err := err.(type) { //nolint:errorlint // each level is unwrapped in turn
	case nil:
		return nil
	case *openapi3.SchemaError:
		inner := deepest(err.Origin)
		if inner == nil || depth(inner) <= depth(err) {
			return err
		}
		// It is more useful to report that no alternative matches than to report that one
		// alternative lacks its only field.
		if len(err.Schema.OneOf) > 0 && inner.SchemaField == "required" {
			return err
		}
		return inner
	case openapi3.MultiError:
		var best *openapi3.SchemaError
		for _, one := range err {
			if found := deepest(one); found != nil && (best == nil || depth(found) > depth(best)) {
				best = found
			}
		}
		return best
	default:
		return deepest(errors.Unwrap(err))
	}
}

func depth(err *openapi3.SchemaError) int { return len(err.JSONPointer()) }

func alternatives(schemas openapi3.SchemaRefs) string {
	names := make([]string, 0, len(schemas))
	for _, schema := range schemas {
		name := strings.Join(schema.Value.Required, " and ")
		if name == "" {
			name = strings.TrimSpace(strings.Join(schema.Value.Type.Slice(),
				" ") + " " + schema.Value.Pattern)
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}
