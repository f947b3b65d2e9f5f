package control

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// The document describes every operation that the endpoint has, and no other.
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
		t.Errorf("described %q\nserved    %q", described, served)
	}
}

// The schema of a fault has the fields that the endpoint reads.
func TestFaultIsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		t.Fatal(err)
	}
	described := slices.Sorted(maps.Keys(doc.Components.Schemas["Fault"].Value.Properties))
	for _, name := range described {
		if err := decode(strings.NewReader(`{"`+name+`":null}`), &faultJSON{}); err != nil {
			t.Errorf("the endpoint does not read the described field %s: %v", name, err)
		}
	}
	if n := reflect.TypeFor[faultJSON]().NumField(); len(described) != n {
		t.Errorf("the document describes %d fields, but the endpoint reads %d", len(described), n)
	}
}

// noWorlds makes the endpoint serve the paths of worlds.
type noWorlds struct{ Worlds }
