package readme_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks: every link in a Markdown file of the repository leads to a file or folder.
func TestLinks(t *testing.T) {
	files := 0
	err := filepath.WalkDir(repository, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "build" || entry.Name() == ".git"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".md":
			return nil
		}
		text, err := os.ReadFile(path)
		for _, link := range deadLinks(path, string(text)) {
			t.Errorf("%s: the link to %s leads nowhere", path, link)
		}
		files++
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("read %d Markdown files: %v", files, err)
	}
	bad := "[a](../../README.md) [b](../../README.md#keys) [c](https://example.com/x) [d](RELEASING.md)"
	if dead := deadLinks("links_test.go", bad); len(dead) != 1 || dead[0] != "RELEASING.md" {
		t.Errorf("want RELEASING.md as the one dead link, got %q", dead)
	}
}

var link = regexp.MustCompile(`\]\(([^)#\s]+)`)

// deadLinks are the relative links of a text that lead to nothing, seen from the folder
// of a file.
func deadLinks(path, text string) []string {
	var dead []string
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		if strings.Contains(match[1], "://") {
			continue
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), match[1])); err != nil {
			dead = append(dead, match[1])
		}
	}
	return dead
}
