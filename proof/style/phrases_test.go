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
	for _, name := range []string{"a.go", "a.md", "a.yaml", "Makefile", ".github/a.yml"} {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, text := range wrong {
			write(t, path, "// "+text+"\n// "+plain+"\n")
			findings, err := checkPhrases([]string{folder})
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
	findings, err := checkPhrases([]string{folder})
	if err != nil || len(findings) > 0 {
		t.Errorf("the text %q: got the findings %v (error %v), want none", plain, findings, err)
	}
}
