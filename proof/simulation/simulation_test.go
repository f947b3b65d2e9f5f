package simulation_test

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

var (
	seeds = flag.Uint64("seeds", 1, "the number of months that TestMonths simulates")
	from  = flag.Uint64("from", 1, "the number of the first month that TestMonths simulates")
	seed  = flag.Uint64("seed", 0, "the number of the only month that TestMonths simulates; "+
		"0 means that -from and -seeds select the months")
	report = flag.Bool("report", false, "print the numbers of simulated calls and faults, "+
		"and the largest values that occurred")
)

// TestMonths requires that the judge finds no problem in the month of each seed.
func TestMonths(t *testing.T) {
	first := *from
	last := first + *seeds - 1
	if *seed > 0 {
		first = *seed
		last = *seed
	}
	numbers := make(chan uint64)
	total := newFigures()
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for number := range numbers {
				t.Run(fmt.Sprint("seed ", number), func(t *testing.T) {
					done := run(t, number, defect{})
					requireNoProblems(t, done)
					mu.Lock()
					defer mu.Unlock()
					total.add(done.figures)
				})
			}
		})
	}
	for number := first; number <= last; number++ {
		numbers <- number
	}
	close(numbers)
	workers.Wait()
	if *report {
		fmt.Fprintln(os.Stdout, total)
	}
}

// run adds the defect to the client, its callers or the server, and then simulates the
// month that the seed determines.
func run(t *testing.T, seed uint64, defect defect) (done *simulation) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		done, err = simulate(seed, defect)
		if err != nil {
			t.Fatal(err)
		}
	})
	return done
}

const mostShown = 5

func requireNoProblems(t *testing.T, s *simulation) {
	t.Helper()
	for _, problem := range s.problems[:min(len(s.problems), mostShown)] {
		t.Error(problem)
	}
	if len(s.problems) > 0 {
		t.Errorf("the judge reported %d problems, want none; run make simulate SEED=%d to repeat the month",
			len(s.problems), s.seed)
	}
}
