package drift_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// document is a contract, or a part of a contract, as decoded YAML.
type document = map[string]any

// subtraction compares two versions of the contract. In the newer version, it undoes
// every change that the policy calls compatible. All other differences remain.
type subtraction struct {
	old document
	now document
	// sent contains the names of the schemas that request bodies refer to, directly or
	// through other schemas.
	sent map[string]bool
	// headers contains the names of the schemas that header and path parameters refer to,
	// directly or through other schemas.
	headers map[string]bool
}

// unexplained compares two contracts. It returns the JSON pointers to all differences
// that the policy does not call compatible. It modifies the second contract.
func unexplained(old, now document) []string {
	s := subtraction{old: old, now: now, sent: map[string]bool{}, headers: map[string]bool{}}
	for _, contract := range []document{old, now} {
		s.findUses(contract)
	}
	eachBoth(at(old, "paths"), at(now, "paths"), s.pathItem)
	components := at(now, "components")
	for _, kind := range []string{"schemas", "parameters", "headers", "responses"} {
		// A new component has an effect only if something refers to it.
		removeNew(at(old, "components", kind), at(components, kind))
	}
	before := at(old, "components")
	eachBoth(at(before, "schemas"), at(components, "schemas"), s.named)
	eachBoth(at(before, "parameters"), at(components, "parameters"), s.parameter)
	eachBoth(at(before, "responses"), at(components, "responses"), s.response)
	removeNew(at(old, "paths"), at(now, "paths"))
	return differencePointers("", old, now)
}

// pathItem removes new HTTP methods, and compatible changes to existing methods.
func (s subtraction) pathItem(old, now document, _ string) {
	for _, verb := range []string{"get", "put", "post", "patch", "delete", "head", "options", "trace"} {
		switch {
		case old[verb] == nil:
			delete(now, verb)
		case now[verb] != nil:
			s.operation(at(old, verb), at(now, verb))
		}
	}
}

func (s subtraction) operation(old, now document) {
	before, _ := old["parameters"].([]any)
	after, _ := now["parameters"].([]any)
	names := map[string]document{}
	for _, parameter := range before {
		names[identify(s.old, parameter)] = resolve(s.old, parameter)
	}
	after = slices.DeleteFunc(slices.Clone(after), func(parameter any) bool {
		resolved := resolve(s.now, parameter)
		required, _ := resolved["required"].(bool)
		isOptional := resolved["in"] == "query" && !required
		return isOptional && names[identify(s.now, parameter)] == nil
	})
	for _, parameter := range after {
		inline, _ := parameter.(document)
		if earlier := names[identify(s.now, parameter)]; earlier != nil && inline["$ref"] == nil {
			s.parameter(earlier, inline, "")
		}
	}
	if len(after) > 0 || before != nil {
		now["parameters"] = after
	} else {
		delete(now, "parameters")
	}
	s.content(at(old, "requestBody"), at(now, "requestBody"), false)
	eachBoth(at(old, "responses"), at(now, "responses"), s.response)
}

// parameter removes new enum values of a query parameter.
func (s subtraction) parameter(old, now document, _ string) {
	if now["in"] == "query" {
		s.schema(at(old, "schema"), at(now, "schema"), false, true)
	}
}

// response removes new headers, and compatible changes to the body.
func (s subtraction) response(old, now document, _ string) {
	removeNew(at(old, "headers"), at(now, "headers"))
	s.content(old, now, true)
}

func (s subtraction) content(old, now document, isResponse bool) {
	eachBoth(at(old, "content"), at(now, "content"), func(old, now document, _ string) {
		s.schema(at(old, "schema"), at(now, "schema"), isResponse, true)
	})
}

// named removes compatible changes to a schema in the components.
func (s subtraction) named(old, now document, name string) {
	s.schema(old, now, !s.sent[name], !s.headers[name])
}

// schema removes new properties and, if hasValues is true, new enum values. In a
// response, it also removes new properties from the list of required properties.
func (s subtraction) schema(old, now document, isResponse, hasValues bool) {
	properties := at(old, "properties")
	required, _ := now["required"].([]any)
	if isResponse && required != nil {
		now["required"] = slices.DeleteFunc(slices.Clone(required), func(name any) bool {
			return properties != nil && properties[fmt.Sprint(name)] == nil
		})
	}
	removeNew(properties, at(now, "properties"))
	if values, isEnum := old["enum"].([]any); isEnum && hasValues {
		if more, stillIsEnum := now["enum"].([]any); stillIsEnum {
			now["enum"] = slices.DeleteFunc(slices.Clone(more), func(value any) bool {
				return !slices.Contains(values, value)
			})
		}
	}
	eachBoth(properties, at(now, "properties"), func(old, now document, _ string) {
		s.schema(old, now, isResponse, hasValues)
	})
	if items := at(now, "items"); items != nil {
		s.schema(at(old, "items"), items, isResponse, hasValues)
	}
}

