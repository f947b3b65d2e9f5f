package suites_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	// The testdata folder of apd contains decTest, the test suite of the General Decimal
	// Arithmetic specification.
	_ "github.com/cockroachdb/apd/v3"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// decimalCase is a case of decTest, such as "addx001 add 1 1 -> 2".
type decimalCase struct {
	id        string
	operation string
	operands  []string
	result    string
}

// plain matches a number that package api accepts: a finite number without an exponent or
// a plus sign.
var plain = regexp.MustCompile(`^-?([0-9]{1,200}(\.[0-9]{0,200})?|\.[0-9]{1,200})$`)

// decimalCases reads a file of decTest. It returns the cases that have only plain numbers
// and no condition after the result.
func decimalCases(t *testing.T, file string) []decimalCase {
	t.Helper()
	const module = "github.com/cockroachdb/apd/v3"
	command := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.Dir}}", module)
	folder, err := command.Output()
	if err != nil {
		t.Fatalf("find the module of decTest: %v", err)
	}
	source, err := os.Open(filepath.Join(strings.TrimSpace(string(folder)), "testdata", file+".decTest"))
	if err != nil {
		t.Fatal(err)
	}
	// An error from Close is harmless here, because the file is only read.
	defer func() { _ = source.Close() }()
	var cases []decimalCase
	lines := bufio.NewScanner(source)
	for lines.Scan() {
		if c, ok := readDecimalCase(lines.Text()); ok {
			cases = append(cases, c)
		}
	}
	if err := lines.Err(); err != nil || len(cases) == 0 {
		t.Fatalf("read %s: got %d cases (error %v), want at least 1", file, len(cases), err)
	}
	return cases
}

// readDecimalCase reads a case from a line. It reports false if the line contains no
// case, or a case that this package does not run: a case with a number that is not plain,
// or with a condition after the result. The condition Inexact, for example, means that
// the result is not exact.
func readDecimalCase(line string) (decimalCase, bool) {
	line, _, _ = strings.Cut(line, "--")
	question, result, found := strings.Cut(line, "->")
	words := strings.Fields(strings.ReplaceAll(question, "'", ""))
	results := strings.Fields(strings.ReplaceAll(result, "'", ""))
	if !found || len(words) < 3 || len(results) != 1 {
		return decimalCase{}, false
	}
	c := decimalCase{id: words[0], operation: words[1], operands: words[2:], result: results[0]}
	for _, number := range append([]string{c.result}, c.operands...) {
		if !plain.MatchString(number) {
			return decimalCase{}, false
		}
	}
	return c, true
}

// TestDecimals runs the cases for the decimal operations that package api supports.
func TestDecimals(t *testing.T) {
	r := newRun("decimals in package api")
	for _, c := range decimalCases(t, "compare") {
		got, err := api.Decimal(c.operands[0]).Cmp(api.Decimal(c.operands[1]))
		r.addDecimal(c, fmt.Sprint(got), err)
	}
	for _, c := range decimalCases(t, "add") {
		sum, err := api.Sum(api.Decimal(c.operands[0]), api.Decimal(c.operands[1]))
		r.addDecimal(c, string(sum), err)
	}
	for _, c := range decimalCases(t, "subtract") {
		sum, err := api.Sum(api.Decimal(c.operands[0]), negative(c.operands[1]))
		r.addDecimal(c, string(sum), err)
	}
	for _, c := range decimalCases(t, "plus") {
		sum, err := api.Sum(api.Decimal(c.operands[0]))
		r.addDecimal(c, string(sum), err)
	}
	for _, c := range decimalCases(t, "minus") {
		sum, err := api.Sum(negative(c.operands[0]))
		r.addDecimal(c, string(sum), err)
	}
	r.compare(t)
}

func negative(number string) api.Decimal {
	if positive, isNegative := strings.CutPrefix(number, "-"); isNegative {
		return api.Decimal(positive)
	}
	return api.Decimal("-" + number)
}

func (r *run) addDecimal(c decimalCase, got string, err error) {
	differs := ""
	if err != nil || got != c.result {
		differs = fmt.Sprintf("%s %q returns %q (error %v), want %q",
			c.operation, c.operands, got, err, c.result)
	}
	r.add(c.id, differs)
}
