package drift_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// rowOfWrapperTests matches a line with the id of an operation in
// wrapper/operations_test.go.
var rowOfWrapperTests = regexp.MustCompile(`(?m)^\t+id: +"(\w+)",$`)

// checkWrapperTests requires that the table of the wrapper's tests contains every
// operation of the contract.
func checkWrapperTests(contract *openapi3.T) (found findings) {
	const file = "wrapper/operations_test.go"
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	var got []string
	for _, row := range rowOfWrapperTests.FindAllStringSubmatch(string(text), -1) {
		got = append(got, row[1])
	}
	found.addSets(file+": everyOperation", operationIDs(contract), got,
		"if it is missing, add a row with the documented response and a call; "+
			"if it is unexpected, remove its row")
	return found
}

const identifiedFile = "wrapper/internal/wire/identified.go"

// checkEmptyResponses requires that no method accepts an empty object as a resource.
func checkEmptyResponses(contract *openapi3.T) findings {
	return acceptedBodies(contract, func(operation) string { return "{}" })
}

// acceptedBodies calls the method of each operation that documents status 200, on a
// server that returns the given body with this status. It reports each operation whose
// call succeeds. It reports an operation without a method unless identifiedFile has a
// case for the response type.
func acceptedBodies(contract *openapi3.T, body func(operation) string) (found findings) {
	var next string
	client, err := stub(transport(func(request *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Request: request,
			Header: http.Header{"Content-Type": {"application/json"}},
			Body:   io.NopCloser(strings.NewReader(next)), ContentLength: int64(len(next)),
		}, nil
	}))
	if err != nil {
		found.addf("wrapper: %v", err)
		return found
	}
	identified, err := os.ReadFile(filepath.Join(repository, identifiedFile))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	methods, _ := wrapperMethods(contract) // checkWrapper reports the discarded findings
	examples := requestExamples(contract)
	for _, op := range operations(contract) {
		success := op.Responses.Status(http.StatusOK)
		if success == nil {
			continue
		}
		goType := path.Base(success.Value.Content["application/json"].Schema.Ref)
		method, known := methods[op.OperationID]
		next = body(op)
		accepted := !strings.Contains(string(identified), "case *portfolios."+goType+":")
		if known {
			_, err := method.call(context.Background(), client, pathID(op, []byte(next)), examples)
			accepted = err == nil
		}
		if accepted {
			found.addf(identifiedFile+": %s accepts the response %.20s: add a case for %s",
				op.OperationID, next, goType)
		}
	}
	return found
}

// checkFieldwiseDecoding requires that the client decodes each response with status 200
// field by field, so that it can decode all other fields of a response in which one field
// is invalid.
func checkFieldwiseDecoding(contract *openapi3.T) (found findings) {
	const file = "wrapper/internal/wire/shape.go"
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	for _, op := range operations(contract) {
		success := op.Responses.Status(http.StatusOK)
		if success == nil {
			continue
		}
		goType := path.Base(success.Value.Content["application/json"].Schema.Ref)
		if want := "add[portfolios." + goType + "](o)"; !strings.Contains(string(text), want) {
			found.addf(file+": %s returns a %s, which the client does not decode field by field: "+
				"add %s to newObjects",
				op.OperationID, goType, want)
		}
	}
	return found
}

// TestAcceptedBodiesAreFound requires that acceptedBodies reports a method that accepts
// the given body.
func TestAcceptedBodiesAreFound(t *testing.T) {
	t.Parallel()
	contract := parse(t, readContract(t))
	list := func(operation) string { return `{"data": [], "meta": {"limit": 100, "total_count": 0}}` }
	requireFinding(t, acceptedBodies(contract, list), "list_portfolios_orders accepts the response")
}

// writtenCount matches text that states a number of operations from ten upwards. Such
// text becomes wrong when an operation is added.
var writtenCount = regexp.MustCompile(
	`(?i)\b(\d{2,}|ten|eleven|twelve|(thir|four|fif|six|seven|eigh|nine)teen|twenty) operations\b`)

// checkWrittenCounts requires that no Markdown file, Go file or Makefile states how many
// operations the contract has.
func checkWrittenCounts(*openapi3.T) (found findings) {
	err := filepath.WalkDir(repository, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == ".git" || name == "build" || name == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if name != "Makefile" && filepath.Ext(name) != ".md" && filepath.Ext(name) != ".go" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(repository, file)
		if err != nil {
			return err
		}
		found = append(found, writtenCounts(filepath.ToSlash(relative), string(text))...)
		return nil
	})
	if err != nil {
		found.addf("search for hand-written numbers of operations: %v", err)
	}
	return found
}

func writtenCounts(file, text string) (found findings) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if !strings.Contains(strings.ToLower(line), "operations") {
			continue // matching the expression on every line would take seconds
		}
		if count := writtenCount.FindString(line); count != "" {
			found.addf("%s:%d: %q becomes wrong when an operation is added: write \"all operations\"",
				file, number, count)
		}
	}
	return found
}

func TestWrittenCountsAreFound(t *testing.T) {
	t.Parallel()
	for _, count := range []string{"15", "fifteen", "Sixteen"} {
		text := "# Title\n\nIt calls all " + count + " operations.\n"
		want := fmt.Sprintf("README.md:3: %q", count+" operations")
		requireFinding(t, writtenCounts("README.md", text), want)
	}
	if found := writtenCounts("README.md", "two operations, all operations"); len(found) > 0 {
		t.Errorf(`got the findings %q for "two operations, all operations", want none`, found)
	}
}

var contractOfRelease = regexp.MustCompile(`(?m)^Contract (\S+)\.$`)

// checkChangelog requires that the first line of the form "Contract 1.0.0." in
// CHANGELOG.md names the version of the contract.
func checkChangelog(contract *openapi3.T) (found findings) {
	text, err := os.ReadFile(filepath.Join(repository, "CHANGELOG.md"))
	if err != nil {
		found.addf("%v", err)
		return found
	}
	want := "Contract " + contract.Info.Version + "."
	if got := contractOfRelease.FindString(string(text)); got != want {
		found.addf("CHANGELOG.md: the first line with a version of the contract is %q: write %s", got, want)
	}
	return found
}
