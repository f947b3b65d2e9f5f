// Command bench measures whether the sandbox stays fast and small as it fills. It prints
// a table of measured figures and targets, and exits with 1 if a target is not met.
package main

import (
	"fmt"
	"os"
	"runtime"
	"text/tabwriter"
)

// row is one line of the table.
type row struct {
	what, figure, target string
	met                  bool
}

func main() {
	rows, err := measure()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	fmt.Printf("%s, %s/%s, %d CPUs\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.GOMAXPROCS(0))
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| what\t| measured\t| wanted\t| met |")
	fmt.Fprintln(table, "|---\t|---\t|---\t|--- |")
	status := 0
	for _, r := range rows {
		met := "yes"
		if !r.met {
			met = "no"
			status = 1
		}
		fmt.Fprintf(table, "| %s\t| %s\t| %s\t| %s |\n", r.what, r.figure, r.target, met)
	}
	if err := table.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(status)
}

func measure() ([]row, error) {
	var rows []row
	for _, group := range []func() ([]row, error){growth, rebalancing, traffic, widePage} {
		more, err := group()
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
		runtime.GC()
	}
	return rows, nil
}
