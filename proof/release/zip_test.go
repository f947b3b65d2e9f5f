package main

import (
	"regexp"
	"strings"
	"testing"

	"golang.org/x/mod/zip"
)

// contents matches the paths of the files that a module's zip may contain: files that
// importers need, and files that other programs expect in the folder of the module.
var contents = regexp.MustCompile(strings.Join([]string{
	`\.go$`, `(^|/)testdata/`, `(^|/)go\.(mod|sum)$`, `^LICENSE$`, `(^|/)[A-Z]+\.md$`, `^docs/[a-z-]+\.md$`,
	// Go code embeds these files.
	`^internal/(control/control|later/later)\.yaml$`, `^internal/(ledger/schema|queue/river)\.sql$`,
	`^(node/[a-z.]+\.mjs|python/[a-z_]+\.py)$`, // tests in other languages
	// Operators of a fleet, or of a sandbox in a container, need these files.
	`^Dockerfile$`, `^deploy/fleet-worker@\.service$`, `^deploy/(alerts|kubernetes)\.yaml$`,
	`^openapi\.yaml$`, `^api/overlay\.yaml$`, // the contract, and its types in Go
	// Programs read these files only from the root of the repository.
	`^(\.ci|\.github)/`, `^Makefile$`, `^VERSION$`, `^go\.work$`,
	`^\.(editorconfig|gitattributes|gitignore|golangci\.yml)$`,
	// These files must be next to the code that they configure.
	`(^|/)oapi-codegen\.yaml$`, `(^|/)staticcheck\.conf$`,
}, "|"))

// unexpected returns the paths of the files that do not belong in the zip of a module.
func unexpected(files []zip.File) []string {
	var found []string
	for _, file := range files {
		if !contents.MatchString(file.Path()) {
			found = append(found, file.Path())
		}
	}
	return found
}

func TestZipsContainOnlyUsefulFiles(t *testing.T) {
	t.Parallel()
	withRelease(t)
	repository := openRepository(t)
	for _, m := range repository.published() {
		files, err := repository.files(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range unexpected(files) {
			t.Errorf("the zip of %s contains %s, which does not belong there", m.folder, name)
		}
		for _, name := range []string{
			"released/openapi.yaml", "package-lock.json", "build/upvest-sandbox", "wrapper/coverage.out",
		} {
			if len(unexpected(append(files, file{name: name}))) == 0 {
				t.Errorf("unexpected accepted the file %s in the zip of %s, want it reported", name, m.folder)
			}
		}
	}
}
