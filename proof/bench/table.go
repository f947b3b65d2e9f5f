package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchfmt" // reads what go test prints, units included
	"golang.org/x/perf/benchunit"
)

// row compares two measurements.
type row struct {
	number      int
	what        string
	ours, limit string // benchmarks; a row without a limit is about ours alone
	unit        string
	target      target
}

// target is what a row is to reach: a number made of ours and limit, and on which side of
// a bound it has to be.
type target struct {
	bound float64
	// relation is how the number is written, with its bound.
	relation string
	number   func(ours, limit float64) float64
	atLeast  bool
}

func times(bound float64) target {
	return target{bound, "≤ %.3g ×", func(ours, limit float64) float64 { return ours / limit }, false}
}

// faster is about things done in a time, where the measurements are times.
func faster(bound float64) target {
	return target{bound, "≥ %.3g ×", func(ours, limit float64) float64 { return limit / ours }, true}
}

func more(bound float64) target {
	return target{bound, "≤ %.0f more", func(ours, limit float64) float64 { return ours - limit }, false}
}

func inAll(bound float64) target {
	return target{bound, "≤ %.0f", func(ours, _ float64) float64 { return ours }, false}
}

func (t target) met(number float64) bool {
	if t.atLeast {
		return number >= t.bound
	}
	return number <= t.bound
}

const (
	seconds     = "sec/op"
	bytesOnHeap = "B/op"
	allocations = "allocs/op"
)

var rows = []row{
	{
		1,
		"signature editor, P-521, beside ecdsa.SignASN1",
		"SignatureP521/ours",
		"SignatureP521/limit",
		seconds,
		times(1.03),
	},
	{1, "", "SignatureP521/ours", "SignatureP521/limit", allocations, more(25)},
	{
		2,
		"signature editor, Ed25519, beside ed25519.Sign",
		"SignatureEd25519/ours",
		"SignatureEd25519/limit",
		seconds,
		times(1.35),
	},
	{3, "a whole order, beside one written by hand", "Order/ours", "Order/limit", seconds, times(1.4)},
	{3, "", "Order/ours", "Order/limit", allocations, inAll(115)},
	{
		4,
		"a page of 1000 orders, beside net/http and encoding/json",
		"OrderPage/ours",
		"OrderPage/limit",
		seconds,
		times(0.5),
	},
	{4, "", "OrderPage/ours", "OrderPage/limit", bytesOnHeap, times(0.5)},
	{4, "", "OrderPage/ours", "OrderPage/limit", allocations, times(0.25)},
	{5, "decoding that page, beside encoding/json", "Decode/ours", "Decode/limit", seconds, times(0.45)},
	{
		6,
		"All over 100,000 orders, 20 ms a page, 4 ahead, beside 0",
		"All/4_ahead",
		"All/limit",
		seconds,
		times(0.25),
	},
	{6, "the same, 16 ahead", "All/16_ahead", "All/limit", seconds, times(0.1)},
	{
		7,
		"live heap of All over 1,000,000 orders, beside 10,000",
		"LiveHeap/ours",
		"LiveHeap/limit",
		"live-B",
		times(1.1),
	},
	{8, "1,000 goroutines on a cold client: token requests", "ColdClient", "", "tokens/op", inAll(1)},
	{8, "the same: dials for each call in flight", "ColdClient", "", "dials/call", inAll(1)},
	{
		9,
		"64 goroutines at the sandbox, beside bare net/http",
		"Sandbox/ours",
		"Sandbox/limit",
		seconds,
		faster(0.9),
	},
	{
		10,
		"orders placed by 2 processors, beside 1",
		"Parallel/ours/processors_2",
		"Parallel/ours/processors_1",
		seconds,
		faster(1.8),
	},
	{
		0,
		"what the machine allows: the same by hand",
		"Parallel/by_hand/processors_2",
		"Parallel/by_hand/processors_1",
		seconds,
		faster(1.8),
	},
}

// measurements are all values of a unit that a benchmark had, by "name unit".
type measurements map[string][]float64

func read(from io.Reader) (measurements, error) {
	all := measurements{}
	reader := benchfmt.NewReader(from, "")
	for reader.Scan() {
		switch record := reader.Result().(type) {
		case *benchfmt.Result:
			name, _, _ := strings.Cut(string(record.Name), "-") // behind the dash are the processors
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

// printTable prints the rows that were measured.
func printTable(to io.Writer, from io.Reader) error {
	all, err := read(from)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "row\twhat\tunit\tours\tlimit\tratio\ttarget\tmet")
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
		theirs, ratio := "", ""
		if compared {
			theirs = scaled(limit, row.unit)
			ratio = fmt.Sprintf("%.3f", number)
		}
		label := ""
		if row.number > 0 && row.what != "" {
			label = fmt.Sprint(row.number)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t"+row.target.relation+"\t%s\n",
			label, row.what, row.unit, scaled(ours, row.unit), theirs, ratio, row.target.bound, met)
		printed++
	}
	if printed == 0 {
		return errors.New("nothing of the table was measured")
	}
	return table.Flush()
}

func scaled(value float64, unit string) string {
	return benchunit.Scale(value, benchunit.ClassOf(unit))
}
