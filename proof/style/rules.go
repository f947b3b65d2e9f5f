package main

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
)

// finding is one violation of a rule.
type finding struct {
	rule     string
	position token.Position
	message  string
}

// String returns the finding on one line, in a format that editors recognize.
func (f finding) String() string {
	at := f.position
	return fmt.Sprintf("%s:%d:%d: %s (%s)", at.Filename, at.Line, at.Column, f.message, f.rule)
}

// reporter records a finding at a position.
type reporter func(at token.Pos, message string)

// rule is one rule of this project's style.
type rule struct {
	name  string
	check func(source, reporter)
}

// rules returns the rules for the syntax trees of Go files. The message of a finding
// states how to correct the code.
func rules() []rule {
	return []rule{
		{"header", checkHeaders},
		{"values", checkValues},
		{"append", checkAppends},
		{"statement", checkStatements},
		{"comment", checkComments},
		{"file", checkFileLength},
	}
}

// check applies these rules to all files. It returns the findings, sorted by file and
// line.
func check(sources []source) []finding {
	var findings []finding
	for _, file := range sources {
		for _, rule := range rules() {
			rule.check(file, func(at token.Pos, message string) {
				position := file.set.Position(at)
				findings = append(findings, finding{rule: rule.name, position: position, message: message})
			})
		}
	}
	slices.SortStableFunc(findings, func(a, b finding) int {
		return cmp.Or(
			cmp.Compare(a.position.Filename, b.position.Filename),
			cmp.Compare(a.position.Line, b.position.Line),
		)
	})
	return findings
}
