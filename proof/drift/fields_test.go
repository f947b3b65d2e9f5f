package drift_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// survey compares all bodies and query parameters of the contract with their Go types.
type survey struct {
	findings findings
	seen     map[pair]bool
	reached  map[*openapi3.Schema]bool
	// The enum values in the contract, by the name of their Go type.
	enums map[string][]string
}

// pair is a schema and its Go type.
type pair struct {
	schema *openapi3.Schema
	goType reflect.Type
}

// Most findings of a survey recommend one of these remedies.
const (
	regenerate = "run make generate"
	retype     = "run make generate, or set the Go type in api/overlay.yaml"
)

func newSurvey(contract *openapi3.T) *survey {
	s := &survey{
		seen: map[pair]bool{}, reached: map[*openapi3.Schema]bool{}, enums: map[string][]string{},
	}
	results := resultTypes(contract)
	for _, op := range operations(contract) {
		s.bodies(op, results)
		s.parameters(op)
	}
	for name, schema := range contract.Components.Schemas {
		if !s.reached[schema.Value] {
			s.reportf(name, "remove the schema, or refer to it", "no operation uses this schema")
		}
	}
	return s
}

func (s *survey) bodies(op operation, results map[string]reflect.Type) {
	result := results[op.OperationID]
	hasResult := false
	for _, body := range op.documentedBodies(results) {
		if body.goType == nil {
			s.reached[body.media.Schema.Value] = true
			s.reportf(body.name, methodRemedy(op), "the body has no Go type")
			continue
		}
		s.compare(body.name, body.media.Schema, body.goType, false)
		hasResult = hasResult || body.goType == result
	}
	if result != nil && !hasResult {
		s.reportf(op.OperationID,
			"document the body of the 200 response, or make the method return only an error",
			"the wrapper returns a %s, but no response has this type", result)
	}
}

func (s *survey) reportf(where, remedy, format string, values ...any) {
	s.findings.addf(ofContract+"%s: %s: %s", where, fmt.Sprintf(format, values...), remedy)
}

// compare compares a schema with its Go type.
func (s *survey) compare(where string, ref *openapi3.SchemaRef, goType reflect.Type, optional bool) {
	schema := ref.Value
	s.reached[schema] = true
	if goType.Kind() == reflect.Pointer {
		goType = goType.Elem()
	}
	both := pair{schema: schema, goType: goType}
	if s.seen[both] {
		return
	}
	s.seen[both] = true

	name := ref.Ref[strings.LastIndex(ref.Ref, "/")+1:]
	if name != "" && name != goType.Name() {
		s.reportf(where, regenerate, "the schema is %s in the contract, but the type is %s in Go",
			name, goType)
	}
	switch {
	case len(schema.Enum) > 0:
		s.enum(where, schema, goType)
	case schema.Type.Is("array") && goType.Kind() == reflect.Slice:
		s.compare(where+"[]", schema.Items, goType.Elem(), false)
	case len(s.properties(schema)) > 0 && goType.Kind() == reflect.Struct:
		s.fields(where, schema, goType)
	case !holds(schema, goType, optional):
		s.reportf(where, retype, "the Go type %s cannot represent a %s (format %q, pattern %q)",
			goType, schema.Type.Slice(), schema.Format, schema.Pattern)
	}
}

// properties returns the properties of an object. For a oneOf, it returns the properties
// of all choices, because one Go struct represents all of them.
func (s *survey) properties(schema *openapi3.Schema) openapi3.Schemas {
	all := maps.Clone(schema.Properties)
	for _, choice := range schema.OneOf {
		s.reached[choice.Value] = true
		if all == nil {
			all = openapi3.Schemas{}
		}
		maps.Copy(all, choice.Value.Properties)
	}
	return all
}

func (s *survey) fields(where string, schema *openapi3.Schema, goType reflect.Type) {
	properties := s.properties(schema)
	// Whether omitempty and omitzero omit a field depends on its type. Encode a zero
	// value to see which fields are sent.
	var zero map[string]any
	text, err := json.Marshal(reflect.Zero(goType).Interface())
	if err == nil {
		err = json.Unmarshal(text, &zero)
	}
	if err != nil {
		s.reportf(where, retype, "encode a zero value of %s as an object: %v", goType, err)
	}
	var tags []string
	for _, field := range reflect.VisibleFields(goType) {
		tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Type == reflect.TypeFor[api.Unknown]() {
			// This Go field stores unknown JSON fields, so it matches no property.
			continue
		}
		if tag == "-" {
			isOpen := schema.AdditionalProperties.Has
			if isOpen == nil || !*isOpen {
				s.reportf(where, regenerate, "the Go field %s is unexpected", field.Name)
			}
			continue
		}
		tags = append(tags, tag)
		property, found := properties[tag]
		if !found {
			continue
		}
		required := slices.Contains(schema.Required, tag)
		switch _, sent := zero[tag]; {
		case sent && !required:
			s.reportf(where+"."+tag, retype,
				"the contract does not require the field, but Go sends its zero value")
		case !sent && required:
			s.reportf(where+"."+tag, retype,
				"the contract requires the field, but Go does not send its zero value")
		}
		s.compare(where+"."+tag, property, field.Type, !required)
	}
	s.findings.addSets(ofContract+where, sorted(properties), tags, regenerate)
}

