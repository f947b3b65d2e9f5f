package ledger_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
)

func TestAllocationRules(t *testing.T) {
	const dashless = "c2721bc09f65474ba846b237eb17fb05"
	const upper = "C2721BC0-9F65-474B-A846-B237EB17FB05"
	tests := map[string]struct {
		instruments []string
		detail      string // if empty, the request is accepted
	}{
		"weights that sum to 1": {instruments: []string{funds, "0.7", apple, "0.3"}},
		"weights with five decimals that sum to 1": {
			instruments: []string{funds, "0.70000", apple, "0.29999", upvests, "0.00001"},
		},
		"weights that sum to 100": {instruments: []string{funds, "70", apple, "30"}},
		"one instrument at 1":     {instruments: []string{funds, "1"}},
		"one instrument at 100":   {instruments: []string{funds, "100"}},
		"UUID without dashes":     {instruments: []string{dashless, "1"}},
		"no instrument":           {detail: "allocation: expected at least one instrument"},
		"weights that sum to just below 1": {
			instruments: []string{funds, "0.7", apple, "0.29999"},
			detail:      "exactly 1 (or 100), these sum to 0.99999",
		},
		"weights that sum to just above 1": {
			instruments: []string{funds, "0.7", apple, "0.30001"},
			detail:      "exactly 1 (or 100), these sum to 1.00001",
		},
		"weights that sum to 10": {
			instruments: []string{funds, "7", apple, "3"},
			detail:      "allocation: expected weights that sum to exactly 1",
		},
		"weights that sum to 200": {
			instruments: []string{funds, "100", apple, "100"}, detail: "these sum to 200",
		},
		"weight 0": {
			instruments: []string{funds, "1", apple, "0"},
			detail:      "allocation[1].weight: expected a weight above 0",
		},
		"weight 0.00000": {
			instruments: []string{funds, "1", apple, "0.00000"},
			detail:      "allocation[1].weight: expected a weight above 0",
		},
		"negative weight": {
			instruments: []string{funds, "-1", apple, "2"}, detail: "allocation[0].weight: not a weight",
		},
		"weight with six decimals": {
			instruments: []string{funds, "0.999999", apple, "0.000001"},
			detail:      "allocation[0].weight: not a weight",
		},
		"empty weight": {
			instruments: []string{funds, ""}, detail: "allocation[0].weight: not a weight",
		},
		"ISIN twice": {
			instruments: []string{funds, "0.5", apple, "0.25", funds, "0.25"},
			detail:      "[2].instrument_id: expected every",
		},
		"ISIN in lower case": {
			instruments: []string{"ie00b0m62q58", "1"},
			detail:      "allocation[0].instrument_id: expected an ISIN",
		},
		"ISIN that ends with a letter": {
			instruments: []string{"US037833100X", "1"},
			detail:      "allocation[0].instrument_id: expected an ISIN",
		},
		"UUID twice, once without dashes": {
			instruments: []string{upvests, "0.5", dashless, "0.5"},
			detail:      "[1].instrument_id: expected every instrument once",
		},
		"UUID twice, once in upper case": {
			instruments: []string{upvests, "0.5", upper, "0.5"},
			detail:      "[1].instrument_id: expected every instrument once",
		},
		"UUID of version 7": {
			instruments: []string{"01890a5d-ac96-774b-bcce-b302099a8057", "1"},
			detail:      "expected a UUID of version 0 to 5",
		},
		"UUID with more text after it": {
			instruments: []string{upvests + "x", "1"},
			detail:      "allocation[0].instrument_id: expected a UUID",
		},
		"neither ISIN nor UUID": {
			instruments: []string{"gold", "1"}, detail: "allocation[0].instrument_id: expected an ISIN",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			body := w.mixOf(test.instruments...)
			kept := w.allocate(apple, "1")
			_, created := w.createAllocation(body)
			_, updated := w.updateAllocation(kept.ID, body)
			if test.detail == "" {
				must(0, created)(t)
				must(0, updated)(t)
				return
			}
			wantRefusal(t, created, 400, "invalid_request", test.detail)
			wantRefusal(t, updated, 400, "invalid_request", test.detail)
			if effects := w.effects(); len(effects) != 1 {
				t.Errorf("got the effects %v, want only the effect of the first, accepted request", effects)
			}
		})
	}
}

