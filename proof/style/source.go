package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// source is one parsed Go file.
type source struct {
	path  string
	lines []string
	set   *token.FileSet
	tree  *ast.File
}

// parse reads the Go files at and below the paths, except for generated files and for
// files in ignored folders.
func parse(paths []string) ([]source, error) {
	var sources []source
	set := token.NewFileSet()
	visit := func(path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(set, path, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", path, err)
		}
		if ast.IsGenerated(tree) {
			return nil
		}
		lines := strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
		sources = append(sources, source{path: path, lines: lines, set: set, tree: tree})
		return nil
	}
	for _, path := range paths {
		if err := walk(path, visit); err != nil {
			return nil, err
		}
	}
	return sources, nil
}

// walk visits the Go files at and below root, except for files in ignored folders.
func walk(root string, visit func(path string) error) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path != root && ignored(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		return visit(path)
	})
}

// ignored reports whether walk skips folders with this name.
func ignored(name string) bool {
	switch name {
	case "testdata", "build", "node_modules":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// isTest reports whether the go command compiles the file only for tests.
func (s source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go")
}
