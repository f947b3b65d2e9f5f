package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// unpublished is the folder of the only module in go.work that is not released.
const unpublished = "./proof"

// tree is the repository as a set of modules.
type tree struct {
	root    string // folder of go.work
	version string // content of VERSION: the next version, with a leading v
	work    *modfile.WorkFile
	modules []member // each module follows the modules that it requires
}

// member is a module in go.work.
type member struct {
	folder string // the folder in the form that go.work uses: "." or "./sandbox"
	file   *modfile.File
}

func (m member) path() string { return m.file.Module.Mod.Path }

// tag returns the git tag of a version of the module.
func (m member) tag(version string) string {
	return strings.TrimPrefix(strings.TrimPrefix(m.folder+"/"+version, "./"), "./")
}

func open(root string) (tree, error) {
	text, err := os.ReadFile(filepath.Join(root, "VERSION"))
	if err != nil {
		return tree{}, fmt.Errorf("read the version: %w", err)
	}
	t := tree{root: root, version: strings.TrimSpace(string(text))}
	text, err = os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return tree{}, fmt.Errorf("read the workspace: %w", err)
	}
	t.work, err = modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return tree{}, fmt.Errorf("read the workspace: %w", err)
	}
	for _, use := range t.work.Use {
		name := filepath.Join(root, use.Path, "go.mod")
		text, err := os.ReadFile(name)
		if err != nil {
			return tree{}, fmt.Errorf("read a module: %w", err)
		}
		file, err := modfile.Parse(name, text, nil)
		if err != nil {
			return tree{}, fmt.Errorf("read a module: %w", err)
		}
		t.modules = append(t.modules, member{folder: use.Path, file: file})
	}
	// A go.mod also lists indirect requirements. A module's go.mod therefore lists more
	// modules of the repository than the go.mod of any module that it requires.
	unsorted := tree{modules: slices.Clone(t.modules)}
	slices.SortStableFunc(t.modules, func(a, b member) int {
		return cmp.Compare(len(unsorted.own(a)), len(unsorted.own(b)))
	})
	return t, nil
}

// own returns the requirements in a module's go.mod that name modules of this repository.
func (t tree) own(m member) []*modfile.Require {
	var own []*modfile.Require
	for _, required := range m.file.Require {
		for _, other := range t.modules {
			if other.path() == required.Mod.Path {
				own = append(own, required)
			}
		}
	}
	return own
}

func (t tree) published() []member {
	return slices.DeleteFunc(slices.Clone(t.modules), func(m member) bool { return m.folder == unpublished })
}

// disagreements returns a finding for each requirement that names a module of this
// repository, but not at the version in VERSION, and for each such requirement that
// go.work does not replace. It also returns a finding for each go.mod with a replace or
// exclude directive, because `go install` with a version refuses programs of such a
// module.
func (t tree) disagreements() []string {
	var found []string
	addf := func(format string, values ...any) { found = append(found, fmt.Sprintf(format, values...)) }
	for _, module := range t.modules {
		for _, required := range t.own(module) {
			if required.Mod.Version != t.version {
				addf("%s/go.mod requires %s, but VERSION is %s", module.folder, required.Mod, t.version)
			}
			replaced := func(r *modfile.Replace) bool { return r.Old == required.Mod }
			if !slices.ContainsFunc(t.work.Replace, replaced) {
				addf("go.work does not replace %s, which %s/go.mod requires", required.Mod, module.folder)
			}
		}
		if len(module.file.Replace)+len(module.file.Exclude) > 0 {
			addf("%s/go.mod has a replace or exclude directive: "+
				"`go install` with a version would refuse its programs", module.folder)
		}
	}
	return found
}