func TestInstrumentIDMustMatchItsType(t *testing.T) {
	for _, kind := range []contract.InstrumentIDType{contract.InstrumentIDTypeUPVEST, "WKN", ""} {
		list := instruments(t, funds, "1")
		list[0].InstrumentIDType = kind
		_, err := newWorld(t).createAllocation(contract.AllocationRequest{Allocation: list})
		wantRefusal(t, err, 400, "invalid_request", "allocation[0].instrument_id")
	}
	list := instruments(t, upvests, "1")
	list[0].InstrumentIDType = contract.InstrumentIDTypeISIN
	_, err := newWorld(t).createAllocation(contract.AllocationRequest{Allocation: list})
	wantRefusal(t, err, 400, "invalid_request", "allocation[0].instrument_id:", "ISIN")

	if err := list[0].InstrumentID.UnmarshalJSON([]byte("42")); err != nil {
		t.Fatal(err)
	}
	_, err = newWorld(t).createAllocation(contract.AllocationRequest{Allocation: list})
	wantRefusal(t, err, 400, "invalid_request", "allocation[0].instrument_id:", "string")
}

func TestAllocationIsShownAsItWasSent(t *testing.T) {
	w := newWorld(t)
	sent := instruments(t, funds, "0.70", upvests, "0.3")
	made := must(w.createAllocation(contract.AllocationRequest{Name: new("Retirement"), Allocation: sent}))(t)
	want, err := json.Marshal(contract.Allocation{
		ID: made.ID, Name: "Retirement", CreatedAt: start, UpdatedAt: start,
		Allocation: instruments(t, funds, "0.70", upvests, "0.3"),
	})
	must(0, err)(t)
	sent[0].Weight = "changed by the caller later"
	got, err := json.Marshal(must(w.retrieveAllocation(made.ID))(t))
	must(0, err)(t)
	if string(got) != string(want) {
		t.Errorf("retrieved the allocation %s, want %s", got, want)
	}
}

func TestAllocationWithoutNameGetsADefaultName(t *testing.T) {
	w := newWorld(t)
	for _, want := range []string{"Allocation 1", "Allocation 2"} {
		made := w.allocate(funds, "1")
		if made.Name != want {
			t.Errorf("the default name is %q, want %q", made.Name, want)
		}
	}
}

func TestUpdateAllocationReplacesTheMix(t *testing.T) {
	w := newWorld(t)
	made := must(w.createAllocation(contract.AllocationRequest{
		Name: new("First"), Allocation: instruments(t, funds, "0.7", apple, "0.3"),
	}))(t)
	w.pass(time.Hour)
	changed := w.remix(made.ID, upvests, "1")
	if changed.Name != "First" || len(changed.Allocation) != 1 || changed.Allocation[0].Weight != "1" {
		t.Errorf("got the allocation %+v, want the old name First and the new mix", changed)
	}
	if !changed.CreatedAt.Equal(start) || !changed.UpdatedAt.Equal(start.Add(time.Hour)) {
		t.Errorf("created_at is %s and updated_at is %s, want an updated_at that is 1 hour later",
			changed.CreatedAt, changed.UpdatedAt)
	}
	renamed := must(w.updateAllocation(made.ID,
		contract.AllocationRequest{Name: new("Second"), Allocation: instruments(t, upvests, "1")}))(t)
	if renamed.Name != "Second" {
		t.Errorf("the name is %q, want \"Second\"", renamed.Name)
	}
	if got := must(w.retrieveAllocation(made.ID))(t); got.Name != "Second" || len(got.Allocation) != 1 {
		t.Errorf("retrieved the allocation %+v, want the name Second and 1 instrument", got)
	}
}

func TestRepeatedUpdateOfAllocationChangesNothing(t *testing.T) {
	w := newWorld(t)
	request := contract.AllocationRequest{
		Name: new("First"), Allocation: instruments(t, funds, "0.7", apple, "0.3"),
	}
	made := must(w.createAllocation(request))(t)
	w.pass(time.Hour)
	repeated := must(w.updateAllocation(made.ID, request))(t)
	if !repeated.UpdatedAt.Equal(start) || len(w.effects()) != 1 {
		t.Errorf("the repeated update left updated_at %s and %d effects, want %s and 1 effect",
			repeated.UpdatedAt, len(w.effects()), start)
	}
}

func TestUnknownAllocationIsNotFound(t *testing.T) {
	w := newWorld(t)
	_, err := w.retrieveAllocation(nowhere)
	wantRefusal(t, err, 404, "not_found", "allocation_id:", nowhere.String())
	_, err = w.updateAllocation(nowhere, w.mixOf(funds, "1"))
	wantRefusal(t, err, 404, "not_found", "allocation_id:", nowhere.String())
}
