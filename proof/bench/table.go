package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt" // parses the output of go test, with units
	"golang.org/x/perf/benchunit"
)

// measurements contains the measured values. A key consists of the name of a benchmark, a
// space and the unit.
type measurements map[string][]float64

// read parses the output of go test.
func read(from io.Reader) (measurements, error) {
	all := measurements{}
	reader := benchfmt.NewReader(from, "")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			// In the output, a dash separates the name from the number of processors.
			name, _, _ := strings.Cut(string(record.Name), "-")
			for _, value := range record.Values {
				all[name+" "+value.Unit] = append(all[name+" "+value.Unit], value.Value)
			}
		case *benchfmt.SyntaxError:
			return nil, fmt.Errorf("read the measurements: %w", record)
		}
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("read the measurements: %w", err)
	}
	return all, nil
}

func (m measurements) median(benchmark, unit string) (float64, bool) {
	values := slices.Sorted(slices.Values(m[benchmark+" "+unit]))
	if len(values) == 0 {
		return 0, false
	}
	return (values[len(values)/2] + values[(len(values)-1)/2]) / 2, true
}

// printTable prints the rows whose benchmarks were measured.
func printTable(to io.Writer, from io.Reader) error {
	all, err := read(from)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\twhat\tunit\tclient\tbaseline\tratio\ttarget\tmet")
	printed := 0
	for _, row := range rows {
		ours, measured := all.median(row.ours, row.unit)
		limit, compared := all.median(row.limit, row.unit)
		if !measured || row.limit != "" && !compared {
			continue
		}
		number := row.target.number(ours, limit)
		met := "no"
		if row.target.met(number) {
			met = "yes"
		}
		theirs := ""
		ratio := ""
		if compared {
			theirs = scaled(limit, row.unit)
			ratio = fmt.Sprintf("%.3f", number)
		}
		label := ""
		if row.number > 0 && row.what != "" {
			label = strconv.Itoa(row.number)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t"+row.target.relation+"\t%s\n",
			label, row.what, row.unit, scaled(ours, row.unit), theirs, ratio, row.target.bound, met)
		printed++
	}
	if printed == 0 {
		return errors.New("print the table: the measurements contain no benchmark of the table")
	}
	return table.Flush()
}

func scaled(value float64, unit string) string {
	return benchunit.Scale(value, benchunit.ClassOf(unit))
}
