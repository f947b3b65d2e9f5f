package api_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/api"
)

func TestUnknownReturnsItsFields(t *testing.T) {
	unknown := api.Unknown(`{"b": 1, "a": "1","\u0063": {"x": [1, "}"]}, "b": 2}`)
	names := unknown.Names()
	if !slices.Equal(names, []string{"b", "a", "c"}) {
		t.Errorf("the names are %q, want each once, in the order of the text", names)
	}
	for name, want := range map[string]string{
		"a": `"1"`, "b": "2", "c": `{"x": [1, "}"]}`, "A": "", "d": "",
	} {
		if raw := unknown.Raw(name); string(raw) != want {
			t.Errorf("Raw(%q) is %s, want %q, the last value of the name", name, raw, want)
		}
	}
	var fields struct {
		A string
		B int    `json:"b"`
		C string `json:"a"`
	}
	if err := unknown.Decode(&fields); err != nil || fields.A != "" || fields.B != 2 || fields.C != "1" {
		t.Errorf("Decode returns %+v, %v; want 2 and 1, with names that are case-sensitive", fields, err)
	}
}

func TestUnknownWithoutFields(t *testing.T) {
	var unknown api.Unknown
	value := map[string]string{"kept": "as it was"}
	if err := unknown.Decode(&value); err != nil || len(value) != 1 {
		t.Errorf("Decode returns %v and %v, want the value unchanged", value, err)
	}
	if names, raw := unknown.Names(), unknown.Raw(""); names != nil || raw != nil {
		t.Errorf("the names are %q and the value is %s, want none", names, raw)
	}
}

// Values may be personal data of customers, so errors must not quote them.
func TestUnknownThatDoesNotFit(t *testing.T) {
	var fields struct {
		Reference struct {
			Number int `json:"number"`
		} `json:"reference"`
	}
	err := api.Unknown(`{"reference": {"number": "CANARY"}}`).Decode(&fields)
	if err == nil || !strings.Contains(err.Error(), `"/reference/number"`) ||
		strings.Contains(err.Error(), "CANARY") {
		t.Errorf("the error is %v, want it to name the field and not the value", err)
	}
	for _, text := range []api.Unknown{"CANARY", `{"CANARY": `, `["CANARY"]`, `{"a": 1,`} {
		var all map[string]json.RawMessage
		if err := text.Decode(&all); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: the error is %v, want one without the text", text, err)
		}
		text.Names() // does not panic
	}
}
