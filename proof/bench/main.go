// Bench compares the cost of the client with that of the same work without it. It runs
// the benchmarks in turns and prints one table with the project's targets and whether
// they are met. Run it with `make bench`. A missed target fails nothing, since times vary
// with the machine.
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
	rounds := flag.Int("rounds", 10, "how often everything is measured; the table compares medians")
	pattern := flag.String("bench", ".", "which benchmarks to run, as for go test")
	duration := flag.String("benchtime", "300ms", "how long each runs in a round, as for go test")
	raw := flag.String("raw", "", "a file to keep the measurements in, for benchstat")
	from := flag.String("from", "", "a file with measurements: print their table without measuring")
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

// packages are measured in this order. Each is built once, so that no round compiles.
var packages = []string{"../wrapper", "./bench"}

// measure runs the test programs and returns their output. It repeats all benchmarks in
// every round, so that a slow phase of the machine affects both sides of a comparison.
func measure(ctx context.Context, rounds int, arguments ...string) ([]byte, error) {
	directory, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the programs: %w", err)
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
