package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// file is a file of the tree as a file of a module's zip.
type file struct{ name, from string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (os.FileInfo, error)  { return os.Lstat(f.from) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.from) }

// files are those that the go command would put into the zip of a module if the tree were
// committed as it is.
func (t tree) files(tb testing.TB, m member) []zip.File {
	tb.Helper()
	listed := exec.CommandContext(
		tb.Context(),
		"git",
		"ls-files",
		"-z",
		"--cached",
		"--others",
		"--exclude-standard",
	)
	listed.Dir = filepath.Join(t.root, m.folder)
	names, err := listed.Output()
	if err != nil {
		tb.Fatalf("list the files of %s: %v", m.folder, err)
	}
	var files []zip.File
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if from := filepath.Join(t.root, m.folder, name); exists(from) {
			files = append(files, file{name: name, from: from})
		}
	}
	// The go command adds the licence of the repository to a nested module that has none.
	if !exists(filepath.Join(t.root, m.folder, "LICENSE")) {
		files = append(files, file{name: "LICENSE", from: filepath.Join(t.root, "LICENSE")})
	}
	checked, err := zip.CheckFiles(files)
	if err != nil {
		tb.Fatalf("%s cannot be a module: %v", m.folder, err)
	}
	return slices.DeleteFunc(files, func(f zip.File) bool {
		return !slices.Contains(checked.Valid, f.Path())
	})
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// proxy is a module proxy in a folder, in front of the one that the go command is set up
// with.
type proxy struct {
	folder      string
	environment []string                  // of the go command, without local settings
	programs    string                    // folder where go install puts programs
	sums        map[module.Version]string // lines of a go.sum
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatalf("ask for the settings of go: %v", err)
	}
	settings := strings.Fields(string(printed))
	p := &proxy{folder: t.TempDir(), programs: t.TempDir(), sums: map[module.Version]string{}}
	// What this machine has already fetched and checked is not fetched again.
	fetched := filepath.Join(settings[0], "cache/download")
	p.environment = []string{
		"GOPROXY=file://" + p.folder + ",file://" + fetched + "," + settings[1],
		"GONOSUMDB=" + openRepository(t).modules[0].path(),
		"GOPRIVATE=", "GONOPROXY=", "GOENV=off", "GOWORK=off", "GOFLAGS=",
		"GOMODCACHE=" + t.TempDir(),
		"GOBIN=" + p.programs,
	}
	t.Cleanup(func() {
		// The go command makes what it unpacks read-only.
		if _, err := p.run(context.Background(), ".", "go", "clean", "-modcache"); err != nil {
			t.Error(err)
		}
	})
	return p
}

// publish puts a version of a module into the proxy.
func (p *proxy) publish(t *testing.T, name module.Version, goMod []byte, write func(io.Writer) error) {
	t.Helper()
	folder := filepath.Join(p.folder, name.Path, "@v")
	var packed bytes.Buffer
	if err := write(&packed); err != nil {
		t.Fatalf("make the zip of %s: %v", name, err)
	}
	file := filepath.Join(folder, name.Version)
	writeFile(t, file+".zip", packed.Bytes())
	writeFile(t, file+".mod", goMod)
	writeFile(t, file+".info", fmt.Appendf(nil, `{"Version": %q}`, name.Version))
	list, err := os.ReadFile(filepath.Join(folder, "list"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "list"), fmt.Appendln(list, name.Version))

	ofZip, err := dirhash.HashZip(file+".zip", dirhash.Hash1)
	if err != nil {
		t.Fatal(err)
	}
	open := func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(goMod)), nil }
	ofGoMod, err := dirhash.Hash1([]string{"go.mod"}, open)
	if err != nil {
		t.Fatal(err)
	}
	p.sums[name] = fmt.Sprintf("%s %s %s\n%[1]s %[2]s/go.mod %[4]s\n",
		name.Path, name.Version, ofZip, ofGoMod)
}

// publishAll puts all modules into the proxy, with the version in VERSION. goMods are
// files that replace the go.mod of a folder.
func (p *proxy) publishAll(t *testing.T, repository tree, goMods map[string]string) {
	t.Helper()
	for _, m := range repository.modules {
		goMod := cmp.Or(goMods[m.folder], filepath.Join(repository.root, m.folder, "go.mod"))
		text, err := os.ReadFile(goMod)
		if err != nil {
			t.Fatal(err)
		}
		files := repository.files(t, m)
		at := slices.IndexFunc(files, func(f zip.File) bool { return f.Path() == "go.mod" })
		files[at] = file{name: "go.mod", from: goMod}
		name := module.Version{Path: m.path(), Version: repository.version}
		p.publish(t, name, text, func(w io.Writer) error { return zip.Create(w, name, files) })
	}
}

// unpacked is a module in a folder, as its zip has it. Its go.sum names the modules of
// this repository too, which the one in the tree does not: their sums are known once they
// are tagged, and only the module itself reads its go.sum.
func (p *proxy) unpacked(t *testing.T, repository tree, m member) string {
	t.Helper()
	folder := t.TempDir()
	name := module.Version{Path: m.path(), Version: repository.version}
	packed := filepath.Join(p.folder, name.Path, "@v", name.Version+".zip")
	if err := zip.Unzip(folder, name, packed); err != nil {
		t.Fatalf("unpack %s: %v", name, err)
	}
	sums, err := os.ReadFile(filepath.Join(folder, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(strings.Lines(string(sums)))
	for _, required := range repository.own(m) {
		for added := range strings.Lines(p.sums[required.Mod]) {
			at := slices.IndexFunc(lines, func(line string) bool { return line > added })
			lines = slices.Insert(lines, at, added)
		}
	}
	writeFile(t, filepath.Join(folder, "go.sum"), []byte(strings.Join(lines, "")))
	return folder
}

// run runs a program in an environment without this repository: no workspace, no flags,
// an empty module cache.
func (p *proxy) run(ctx context.Context, folder, program string, arguments ...string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), p.environment...)
	output, err := command.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", filepath.Base(program), strings.Join(arguments, " "), err, output)
	}
	return string(output), err
}
