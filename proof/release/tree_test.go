package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// repository is the root of the repository, relative to this package.
const repository = "../.."

func openRepository(t *testing.T) tree {
	t.Helper()
	opened, err := open(repository)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// copyFiles copies the files that contain versions to a temporary folder, and returns the
// folder.
func copyFiles(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	names := []string{"VERSION", "go.work"}
	for _, module := range openRepository(t).modules {
		names = append(names, module.folder+"/go.mod")
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(root, name), text)
	}
	return root
}

func writeFile(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := create(name, text); err != nil {
		t.Fatal(err)
	}
}

func TestVersionIsTheSameEverywhere(t *testing.T) {
	good := openRepository(t)
	for _, finding := range good.disagreements() {
		t.Error(finding)
	}
	version := good.version
	for _, control := range []struct{ file, old, new, want string }{
		{
			file: "sandbox/go.mod",
			old:  "upvest-portfolios-go " + version,
			new:  "upvest-portfolios-go v1.900.0",
			want: "./sandbox/go.mod requires",
		},
		{
			file: "go.work",
			old:  "upvest-portfolios-go/sandbox " + version,
			new:  "upvest-portfolios-go/sandbox v1.900.0",
			want: "go.work does not replace",
		},
		{
			file: "examples/go.mod",
			old:  "go 1.26.0",
			new:  "go 1.26.0\nreplace github.com/google/uuid => ../uuid",
			want: "would refuse its programs",
		},
	} {
		root := copyFiles(t)
		name := filepath.Join(root, control.file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, bytes.Replace(text, []byte(control.old), []byte(control.new), 1))
		changed, err := open(root)
		if err != nil {
			t.Fatal(err)
		}
		findings := strings.Join(changed.disagreements(), "\n")
		if !strings.Contains(findings, control.want) {
			t.Errorf("%s with %q: got the findings %q, want one that contains %q",
				control.file, control.new, findings, control.want)
		}
	}
}

func TestTagsFollowTheOrderOfRequirements(t *testing.T) {
	root := copyFiles(t)
	writeFile(t, filepath.Join(root, "VERSION"), []byte("v1.2.3\n"))
	var printed bytes.Buffer
	if err := run(t.Context(), &printed, root, []string{"tags"}); err != nil {
		t.Fatal(err)
	}
	want := "v1.2.3\nsandbox/v1.2.3\nexamples/v1.2.3\nfleet/v1.2.3\n"
	if tags := printed.String(); tags != want {
		t.Errorf("got the tags %q, want %q", tags, want)
	}
}

func TestNextChangesEveryFile(t *testing.T) {
	root := copyFiles(t)
	before := openRepository(t)
	if err := run(t.Context(), nil, root, []string{"next", "v1.900.0"}); err != nil {
		t.Fatal(err)
	}
	after, err := open(root)
	if err != nil {
		t.Fatal(err)
	}
	if after.version != "v1.900.0" {
		t.Errorf("got the version %s, want v1.900.0", after.version)
	}
	for _, finding := range after.disagreements() {
		t.Error(finding)
	}
	for _, module := range before.modules {
		for _, name := range []string{module.folder + "/go.mod", "go.work"} {
			want, errWant := os.ReadFile(filepath.Join(repository, name))
			got, errGot := os.ReadFile(filepath.Join(root, name))
			if errWant != nil || errGot != nil {
				t.Fatal(errWant, errGot)
			}
			back := bytes.ReplaceAll(got, []byte("v1.900.0"), []byte(before.version))
			if !bytes.Equal(back, want) {
				t.Errorf("next changed more of %s than the version, want no other change:\n%s", name, got)
			}
		}
	}
	for _, version := range []string{
		"v1.899.9", "v1.900.0", "v1.901", "1.901.0", "v1.901.0+build", "v2.0.0", "",
	} {
		if err := run(t.Context(), nil, root, []string{"next", version}); err == nil {
			t.Errorf("next accepted the version %q, want an error", version)
		}
	}
}

func TestChangelogHasTheNextRelease(t *testing.T) {
	section := "\n## [" + openRepository(t).version[1:] + "] - "
	text, err := os.ReadFile(filepath.Join(repository, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), section) {
		t.Errorf("CHANGELOG.md has no section %q", section)
	}
}

// TestModulesAreListedOnce requires that .ci/modules prints the modules of go.work, and
// that neither the Makefile nor a file of CI lists the modules again.
func TestModulesAreListedOnce(t *testing.T) {
	var want []string
	opened := openRepository(t)
	for _, use := range opened.work.Use {
		want = append(want, use.Path)
	}
	script := filepath.Join(repository, ".ci/modules")
	printed, err := exec.CommandContext(t.Context(), "bash", script).Output()
	if err != nil {
		t.Fatalf("list the modules: %v", err)
	}
	if got := strings.Fields(string(printed)); !slices.Equal(got, want) {
		t.Errorf(".ci/modules printed the modules %q, want those in go.work: %q", got, want)
	}
	files := []string{filepath.Join(repository, "Makefile")}
	for _, pattern := range []string{".ci/*", ".github/*.yml", ".github/workflows/*"} {
		found, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("find the files %s: got %q (error %v), want at least 1", pattern, found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range moduleLists(opened, string(text)) {
			t.Errorf("%s lists modules in the line %q: use .ci/modules instead", file, line)
		}
	}
	for _, control := range []string{
		"NESTED := sandbox proof examples fleet",
		"    directories: [/, /sandbox, /proof, /fleet]",
	} {
		if len(moduleLists(opened, control)) == 0 {
			t.Errorf("moduleLists did not find the list in the line %q", control)
		}
	}
}

// moduleLists returns the lines of a file that name at least three nested modules.
func moduleLists(t tree, text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		named := 0
		words := strings.FieldsFunc(line, func(r rune) bool { return !unicode.IsLetter(r) })
		for _, m := range t.modules[1:] {
			if slices.Contains(words, strings.TrimPrefix(m.folder, "./")) {
				named++
			}
		}
		if named >= 3 {
			found = append(found, line)
		}
	}
	return found
}
