package histories_test

import (
	"flag"
	"testing"
	"testing/synctest"

	"github.com/anishathalye/porcupine"
)

var (
	seeds = flag.Uint64("seeds", 20, "the number of histories that TestHistories checks")
	seed  = flag.Uint64("seed", 0, "the number of the only history that TestHistories checks; "+
		"if it is 0, TestHistories checks the histories 1 to -seeds")
)

// holds produces the history of a seed and a defect, and reports whether the model allows
// this history.
func holds(t *testing.T, seed uint64, d defect) bool {
	t.Helper()
	var history []porcupine.Operation
	synctest.Test(t, func(t *testing.T) {
		w, err := newWorld(seed, d)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.run(t.Context()); err != nil {
			t.Error(err)
		}
		if err := w.server.Close(); err != nil {
			t.Error(err)
		}
		history = w.history
	})
	isLegal := porcupine.CheckOperations(model(), history)
	if !isLegal && d.name == "" {
		for _, operation := range history {
			t.Logf("from tick %d to tick %d: input %+v, output %+v",
				operation.Call, operation.Return, operation.Input, operation.Output)
		}
	}
	return isLegal
}

func TestHistories(t *testing.T) {
	first := uint64(1)
	last := *seeds
	if *seed > 0 {
		first = *seed
		last = *seed
	}
	for number := first; number <= last; number++ {
		if !holds(t, number, defect{}) {
			t.Errorf("the model refused the history of seed %d, want it allowed; "+
				"`make histories SEED=%d` checks this history again", number, number)
		}
	}
}

// TestDefectsAreFound requires that, for each defect, the model refuses at least one of
// the histories of the first 200 seeds, and refuses the history of this seed again in a
// second run.
func TestDefectsAreFound(t *testing.T) {
	const tried = 200
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			for number := uint64(1); number <= tried; number++ {
				if holds(t, number, d) {
					continue
				}
				if holds(t, number, d) {
					t.Errorf("the model refused the history of seed %d only in the first of two runs, "+
						"want it refused in both runs", number)
				}
				t.Logf("the model refused the history of seed %d", number)
				return
			}
			t.Errorf("the model allowed the histories of all %d seeds, want at least one refused", tried)
		})
	}
}
