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

// outsider runs commands like a user who does not have this repository: without go.work
// and GOFLAGS, and with an empty module cache. The go command finds the modules of the
// repository in a folder, and asks the configured proxy only for other modules.
type outsider struct {
	*proxy
	environment []string // environment of the go command
	programs    string   // folder to which go install writes programs
}

// newOutsider publishes all modules at the next version to a proxy, and returns an
// outsider that uses this proxy. The parameter `goMods` maps the folder of a module to a
// file that replaces the module's go.mod.
func newOutsider(t *testing.T, repository tree, goMods map[string]string) *outsider {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatalf("read the settings of the go command: %v", err)
	}
	settings := strings.Fields(string(printed))
	o := &outsider{proxy: newProxy(t.TempDir()), programs: t.TempDir()}
	if err := o.publishAll(t.Context(), repository, goMods); err != nil {
		t.Fatal(err)
	}
	// The go command copies other modules from this machine's cache, if they are there,
	// instead of downloading them.
	fetched := filepath.Join(settings[0], "cache/download")
	o.environment = []string{
		"GOPROXY=file://" + o.folder + ",file://" + fetched + "," + settings[1],
		"GONOSUMDB=" + repository.modules[0].path(),
		"GOPRIVATE=", "GONOPROXY=", "GOENV=off", "GOWORK=off", "GOFLAGS=",
		"GOMODCACHE=" + t.TempDir(),
		"GOBIN=" + o.programs,
	}
	t.Cleanup(func() {
		// The go command makes the files in its cache read-only, so the test cannot
		// remove them.
		if _, err := o.run(context.Background(), ".", "go", "clean", "-modcache"); err != nil {
			t.Error(err)
		}
	})
	return o
}

// unpack unpacks the zip of a module into a folder, and adds the checksums of this
// repository's modules to the go.sum in this folder. The go.sum in the repository cannot
// contain these checksums, because they are unknown until the modules are tagged. This
// does not affect importers, because the go command does not read the go.sum of a
// dependency.
func (o *outsider) unpack(t *testing.T, repository tree, m member) string {
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

// run runs a program in a folder and returns its standard output and standard error.
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
