package addition_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clone is a copy of the repository.
type clone struct {
	t    *testing.T
	root string
}

// newClone copies all files that git tracks to a temporary folder. In this folder, it
// creates links to the programs that `make contract` has installed.
func newClone(t *testing.T) clone {
	t.Helper()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	c := clone{t: t, root: t.TempDir()}
	listed := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	listed.Dir = repository
	names, err := listed.Output()
	if err != nil {
		t.Fatalf("list the files of the repository: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		copyFile(t, filepath.Join(repository, name), filepath.Join(c.root, name))
	}
	linkPrograms(t, repository, c.root)
	return c
}

// linkPrograms creates links to the third-party programs that `make contract` has
// installed below build/. It does not link the repository's own programs, because
// `make contract` builds them from the files of the copy.
func linkPrograms(t *testing.T, repository, root string) {
	t.Helper()
	installed, err := filepath.Glob(filepath.Join(repository, "build/go/*@*"))
	if err != nil || len(installed) == 0 {
		t.Fatalf("found no installed programs below build/ (error %v): run `make contract` first", err)
	}
	node := filepath.Join(repository, "build/node")
	if _, err := os.Stat(node); err == nil {
		installed = append(installed, node)
	}
	for _, program := range installed {
		relative, err := filepath.Rel(repository, program)
		if err != nil {
			t.Fatal(err)
		}
		link := filepath.Join(root, relative)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(program, link); err != nil {
			t.Fatal(err)
		}
	}
}

// copyFile copies a file with its modification time, because make uses this time to
// decide which files to rebuild.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, text, info.Mode()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(to, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// create writes a new file. It fails the test if the file exists.
func (c clone) create(name, text string) {
	c.t.Helper()
	file := filepath.Join(c.root, name)
	if _, err := os.Stat(file); err == nil {
		c.t.Fatalf("%s already exists, want a new file: update the prepared edit", name)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// insert inserts `text` before the string `before`. It fails the test unless the file
// contains `before` exactly once.
func (c clone) insert(name, before, text string) {
	c.t.Helper()
	c.replace(name, before, text+before)
}

// replace replaces the string `old` with `text`. It fails the test unless the file
// contains `old` exactly once.
func (c clone) replace(name, old, text string) {
	c.t.Helper()
	file := filepath.Join(c.root, name)
	content, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	if count := bytes.Count(content, []byte(old)); count != 1 {
		c.t.Fatalf("%s contains %q %d times, want once: update the prepared edit", name, old, count)
	}
	content = bytes.Replace(content, []byte(old), []byte(text), 1)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// try runs a command in a folder of the copy and returns the standard output and standard
// error of the command.
func (c clone) try(folder string, command ...string) (string, error) {
	c.t.Helper()
	ctx, stop := context.WithTimeout(c.t.Context(), 5*time.Minute)
	defer stop()
	program := exec.CommandContext(ctx, command[0], command[1:]...)
	program.Dir = filepath.Join(c.root, folder)
	program.Env = append(os.Environ(), "GOWORK=", "CONTRACT=", "ADDITION=")
	printed, err := program.CombinedOutput()
	return string(printed), err
}

// must runs a command in a folder of the copy and returns the output. It fails the test
// if the command fails.
func (c clone) must(folder string, command ...string) string {
	c.t.Helper()
	printed, err := c.try(folder, command...)
	if err != nil {
		c.t.Fatalf("run %q: %v\n%s", strings.Join(command, " "), err, printed)
	}
	return printed
}
