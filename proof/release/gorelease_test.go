package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/zip"
)

const gorelease = "golang.org/x/exp/cmd/gorelease@v0.0.0-20261113113407-e3970619a1a4"

// TestVersionFitsTheChanges requires that the version in VERSION fits the changes to each
// module since the module's last release. The program gorelease compares the module with
// this release. If the module has no release yet, gorelease compares it with nothing.
func TestVersionFitsTheChanges(t *testing.T) {
	t.Parallel()
	withRelease(t)
	repository := openRepository(t)
	user := newOutsider(t, repository, nil)
	// With -trimpath, the go command can use the build cache.
	user.environment = append(user.environment, "GOFLAGS=-trimpath")
	install := exec.CommandContext(t.Context(), "go", "install", gorelease)
	install.Env = append(os.Environ(), "GOFLAGS=", "GOBIN="+user.programs)
	if printed, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install gorelease: %v\n%s", err, printed)
	}
	for _, m := range repository.published() {
		folder := user.unpack(t, repository, m)
		base := user.publishLast(t, repository, m)
		program := filepath.Join(user.programs, "gorelease")
		printed, err := user.run(t.Context(), folder, program, "-base="+base, "-version="+repository.version)
		if err != nil {
			t.Errorf("gorelease refused version %s of the module %s: %v", repository.version, m.folder, err)
		}
		// In versions below 1.0, gorelease accepts all incompatible changes.
		isIncompatible := strings.Contains(printed, "## incompatible changes")
		if isIncompatible && semver.MajorMinor(base) == semver.MajorMinor(repository.version) {
			t.Errorf("the module %s has incompatible changes since %s: increase the minor version",
				m.folder, base)
		}
		t.Logf("gorelease compared the module %s with its release %s:\n%s", m.folder, base, printed)
	}
}

// publishLast adds the module's last release before the version in VERSION to the proxy,
// as the only version in the proxy's list for the module, and returns the version of this
// release. It returns "none" if git finds no tag of an earlier release.
func (o *outsider) publishLast(t *testing.T, repository tree, m member) string {
	t.Helper()
	git := func(arguments ...string) ([]byte, error) {
		command := exec.CommandContext(t.Context(), "git", arguments...)
		command.Dir = repository.root
		return command.Output()
	}
	described, err := git(
		"describe",
		"--tags",
		"--abbrev=0",
		"--match",
		m.tag("v[0-9]*"),
		"--exclude",
		m.tag(repository.version),
	)
	if err != nil {
		return "none"
	}
	tag := strings.TrimSpace(string(described))
	goMod, err := git("show", tag+":"+path.Join(m.folder, "go.mod"))
	if err != nil {
		t.Fatalf("read the go.mod of %s: %v", tag, err)
	}
	last := module.Version{Path: m.path(), Version: path.Base(tag)}
	write := func(w io.Writer) error {
		return zip.CreateFromVCS(w, last, repository.root, tag, strings.TrimLeft(m.folder, "./"))
	}
	if err := o.publish(last, goMod, write); err != nil {
		t.Fatal(err)
	}
	// gorelease refuses to release a version that is already in this list, so the list
	// must contain only the last release.
	writeFile(t, filepath.Join(o.folder, last.Path, "@v/list"), fmt.Appendln(nil, last.Version))
	return last.Version
}