// findUses adds to s.sent the schemas that request bodies refer to, and to s.headers the
// schemas that header parameters and path parameters refer to.
func (s subtraction) findUses(contract document) {
	for _, item := range at(contract, "paths") {
		for _, op := range asDocument(item) {
			operation := asDocument(op)
			s.use(contract, operation["requestBody"], s.sent)
			parameters, _ := operation["parameters"].([]any)
			for _, parameter := range parameters {
				s.useParameter(contract, resolve(contract, parameter))
			}
		}
	}
	for _, parameter := range at(contract, "components", "parameters") {
		s.useParameter(contract, asDocument(parameter))
	}
}

func (s subtraction) useParameter(contract, parameter document) {
	if parameter["in"] != "query" {
		s.use(contract, parameter, s.headers)
	}
}

// use adds to `names` all schemas that a part of the contract refers to, directly or
// through other schemas.
func (s subtraction) use(contract document, part any, names map[string]bool) {
	switch part := part.(type) {
	case document:
		reference, _ := part["$ref"].(string)
		name, isSchema := strings.CutPrefix(reference, "#/components/schemas/")
		if isSchema && !names[name] {
			names[name] = true
			s.use(contract, at(contract, "components", "schemas", name), names)
		}
		for _, inner := range part {
			s.use(contract, inner, names)
		}
	case []any:
		for _, inner := range part {
			s.use(contract, inner, names)
		}
	}
}

// resolve returns the given parameter. If the parameter is a reference, resolve returns
// the parameter that the reference names.
func resolve(contract document, parameter any) document {
	inline := asDocument(parameter)
	reference, isReference := inline["$ref"].(string)
	if !isReference {
		return inline
	}
	path := strings.Split(strings.TrimPrefix(reference, "#/"), "/")
	return at(contract, path...)
}

func identify(contract document, parameter any) string {
	resolved := resolve(contract, parameter)
	return fmt.Sprint(resolved["in"], " ", resolved["name"])
}

// at returns the object at a path of names, or nil if there is no object at this path.
func at(from document, path ...string) document {
	for _, name := range path {
		from = asDocument(from[name])
	}
	return from
}

func asDocument(value any) document {
	inner, _ := value.(document)
	return inner
}

// eachBoth calls `visit` for each name that has an object as its value in both documents.
func eachBoth(old, now document, visit func(old, now document, name string)) {
	for name, value := range now {
		before := asDocument(old[name])
		after := asDocument(value)
		if before != nil && after != nil {
			visit(before, after, name)
		}
	}
}

// removeNew removes from `now` the names that `old` does not have.
func removeNew(old, now document) {
	for name := range now {
		if _, found := old[name]; !found {
			delete(now, name)
		}
	}
}

// differencePointers returns the JSON pointers to all differences between two values.
func differencePointers(pointer string, old, now any) []string {
	before, isObject := old.(document)
	after, stillIsObject := now.(document)
	if !isObject || !stillIsObject {
		if reflect.DeepEqual(old, now) {
			return nil
		}
		return []string{pointer}
	}
	names := sorted(before)
	for _, name := range sorted(after) {
		if _, found := before[name]; !found {
			names = append(names, name)
		}
	}
	var pointers []string
	for _, name := range names {
		inside := pointer + "/" + strings.ReplaceAll(name, "/", "~1")
		pointers = append(pointers, differencePointers(inside, before[name], after[name])...)
	}
	return pointers
}

// readBare reads a contract without its info section, descriptions, summaries and
// examples.
func readBare(t *testing.T, file string) document {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return bare(t, string(text))
}

func bare(t *testing.T, text string) document {
	t.Helper()
	var contract document
	if err := yaml.Unmarshal([]byte(text), &contract); err != nil {
		t.Fatal(err)
	}
	delete(contract, "info")
	removeProse(contract, false)
	return contract
}

// removeProse removes descriptions, summaries and examples, but keeps a property that has
// a name such as "description" or "example".
func removeProse(value any, isProperties bool) {
	switch value := value.(type) {
	case document:
		for name, inner := range value {
			if !isProperties && isProse(name, inner) {
				delete(value, name)
				continue
			}
			if name == "scopes" && !isProperties {
				removeDescriptions(asDocument(inner))
			}
			removeProse(inner, name == "properties" && !isProperties)
		}
	case []any:
		for _, item := range value {
			removeProse(item, false)
		}
	}
}

// removeDescriptions empties the descriptions of scopes, which are the values of the map.
func removeDescriptions(scopes document) {
	for name := range scopes {
		scopes[name] = ""
	}
}

func isProse(name string, value any) bool {
	_, isText := value.(string)
	switch name {
	case "description", "summary":
		return isText
	case "example", "examples":
		return true
	}
	return false
}
