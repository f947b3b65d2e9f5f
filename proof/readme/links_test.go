package readme_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLinks requires that each relative link in a Markdown file of the repository leads
// to a file or folder that exists. If a link has an anchor, the file to which it leads
// must have a heading with this anchor.
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
			t.Errorf("%s: the target of the link %q does not exist", path, link)
		}
		files++
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("read %d Markdown files (error %v), want at least 5", files, err)
	}
	bad := "# A b\n[a](../../README.md) [b](../../README.md#keys) " +
		"[c](https://example.com/x) " +
		"[d](RELEASING.md) [e](#a-b) [f](#a-c) " +
		"[g](../../fleet/README.md#carrying-out-a-run) [h](../../fleet/README.md#carrying-out-the-run) " +
		"[i](../../fleet/README.md#creates-the-tables)"
	want := []string{
		"../../README.md#keys", "RELEASING.md", "#a-c", "../../fleet/README.md#carrying-out-the-run",
		"../../fleet/README.md#creates-the-tables",
	}
	if dead := deadLinks("links_test.go", bad); !slices.Equal(dead, want) {
		t.Errorf("deadLinks returned the links %q, want %q", dead, want)
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	fence   = regexp.MustCompile("(?s)```.*?```")
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	// notInAnchor matches the characters that GitHub omits from the anchor of a heading.
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// deadLinks returns the relative links to files or headings that do not exist. The
// parameter `path` names the file with the links, and `text` is its content.
func deadLinks(path, text string) []string {
	var dead []string
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		name := match[1]
		anchor := strings.TrimPrefix(match[2], "#")
		if strings.Contains(name, "://") || strings.HasPrefix(name, "mailto:") {
			continue
		}
		target := []byte(text)
		if name != "" {
			file := filepath.Join(filepath.Dir(path), name)
			_, err := os.Stat(file)
			if err == nil && anchor != "" {
				target, err = os.ReadFile(file)
			}
			if err != nil {
				dead = append(dead, name)
				continue
			}
		}
		if anchor != "" && !slices.Contains(anchors(string(target)), anchor) {
			dead = append(dead, name+"#"+anchor)
		}
	}
	return dead
}

// anchors returns the anchors that GitHub generates for the headings of a Markdown text.
func anchors(text string) (found []string) {
	times := map[string]int{}
	for _, title := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		anchor := notInAnchor.ReplaceAllString(strings.ToLower(title[1]), "")
		anchor = strings.ReplaceAll(anchor, " ", "-")
		times[anchor]++
		if count := times[anchor]; count > 1 {
			anchor = fmt.Sprintf("%s-%d", anchor, count-1)
		}
		found = append(found, anchor)
	}
	return found
}
