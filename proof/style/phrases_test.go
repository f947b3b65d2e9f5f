package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPhrases requires that each rejected phrase is reported once, even if it spans two
// lines, and that similar phrases are not reported.
func TestPhrases(t *testing.T) {
	wrong := []string{
		"A time-" + "out.", "Men" + "d it.", "No" + "body knows.", "Any" + "body may.",
		"Every" + "body waits.",
		"It bears wi" + "th a 404.", "A key of its o" + "wn.", "A key of\n// its o" + "wn.",
		"By Upvest's wo" + "rd.", "Newer than this cli" + "ent.", "Whatever comes and go" + "es.",
		"A UUID that is no" + "ne.", "The time is no" + "ne.",
	}
	plain := "nil if there is none; recommend it; http.NoBody; a timeout; somebody else; its own key"
	folder := t.TempDir()
	names := []string{"a.go", "a.md", "a.yaml", "Makefile", "Dockerfile", ".github/a.yml", ".ci/a"}
	for _, name := range names {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, text := range wrong {
			write(t, path, "// "+text+"\n// "+plain+"\n")
			findings, err := checkTexts([]string{folder})
			if err != nil || len(findings) != 1 || !strings.HasSuffix(findings[0].position.Filename, name) {
				t.Errorf("the text %q in %s: got the findings %v (error %v), want exactly one finding",
					text, name, findings, err)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(folder, "a.go"), "// "+plain+"\n")
	findings, err := checkTexts([]string{folder})
	if err != nil || len(findings) > 0 {
		t.Errorf("the text %q: got the findings %v (error %v), want none", plain, findings, err)
	}
}

// TestWideCommentsInOtherTexts requires a finding for each line of YAML, SQL or a script
// that consists of a comment with more than 90 columns and does not end with a URL.
func TestWideCommentsInOtherTexts(t *testing.T) {
	atLimit := strings.Repeat("a", 90-len("  # "))
	for _, test := range []struct {
		name, line string
		reported   bool
	}{
		{name: "a.yaml", line: "  # " + atLimit, reported: false},
		{name: "a.yaml", line: "  # " + atLimit + "a", reported: true},
		{name: "a.sql", line: "  -- " + atLimit, reported: true},
		{name: "a.mjs", line: "  // " + atLimit, reported: true},
		{name: ".ci/a", line: "  # " + atLimit + "a", reported: true},
		{name: "a.yaml", line: "  # https://" + atLimit, reported: false},
		{name: "a.yaml", line: "key: " + atLimit + "aaaaa", reported: false},
		{name: "a.md", line: "## " + atLimit + "aaaaa", reported: false},
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, test.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, path, test.line+"\n")
		findings, err := checkTexts([]string{folder})
		reported := len(findings) == 1 && findings[0].rule == "comment" && findings[0].position.Line == 1
		if err != nil || reported != test.reported {
			t.Errorf("the line %q in %s: got the findings %v (error %v), want a finding: %t",
				test.line, test.name, findings, err, test.reported)
		}
	}
}