// holds reports whether a Go type can represent every value of a schema without
// properties.
func holds(schema *openapi3.Schema, goType reflect.Type, optional bool) bool {
	integer := goType.Kind() == reflect.Int || goType.Kind() == reflect.Int64
	switch {
	case len(schema.OneOf) > 0:
		return goType == reflect.TypeFor[api.InstrumentID]()
	case schema.Type.Is("integer"):
		return integer || schema.Format == "int32" && goType.Kind() == reflect.Int32
	case schema.Type.Is("boolean"):
		return goType.Kind() == reflect.Bool
	case !schema.Type.Is("string"):
		return false
	case schema.Format == "date-time":
		return goType == reflect.TypeFor[time.Time]()
	case schema.Format == "uuid":
		return goType == reflect.TypeFor[uuid.UUID]() ||
			optional && goType == reflect.TypeFor[api.OptionalUUID]()
	case schema.Pattern != "":
		return goType == reflect.TypeFor[api.Decimal]()
	default:
		return goType == reflect.TypeFor[string]()
	}
}

func (s *survey) enum(where string, schema *openapi3.Schema, goType reflect.Type) {
	if goType.Kind() != reflect.String || goType.Name() == "string" {
		s.reportf(where, retype, "the Go type %s is not a named string type, which an enum requires", goType)
		return
	}
	for _, value := range schema.Enum {
		s.enums[goType.Name()] = append(s.enums[goType.Name()], fmt.Sprint(value))
	}
}

// parameters compares the names of the query parameters with the fields of the generated
// struct, and compares which parameters are required. Of the types, it compares only
// enums, because some filters are strings in the contract but have more specific types in
// Go. Instead, checkRequests tests that each field can store an example value of its
// filter.
func (s *survey) parameters(op operation) {
	var names []string
	for _, parameter := range op.Parameters {
		if parameter.Value.In == openapi3.ParameterInQuery {
			names = append(names, parameter.Value.Name)
		}
	}
	var tags []string
	if query := op.queryType(); query != nil {
		for _, field := range reflect.VisibleFields(query) {
			tag, _, _ := strings.Cut(field.Tag.Get("form"), ",")
			tags = append(tags, tag)
			parameter := op.Parameters.GetByInAndName(openapi3.ParameterInQuery, tag)
			if parameter != nil {
				s.parameter(op.OperationID+" "+tag, parameter, field.Type)
			}
		}
	}
	s.findings.addSets(ofContract+op.OperationID+" query", names, tags, regenerate)
}

func (s *survey) parameter(where string, parameter *openapi3.Parameter, goType reflect.Type) {
	if (goType.Kind() == reflect.Pointer) == parameter.Required {
		s.reportf(where, retype, "the contract requires the parameter: %t, but the Go type is %s",
			parameter.Required, goType)
	}
	if schema := parameter.Schema.Value; len(schema.Enum) > 0 {
		s.reached[schema] = true
		s.enum(where, schema, goType.Elem())
	}
}

// checkFields requires a Go type for each body, and a suitable field for each property
// and query parameter. The Go types must have no other fields.
func checkFields(contract *openapi3.T) findings { return newSurvey(contract).findings }

// checkEnums requires that the generated constants are exactly the enum values of the
// contract.
func checkEnums(contract *openapi3.T) (found findings) {
	const where = "generated/portfolios.gen.go: "
	constants, err := generatedConstants()
	if err != nil {
		found.addf(where+"%v: %s", err, regenerate)
		return found
	}
	enums := newSurvey(contract).enums
	found.addSets(where+"enums", sorted(enums), sorted(constants), regenerate)
	for name, values := range enums {
		found.addSets(where+name, values, constants[name], regenerate)
	}
	return found
}

// generatedConstants returns the values of the generated constants, by type.
func generatedConstants() (map[string][]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), generatedFile, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the generated constants: %w", err)
	}
	constants := map[string][]string{}
	for _, declaration := range file.Decls {
		group, ok := declaration.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		for _, spec := range group.Specs {
			constant := spec.(*ast.ValueSpec)
			kind, typed := constant.Type.(*ast.Ident)
			literal, plain := constant.Values[0].(*ast.BasicLit)
			if !typed || !plain {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				return nil, fmt.Errorf("read the generated constants: %w", err)
			}
			constants[kind.Name] = append(constants[kind.Name], value)
		}
	}
	return constants, nil
}
