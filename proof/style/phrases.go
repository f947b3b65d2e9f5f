package main

import (
	"fmt"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// phrase is an unclear phrase, with the advice on what to write instead.
type phrase struct {
	pattern *regexp.Regexp
	instead string
}

// phrases returns the phrases that the rule "phrase" rejects. Because of the brackets in
// the patterns, no pattern matches the source code of this file. A space in a pattern
// also matches a line break within a comment.
func phrases() []phrase {
	var list []phrase
	for _, entry := range [][2]string{
		{`(?i)\btime[-]outs?\b`, "timeout"},
		{`(?i)\bm[e]nd(?:s|ed|ing)?\b`, "fix or correct"},
		{`[Nn]o[b]ody`, "the subject that does not: no caller, no other worker"},
		{`[Aa]ny[b]ody`, "the subject: a caller, a reader"},
		{`[Ee]very[b]ody`, "the subject: every caller, every worker"},
		{`(?i)\bbear[s]? with\b`, "tolerates"},
		{`(?i)\bof it[s] own\b`, "its own, or the word alone"},
		{`(?i)\bby Upvest.?[s] word\b`, "Upvest documents"},
		{`(?i)\bnew[e]r than this client\b`, "not covered by this client"},
		{`(?i)\bwhatever com[e]s and goes\b`, "while other rows are added and removed"},
		// The rule allows "there is none".
		{`(?i)\b(?:[a-df-z]|\w*[a-df-z]|\w*[^r]e) is n[o]ne\b`, "is not one, or is invalid"},
	} {
		pattern := strings.ReplaceAll(entry[0], " ", `[\s/#*>|]+`)
		list = append(list, phrase{pattern: regexp.MustCompile(pattern), instead: entry[1]})
	}
	return list
}

// checkTexts applies the rule "phrase" to all texts at and below the paths: Go files,
// Markdown, YAML, SQL, scripts, Makefiles and Dockerfiles. To the texts that are neither
// Go files nor Markdown, it also applies the rule "comment".
func checkTexts(paths []string) ([]finding, error) {
	texts, err := textFiles(paths)
	if err != nil {
		return nil, err
	}
	var findings []finding
	rejected := phrases()
	for _, path := range texts {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		findings = append(findings, findPhrases(path, string(content), rejected)...)
		if extension := filepath.Ext(path); extension != ".go" && extension != ".md" {
			findings = append(findings, findWideComments(path, string(content))...)
		}
	}
	return findings, nil
}

// textFiles returns the text files at and below the paths, except for generated Go files,
// and for files in folders that hasNoText selects.
func textFiles(paths []string) ([]string, error) {
	var files []string
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && path != root && hasNoText(entry.Name()):
				return filepath.SkipDir
			case !entry.IsDir() && isText(path):
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// hasNoText reports whether textFiles skips folders with this name. These are hidden
// folders except .github and .ci, and folders such as testdata and build.
func hasNoText(name string) bool {
	isHidden := strings.HasPrefix(name, ".") && name != ".github" && name != ".ci" && name != "."
	return isHidden || slices.Contains([]string{"testdata", "build", "node_modules", "released"}, name)
}

func isText(path string) bool {
	name := filepath.Base(path)
	if strings.HasSuffix(name, ".gen.go") {
		return false
	}
	extensions := []string{".go", ".md", ".yaml", ".yml", ".mjs", ".js", ".sh", ".py", ".sql"}
	return name == "Makefile" || name == "Dockerfile" || slices.Contains(extensions, filepath.Ext(name)) ||
		filepath.Base(filepath.Dir(path)) == ".ci"
}

func findPhrases(path, content string, rejected []phrase) []finding {
	var findings []finding
	for _, phrase := range rejected {
		for _, place := range phrase.pattern.FindAllStringIndex(content, -1) {
			before := content[:place[0]]
			position := token.Position{
				Filename: path,
				Line:     strings.Count(before, "\n") + 1,
				Column:   place[0] - strings.LastIndex(before, "\n"),
			}
			words := strings.Join(strings.Fields(content[place[0]:place[1]]), " ")
			message := fmt.Sprintf("%q: write %s", words, phrase.instead)
			findings = append(findings, finding{rule: "phrase", position: position, message: message})
		}
	}
	return findings
}
