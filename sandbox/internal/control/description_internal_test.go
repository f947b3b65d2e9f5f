package control

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestEveryOperationIsDescribed requires that control.yaml describes every operation of
// the control endpoint, and no additional operation.
func TestEveryOperationIsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var served []string
	for _, one := range (&Endpoint{Worlds: noWorlds{}}).table() {
		served = append(served, one.method+" /"+strings.TrimSuffix(one.path, "{$}"))
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(described)
	if !slices.Equal(served, described) {
		t.Errorf("control.yaml describes the operations %q,\nwant the served operations %q",
			described, served)
	}
}

// TestFaultIsDescribed requires that the schema of a fault in control.yaml has exactly
// the fields that the endpoint reads.
func TestFaultIsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	described := slices.Sorted(maps.Keys(doc.Components.Schemas["Fault"].Value.Properties))
	for _, name := range described {
		if err := decode(strings.NewReader(`{"`+name+`":null}`), &faultJSON{}); err != nil {
			t.Errorf("the endpoint does not accept the field %q that control.yaml describes: %v", name, err)
		}
	}
	if n := reflect.TypeFor[faultJSON]().NumField(); len(described) != n {
		t.Errorf("control.yaml describes %d fields of a fault, want the %d that the endpoint reads",
			len(described), n)
	}
}

// noWorlds implements Worlds without a working method. With it, the endpoint's table
// includes the operations on worlds.
type noWorlds struct{ Worlds }
