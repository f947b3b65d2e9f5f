package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"strings"
)

// These are the limits for comments and files. The limits for lines of code and for
// functions are in .golangci.yml.
const (
	commentColumns = 90
	fileLines      = 300
	testFileLines  = 500
	tabColumns     = 4
)

var (
	// directive matches a comment for a tool, such as //go:embed or //nolint.
	directive = regexp.MustCompile(`^//([a-z0-9]+:[a-z0-9]|nolint|line )`)
	// output matches the start of an example's expected output. The go command compares
	// this output with the actual output.
	output = regexp.MustCompile(`^//\s*(?i:(unordered )?output:)`)
	// otherComment matches a line that consists of a comment, in a file that is not Go.
	otherComment = regexp.MustCompile(`^\s*(#|//|--) `)
)

// checkComments applies the rule "comment": a line with a comment must have at most 90
// columns. A URL at the end of a line, a directive and the expected output of an example
// may be wider.
func checkComments(file source, report reporter) {
	for _, group := range file.tree.Comments {
		for _, comment := range group.List {
			if directive.MatchString(comment.Text) {
				continue
			}
			if output.MatchString(comment.Text) {
				break
			}
			checkComment(file, comment, report)
		}
	}
}

// checkComment reports each line of a comment that is too wide.
func checkComment(file source, comment *ast.Comment, report reporter) {
	handle := file.set.File(comment.Pos())
	first := handle.Line(comment.Pos())
	last := handle.Line(comment.End())
	for number := first; number <= last; number++ {
		if message := wideComment(file.lines[number-1]); message != "" {
			report(handle.LineStart(number), message)
		}
	}
}

// findWideComments applies the rule "comment" to a file that is not a Go file. It checks
// the lines that consist of a comment.
func findWideComments(path, content string) []finding {
	var findings []finding
	for i, line := range strings.Split(content, "\n") {
		if !otherComment.MatchString(line) {
			continue
		}
		if message := wideComment(line); message != "" {
			position := token.Position{Filename: path, Line: i + 1, Column: 1}
			findings = append(findings, finding{rule: "comment", position: position, message: message})
		}
	}
	return findings
}

// wideComment returns a message if the line, which contains a comment, is too wide.
func wideComment(line string) string {
	columns := width(line)
	if columns <= commentColumns || widenedByURL(line) {
		return ""
	}
	return fmt.Sprintf("the comment has %d columns: wrap it at %d", columns, commentColumns)
}

// width counts the columns of a line. A tab counts as four columns.
func width(line string) int {
	columns := 0
	for _, char := range line {
		if char == '\t' {
			columns += tabColumns
		} else {
			columns++
		}
	}
	return columns
}

// widenedByURL reports whether the line ends with a URL that starts within the limit.
func widenedByURL(line string) bool {
	start := strings.LastIndexAny(line, " \t") + 1
	return strings.Contains(line[start:], "://") && width(line[:start]) <= commentColumns
}

// checkFileLength applies the rule "file": a file must have at most 300 lines, and a test
// file at most 500.
func checkFileLength(file source, report reporter) {
	limit := fileLines
	if file.isTest() {
		limit = testFileLines
	}
	if lines := len(file.lines); lines > limit {
		message := fmt.Sprintf("the file has %d lines: split it into files of at most %d", lines, limit)
		report(file.tree.FileStart, message)
	}
}
