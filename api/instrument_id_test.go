package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

func TestInstrumentIDForms(t *testing.T) {
	for _, c := range []struct {
		id             api.InstrumentID
		isin, upvestID bool
	}{
		{id: "US0378331005", isin: true},
		{id: "IE00B0M62Q58", isin: true},
		{id: "us0378331005"},
		{id: "US037833100"},
		{id: "US03783310055"},
		{id: "US037833100A"},
		{id: "U10378331005"},
		{id: "US0378331005\n"},
		{id: "c2721bc0-9f65-474b-a846-b237eb17fb05", upvestID: true},
		{id: "C2721BC0-9F65-474B-A846-B237EB17FB05", upvestID: true},
		{id: "c2721bc09f65474ba846b237eb17fb05", upvestID: true},
		{id: "c2721bc0-9f65-774b-a846-b237eb17fb05"}, // version 7
		{id: "c2721bc0-9f65-474b-c846-b237eb17fb05"}, // not the variant of RFC 4122
		{id: "{c2721bc0-9f65-474b-a846-b237eb17fb05}"},
		{},
	} {
		if c.id.IsISIN() != c.isin || c.id.IsUpvestID() != c.upvestID {
			t.Errorf("%q: IsISIN returned %t and IsUpvestID returned %t, want %t and %t",
				c.id, c.id.IsISIN(), c.id.IsUpvestID(), c.isin, c.upvestID)
		}
		id, err := api.NewISIN(string(c.id))
		switch {
		case c.isin && (err != nil || id != c.id):
			t.Errorf("NewISIN(%q) returned %q and the error %v, want the text unchanged and no error",
				c.id, id, err)
		case !c.isin && (err == nil || id != "" || !strings.Contains(err.Error(), "not an ISIN: expected")):
			t.Errorf("NewISIN(%q) returned %q and the error %v, want no ID and an error that "+
				"describes an ISIN", c.id, id, err)
		}
	}
}

func TestNewUpvestID(t *testing.T) {
	id, err := api.NewUpvestID(uuid.MustParse("C2721BC0-9F65-474B-A846-B237EB17FB05"))
	if err != nil || id != "c2721bc0-9f65-474b-a846-b237eb17fb05" {
		t.Errorf("NewUpvestID returned %q and the error %v, want the UUID in lower case and no error",
			id, err)
	}
	for name, refused := range map[string]uuid.UUID{
		"the zero UUID":       uuid.Nil,
		"a UUID of version 7": uuid.MustParse("0190a5a6-7b7e-7c3d-9d2e-3f4a5b6c7d8e"),
	} {
		id, err := api.NewUpvestID(refused)
		if err == nil || id != "" || !strings.Contains(err.Error(), "expected a UUID of version") {
			t.Errorf("NewUpvestID of %s returned %q and the error %v, want no ID and an error that "+
				"states the accepted versions", name, id, err)
		}
	}
}

func TestInstrumentIDKeepsItsTextInJSON(t *testing.T) {
	for _, id := range []api.InstrumentID{
		"US0378331005", "C2721BC0-9F65-474B-A846-B237EB17FB05", "a future form",
	} {
		body := `{"instrument_id":"` + string(id) + `","instrument_id_type":"UPVEST","weight":"1"}`
		var weight portfolios.InstrumentWeight
		if err := json.Unmarshal([]byte(body), &weight); err != nil || weight.InstrumentID != id {
			t.Errorf("%s was decoded to the ID %q and the error %v, want the ID unchanged and no error",
				body, weight.InstrumentID, err)
		}
		if encoded, err := json.Marshal(weight); err != nil || string(encoded) != body {
			t.Errorf("%s was decoded and encoded again as %s with the error %v, want no change and no error",
				body, encoded, err)
		}
	}
	err := json.Unmarshal([]byte(`{"instrument_id":42}`), new(portfolios.InstrumentWeight))
	if err == nil || !strings.Contains(err.Error(), "instrument_id") {
		t.Errorf("decoding a number: got the error %v, want an error that names instrument_id", err)
	}
}

func FuzzInstrumentID(f *testing.F) {
	for _, text := range []string{
		"US0378331005", "us0378331005", "c2721bc0-9f65-474b-a846-b237eb17fb05",
		"c2721bc09f65474ba846b237eb17fb05", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id := api.InstrumentID(text)
		if id.IsISIN() && id.IsUpvestID() {
			t.Errorf("IsISIN and IsUpvestID returned true for %q, want true from at most one of them", text)
		}
		if made, err := api.NewISIN(text); (err == nil) != id.IsISIN() || err == nil && made != id {
			t.Errorf("NewISIN(%q) returned %q and the error %v, want the text unchanged if IsISIN "+
				"returns true, and otherwise an error; IsISIN returned %t", text, made, err, id.IsISIN())
		}
		// The documented pattern allows any hyphen to be missing. uuid.Parse requires all
		// hyphens or none.
		parsed, err := uuid.Parse(strings.ReplaceAll(text, "-", ""))
		if err != nil {
			if id.IsUpvestID() {
				t.Errorf("IsUpvestID of %q returned true, want false, because uuid.Parse returned %v",
					text, err)
			}
			return
		}
		made, err := api.NewUpvestID(parsed)
		if err == nil && (!made.IsUpvestID() || string(made) != parsed.String()) {
			t.Errorf("NewUpvestID(%s) returned %q, want the UUID in its usual form", parsed, made)
		}
		if id.IsUpvestID() && err != nil && parsed != uuid.Nil {
			t.Errorf("NewUpvestID refused %q with the error %v, want no error, because IsUpvestID returned "+
				"true", text, err)
		}
	})
}
