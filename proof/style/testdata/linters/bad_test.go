package control // want testpackage

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	os.Exit(m.Run()) // want revive:redundant-test-main-exit
}

func ExampleBranch() { // want testableexamples
	fmt.Println(Branch(1))
}

func check(t *testing.T, got int) { // want thelper
	if got != 1 {
		t.Errorf("got %d", got)
	}
}

func TestParallel(t *testing.T) { // want tparallel
	t.Run("one", func(t *testing.T) {
		t.Parallel()
		check(t, 1)
	})
}

func TestSetenv(t *testing.T) {
	os.Setenv("A", "b") // want usetesting
	check(t, 1)
}
