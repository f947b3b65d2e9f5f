package main

import (
	"strings"
	"testing"
)

// TestTable requires that printTable prints medians, ratios and results, and only the
// rows whose benchmarks were measured.
func TestTable(t *testing.T) {
	measured := `goos: linux
BenchmarkSignatureP521/limit-2   100  100000 ns/op  10 B/op  60 allocs/op
BenchmarkSignatureP521/ours-2    100  104000 ns/op  10 B/op  85 allocs/op
BenchmarkSignatureP521/limit-2   100  100000 ns/op  10 B/op  60 allocs/op
BenchmarkSignatureP521/ours-2    100  101000 ns/op  10 B/op  85 allocs/op
BenchmarkSignatureP521/limit-2   100  100000 ns/op  10 B/op  60 allocs/op
BenchmarkSignatureP521/ours-2    100  101000 ns/op  10 B/op  85 allocs/op
BenchmarkOrder/limit   100  100000 ns/op  10 B/op  79 allocs/op
BenchmarkOrder/ours    100  150000 ns/op  10 B/op  116 allocs/op
BenchmarkColdClient-2  1    100000 ns/op  1.000 tokens/op  1.001 dials/call
BenchmarkSandbox/limit-2   100  90000 ns/op
BenchmarkSandbox/ours-2    100  100000 ns/op
PASS
`
	want := []string{
		"row what unit client baseline ratio target met",
		"1 signature editor with P-521 vs. ecdsa.SignASN1 sec/op 101.0µ 100.0µ 1.010 ≤ 1.03 × yes",
		"allocs/op 85.00 60.00 25.000 ≤ 25 more yes",
		"3 placing an order vs. a handwritten request sec/op 150.0µ 100.0µ 1.500 ≤ 1.4 × no",
		"allocs/op 116.0 79.00 116.000 ≤ 115 no",
		"8 token requests when 1,000 goroutines share a new client tokens/op 1.000 ≤ 1 yes",
		"8 dials per concurrent call of 1,000 goroutines dials/call 1.001 ≤ 1 no",
		"9 64 goroutines calling the sandbox vs. bare net/http sec/op 100.0µ 90.00µ 0.900 ≥ 0.9 × yes",
	}
	var printed strings.Builder
	if err := printTable(&printed, strings.NewReader(measured)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(printed.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("printTable printed\n%s\nwant\n%s", a, b)
	}
	if err := printTable(&printed, strings.NewReader("PASS\n")); err == nil {
		t.Error("printTable returned no error for measurements that belong to no row, want an error")
	}
}
