package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/zip"
)

// file is a file in a module's zip. The field `name` is the path of the file in the zip,
// and the field `from` is the path of the file in the tree.
type file struct{ name, from string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (os.FileInfo, error)  { return os.Lstat(f.from) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.from) }

// files returns the files that the go command would add to the zip of a module if the
// tree were committed.
func (t tree) files(ctx context.Context, m member) ([]zip.File, error) {
	listed := exec.CommandContext(
		ctx,
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
		return nil, fmt.Errorf("list the files of %s: %w", m.folder, err)
	}
	var files []zip.File
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		if from := filepath.Join(t.root, m.folder, name); exists(from) {
			files = append(files, file{name: name, from: from})
		}
	}
	// The go command adds the licence of the repository to a nested module without a
	// licence.
	if !exists(filepath.Join(t.root, m.folder, "LICENSE")) {
		files = append(files, file{name: "LICENSE", from: filepath.Join(t.root, "LICENSE")})
	}
	checked, err := zip.CheckFiles(files)
	if err != nil {
		return nil, fmt.Errorf("check the files of the module %s: %w", m.folder, err)
	}
	return slices.DeleteFunc(files, func(f zip.File) bool {
		return !slices.Contains(checked.Valid, f.Path())
	}), nil
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
