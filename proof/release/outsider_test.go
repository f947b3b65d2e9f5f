package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// outsider runs commands as a user does who has nothing of this repository: no workspace,
// no flags, an empty module cache. The go command finds the modules of the repository in
// a proxy, in front of the one that it is set up with.
type outsider struct {
	*proxy
	environment []string // of the go command
	programs    string   // folder where go install puts programs
}

// newOutsider returns a user of the modules at the version that is being prepared. The
// files goMods replace the go.mod of their folders.
func newOutsider(t *testing.T, repository tree, goMods map[string]string) *outsider {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatalf("ask for the settings of go: %v", err)
	}
	settings := strings.Fields(string(printed))
	o := &outsider{proxy: newProxy(t.TempDir()), programs: t.TempDir()}
	if err := o.publishAll(t.Context(), repository, goMods); err != nil {
		t.Fatal(err)
	}
	// What this machine has already fetched and checked is not fetched again.
	fetched := filepath.Join(settings[0], "cache/download")
	o.environment = []string{
		"GOPROXY=file://" + o.folder + ",file://" + fetched + "," + settings[1],
		"GONOSUMDB=" + repository.modules[0].path(),
		"GOPRIVATE=", "GONOPROXY=", "GOENV=off", "GOWORK=off", "GOFLAGS=",
		"GOMODCACHE=" + t.TempDir(),
		"GOBIN=" + o.programs,
	}
	t.Cleanup(func() {
		// The go command makes what it unpacks read-only.
		if _, err := o.run(context.Background(), ".", "go", "clean", "-modcache"); err != nil {
			t.Error(err)
		}
	})
	return o
}

// unpacked is a module in a folder, as its zip has it. Its go.sum names the modules of
// this repository too, which the one in the tree does not: their sums are known once they
// are tagged, and only the module itself reads its go.sum.
func (o *outsider) unpacked(t *testing.T, repository tree, m member) string {
	t.Helper()
	folder := t.TempDir()
	name := module.Version{Path: m.path(), Version: repository.version}
	packed := filepath.Join(o.folder, name.Path, "@v", name.Version+".zip")
	if err := zip.Unzip(folder, name, packed); err != nil {
		t.Fatalf("unpack %s: %v", name, err)
	}
	sums, err := os.ReadFile(filepath.Join(folder, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(sums)))
	for _, required := range repository.own(m) {
		for added := range strings.Lines(o.sums[required.Mod]) {
			at := slices.IndexFunc(lines, func(line string) bool { return line > added })
			lines = slices.Insert(lines, at, added)
		}
	}
	writeFile(t, filepath.Join(folder, "go.sum"), []byte(strings.Join(lines, "")))
	return folder
}

// run runs a program in a folder and returns what it printed, on both streams.
func (o *outsider) run(ctx context.Context, folder, program string, arguments ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), o.environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(arguments, " "), err, output)
	}
	return string(output), err
}
