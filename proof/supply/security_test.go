package supply_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	question = regexp.MustCompile(`(?m)^## \d+\. `)
	proof    = regexp.MustCompile("```sh\n(cd (\\S+) && )?.*-run '?([^\\s']+)'? (\\S+)\n```")
	declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// unproved checks the answer to each question in a document. It returns a finding for
// each answer that does not contain exactly one command, and for each command with -run
// whose pattern selects no test.
func unproved(text string) []string {
	var findings []string
	for _, part := range question.Split(text, -1)[1:] {
		title, _, _ := strings.Cut(part, "\n")
		if strings.Count(part, "```sh\n") != 1 {
			findings = append(findings, title+": the answer to the question must contain exactly one command")
		}
		if command := proof.FindStringSubmatch(part); command != nil {
			if !hasTest(filepath.Join("../..", command[2], command[4]), command[3]) {
				findings = append(findings, title+": the command selects no test with -run "+command[3])
			}
		}
	}
	return findings
}

// hasTest reports whether `go test -run` with the given pattern selects a test in a
// folder.
func hasTest(folder, pattern string) bool {
	selects, err := regexp.Compile(pattern)
	if err != nil {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*_test.go")) // the pattern is valid
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for _, test := range declared.FindAllSubmatch(text, -1) {
			if selects.Match(test[1]) {
				return true
			}
		}
	}
	return false
}

func TestSecurityQuestionsHaveProofs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	if count := len(question.FindAll(text, -1)); count < 20 {
		t.Errorf("docs/security.md has %d questions, want at least 20", count)
	}
	for _, finding := range unproved(string(text)) {
		t.Errorf("docs/security.md: %s", finding)
	}
}

func TestUnprovedQuestionsAreFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"## 1. Why?\n\nBecause.\n",
		"## 1. Why?\n\n```sh\ngo test -count=1 -run TestNothingLikeIt ./wrapper\n```\n",
		"## 1. Why?\n\n```sh\ngo test -count=1 -run '^TestNothing$' ./wrapper\n```\n",
		"## 1. Why?\n\n```sh\ngo test -count=1 -run ^RoundTrip ./wrapper\n```\n",
	} {
		if findings := unproved(text); len(findings) != 1 {
			t.Errorf("unproved returned the findings %q for the text %q, want exactly one", findings, text)
		}
	}
}
