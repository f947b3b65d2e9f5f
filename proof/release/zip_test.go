package main

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/zip"
)

// contents are the files that a module's zip may contain: those that importers need, and
// those that must be in this place.
var contents = regexp.MustCompile(strings.Join([]string{
	`\.go$`, `(^|/)testdata/`, `(^|/)go\.(mod|sum)$`, `^LICENSE$`, `(^|/)[A-Z]+\.md$`, `^docs/[a-z-]+\.md$`,
	// Embedded:
	`^internal/(control/control|later/later)\.yaml$`, `^internal/(ledger/schema|queue/river)\.sql$`,
	`^(node/[a-z.]+\.mjs|python/[a-z_]+\.py)$`, // tests in other languages
	// For those who run a fleet, or a sandbox in a container:
	`^Dockerfile$`, `^deploy/fleet-worker@\.service$`, `^deploy/(alerts|kubernetes)\.yaml$`,
	`^openapi\.yaml$`, `^api/overlay\.yaml$`, // the contract, and how it looks in Go
	// Programs look for these in the root only.
	`^(\.ci|\.github)/`, `^Makefile$`, `^VERSION$`, `^go\.work$`,
	`^\.(editorconfig|gitattributes|gitignore|golangci\.yml)$`,
	`(^|/)oapi-codegen\.yaml$`, `(^|/)staticcheck\.conf$`, // next to their code
}, "|"))

// strangers returns the files of a module's zip that should not be in it.
func strangers(files []zip.File) []string {
	var found []string
	for _, file := range files {
		if !contents.MatchString(file.Path()) {
			found = append(found, file.Path())
		}
	}
	return found
}

func TestZipsHoldWhatImportersUse(t *testing.T) {
	t.Parallel()
	withRelease(t)
	repository := openRepository(t)
	for _, m := range repository.published() {
		files, err := repository.files(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range strangers(files) {
			t.Errorf("%s holds %s", m.folder, name)
		}
		for _, name := range []string{
			"released/openapi.yaml", "package-lock.json", "build/upvest-sandbox", "wrapper/coverage.out",
		} {
			if len(strangers(append(files, file{name: name}))) == 0 {
				t.Errorf("%s would not be found in %s", name, m.folder)
			}
		}
	}
}
