// Style checks rules that no linter of golangci-lint covers. In Go files, it reports
// statements in headers of if and switch that declare no variable for the condition,
// several values in one assignment, nested appends, several statements on a line and long
// files. In Go files and other text files, it reports unclear phrases and, except in
// Markdown, wide comments. `make check` runs style over all modules. The arguments are
// files and folders, as in `go run ./proof/style wrapper`. Style checks the Go and text
// files below the folders, except for generated files, and for files in folders such as
// testdata, build and .git.
package main

import (
	"fmt"
	"os"
)

func main() {
	paths := os.Args[1:]
	if len(paths) == 0 {
		paths = []string{"."}
	}
	sources, err := parse(paths)
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(2)
	}
	findings := check(sources)
	inTexts, err := checkTexts(paths)
	if err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(2)
	}
	findings = append(findings, inTexts...)
	for _, found := range findings {
		fmt.Println(found)
	}
	fmt.Fprintf(os.Stderr, "style: %d files, %d findings\n", len(sources), len(findings))
	if len(findings) > 0 {
		os.Exit(1)
	}
}
