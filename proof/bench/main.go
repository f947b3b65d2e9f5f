// Bench measures what calls cost with the client, and what the same work costs without
// the client. It runs the benchmarks in `packages` in rounds, and prints a table with the
// results, the targets, and whether each target is met. Run it with `make bench`. The
// command succeeds even if a target is missed, because times depend on the machine.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	rounds := flag.Int("rounds", 10,
		"the number of times to run each benchmark; the table compares the medians")
	pattern := flag.String("bench", ".", "the benchmarks to run, as for go test -bench")
	duration := flag.String("benchtime", "300ms",
		"how long to run each benchmark in a round, as for go test -benchtime")
	raw := flag.String("raw", "", "a file to which bench writes the measurements, for benchstat")
	from := flag.String("from", "", "a file with measurements; bench prints their table "+
		"and runs no benchmarks")
	flag.Parse()
	if err := run(*rounds, *pattern, *duration, *raw, *from); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, pattern, duration, raw, from string) error {
	if from != "" {
		measured, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		return printTable(os.Stdout, bytes.NewReader(measured))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	measured, err := measure(ctx, rounds,
		"-test.run=^$", "-test.benchmem", "-test.bench="+pattern, "-test.benchtime="+duration)
	if err != nil {
		return err
	}
	if raw != "" {
		if err := os.WriteFile(raw, measured, 0o600); err != nil {
			return err
		}
	}
	return printTable(os.Stdout, bytes.NewReader(measured))
}

// packages contains the packages whose benchmarks bench runs. Bench compiles each package
// once, before the first round.
var packages = []string{"../wrapper", "./bench"}

// measure runs the benchmarks and returns their output. Every round runs all benchmarks,
// so that a slow phase of the machine affects the client and the baseline alike.
func measure(ctx context.Context, rounds int, arguments ...string) ([]byte, error) {
	directory, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, fmt.Errorf("create a directory for the programs: %w", err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	for _, name := range packages {
		build := exec.CommandContext(ctx, "go", "test", "-c", "-o", program(directory, name), name)
		if output, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the benchmarks of %s: %w: %s", name, err, output)
		}
	}
	var measured bytes.Buffer
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, rounds)
		for _, name := range packages {
			run := exec.CommandContext(ctx, program(directory, name), arguments...)
			run.Dir = name
			run.Stdout = &measured
			run.Stderr = io.MultiWriter(&measured, os.Stderr)
			if err := run.Run(); err != nil {
				return nil, fmt.Errorf("run the benchmarks of %s: %w: %s", name, err, measured.Bytes())
			}
		}
	}
	return measured.Bytes(), nil
}

func program(directory, name string) string {
	return filepath.Join(directory, filepath.Base(name)+".test")
}
