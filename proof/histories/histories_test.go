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
		"0 means that -seeds selects the histories")
)

// holds reports whether the model allows the history of a seed.
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
			t.Logf("%d to %d: %+v: %+v", operation.Call, operation.Return, operation.Input, operation.Output)
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
			t.Errorf("the model refused the history; run make histories SEED=%d to repeat it", number)
		}
	}
}

// TestDefectsAreFound requires for each defect a seed whose history the model refuses
// twice in a row.
func TestDefectsAreFound(t *testing.T) {
	const tried = 200
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			for number := uint64(1); number <= tried; number++ {
				if holds(t, number, d) {
					continue
				}
				if holds(t, number, d) {
					t.Errorf("the model refused the history of seed %d, but allowed its repetition", number)
				}
				t.Logf("the model refused the history of seed %d", number)
				return
			}
			t.Errorf("the model allowed the histories of all %d seeds, want one that it refuses", tried)
		})
	}
}
