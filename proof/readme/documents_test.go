package readme_test

import (
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documents returns the paths of the README and the pages of docs/, relative to the
// repository.
func documents(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	if err != nil || len(pages) < 5 {
		t.Fatalf("found %d pages in docs/ (error %v), want at least 5", len(pages), err)
	}
	names := []string{"README.md"}
	for _, page := range pages {
		names = append(names, filepath.Join("docs", filepath.Base(page)))
	}
	return names
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// goCode returns the blocks of Go code in a document.
func goCode(t *testing.T, name string) []string {
	t.Helper()
	return blocks(document(t, name), "go")
}

// blocks returns the blocks of code that a Markdown text marks with the given language.
func blocks(text, language string) []string {
	var found []string
	pattern := regexp.MustCompile("(?s)```" + language + "\n(.*?)```")
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// TestLengths limits the number of lines of the README and of the pages that must remain
// short.
func TestLengths(t *testing.T) {
	for name, limit := range map[string]int{
		"README.md": 160, "docs/performance.md": 60, "docs/quick-reference.md": 80,
	} {
		if lines := strings.Count(document(t, name), "\n"); lines > limit {
			t.Errorf("%s has %d lines, want at most %d", name, lines, limit)
		}
	}
}

// TestBlocksHaveAKnownLanguage requires that each block that is marked with a language is
// marked with go, sh or text. Other tests check the blocks of Go code and of shell
// commands.
func TestBlocksHaveAKnownLanguage(t *testing.T) {
	fence := regexp.MustCompile("(?m)^```(.+)$")
	known := []string{"go", "sh", "text"}
	for _, name := range documents(t) {
		for _, match := range fence.FindAllStringSubmatch(document(t, name), -1) {
			if !slices.Contains(known, match[1]) {
				t.Errorf("%s has a block in the language %q, want one of %q", name, match[1], known)
			}
		}
	}
}

// packageComment is the file with the package comment of the client.
const packageComment = "wrapper/doc.go"

// packageCode returns the blocks of code in the package comment, except for the list of
// methods.
func packageCode(t *testing.T) []string {
	t.Helper()
	mode := parser.ParseComments | parser.PackageClauseOnly
	name := filepath.Join(repository, packageComment)
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, mode)
	if err != nil {
		t.Fatal(err)
	}
	var pieces []string
	for _, block := range new(comment.Parser).Parse(file.Doc.Text()).Content {
		code, ok := block.(*comment.Code)
		if ok && !strings.HasPrefix(code.Text, "client.Allocations ") {
			pieces = append(pieces, code.Text)
		}
	}
	if len(pieces) < 8 {
		t.Errorf("found %d blocks of code in %s, want at least 8", len(pieces), packageComment)
	}
	return pieces
}

// TestPackageCommentHasSections requires that the package comment of the client has a
// section for each important subject.
func TestPackageCommentHasSections(t *testing.T) {
	text := document(t, packageComment)
	for _, section := range []string{
		"Quick start", "Authentication", "Errors and outcomes", "Retries, timeouts and limits", "Lists",
		"Waiting", "Testing", "Using the editors alone",
	} {
		if !strings.Contains(text, "\n// # "+section+"\n") {
			t.Errorf("%s has no section %q", packageComment, section)
		}
	}
}
