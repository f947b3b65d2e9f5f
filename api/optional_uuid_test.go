package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

const someID = "65c69f95-c7b9-4c93-9943-a8c7fe4f7aef"

func TestOptionalUUIDFromJSON(t *testing.T) {
	for _, body := range []string{`{}`, `{"allocation_id":""}`, `{"allocation_id":null}`} {
		var order portfolios.Order
		if err := json.Unmarshal([]byte(body), &order); err != nil || !order.AllocationID.IsZero() {
			t.Errorf("%s was decoded to %q and the error %v, want no UUID and no error",
				body, order.AllocationID, err)
		}
	}
	var order portfolios.Order
	if err := json.Unmarshal([]byte(`{"allocation_id":"`+strings.ToUpper(someID)+`"}`), &order); err != nil {
		t.Fatal(err)
	}
	if order.AllocationID != api.OptionalUUID(uuid.MustParse(someID)) || order.AllocationID.IsZero() {
		t.Errorf("an ID in upper case was decoded to %q, want %q", order.AllocationID, someID)
	}
	// "" replaces an ID that was decoded earlier.
	err := json.Unmarshal([]byte(`{"allocation_id":""}`), &order)
	if err != nil || !order.AllocationID.IsZero() {
		t.Errorf("decoding \"\" into a field that had an ID: got %q and the error %v, want no UUID and "+
			"no error", order.AllocationID, err)
	}
	for _, value := range []string{`"none"`, `" "`, `7`, `["` + someID + `"]`} {
		body := `{"allocation_id":` + value + `}`
		if err := json.Unmarshal([]byte(body), &order); err == nil {
			t.Errorf("%s was decoded to %q and no error, want an error", body, order.AllocationID)
		}
	}
}

func TestOptionalUUIDToJSON(t *testing.T) {
	none, err := json.Marshal(portfolios.ConfigurationUpdate{})
	if err != nil || string(none) != `{}` {
		t.Errorf("an update without fields was encoded as %s with the error %v, want {} and no error",
			none, err)
	}
	some, err := json.Marshal(portfolios.ConfigurationUpdate{
		AllocationID: api.OptionalUUID(uuid.MustParse(someID)),
	})
	if err != nil || string(some) != `{"allocation_id":"`+someID+`"}` {
		t.Errorf("an update of the allocation was encoded as %s with the error %v, want only the "+
			"field allocation_id and no error", some, err)
	}
}

func TestOptionalUUIDText(t *testing.T) {
	id := api.OptionalUUID(uuid.MustParse(someID))
	if got := fmt.Sprintf("%v|%s|%v", id, id, api.OptionalUUID{}); got != someID+"|"+someID+"|" {
		t.Errorf("printing the UUID twice and the zero value once: got %q, want the UUID twice and then "+
			"an empty string", got)
	}
	if uuid.UUID(id) != uuid.MustParse(someID) {
		t.Errorf("the conversion to uuid.UUID returned %s, want %s", uuid.UUID(id), someID)
	}
	before := id
	if err := id.UnmarshalText([]byte("none")); err == nil || id != before {
		t.Errorf("UnmarshalText of \"none\" returned the error %v and left %q, want an error and %q "+
			"unchanged", err, id, before)
	}
}

func FuzzOptionalUUID(f *testing.F) {
	for _, text := range []string{
		"", someID, strings.ToUpper(someID), "urn:uuid:" + someID, "{" + someID + "}",
		uuid.Nil.String(), "none",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var optional api.OptionalUUID
		err := optional.UnmarshalText([]byte(text))
		parsed, parseErr := uuid.Parse(text)
		if (err == nil) != (parseErr == nil || text == "") {
			t.Fatalf("UnmarshalText of %q returned the error %v, want an error if and only if the "+
				"text is not empty and uuid.Parse fails; uuid.Parse returned %v", text, err, parseErr)
		}
		if err != nil {
			return
		}
		isNone := text == "" || parsed == uuid.Nil
		if text != "" && uuid.UUID(optional) != parsed || optional.IsZero() != isNone {
			t.Errorf("UnmarshalText of %q made %q, want the UUID %s", text, optional, parsed)
		}
		encoded, err := json.Marshal(optional)
		if err != nil {
			t.Fatal(err)
		}
		var again api.OptionalUUID
		if err := json.Unmarshal(encoded, &again); err != nil || again != optional {
			t.Errorf("%q was encoded as %s, and decoded again to %q with the error %v, want no change and "+
				"no error", text, encoded, again, err)
		}
	})
}
