package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// next changes the version of the next release, for example to v0.2.0. It changes this
// version in VERSION, in go.work and in the requirements of the nested modules.
func (t tree) next(version string) error {
	if err := module.Check(t.modules[0].path(), version); err != nil {
		return fmt.Errorf("change the version to %q: %w", version, err)
	}
	if semver.Canonical(version) != version || semver.Compare(version, t.version) <= 0 {
		return fmt.Errorf("change the version from %s to %s: "+
			"the next version must be greater, and have the form v1.2.3", t.version, version)
	}
	for _, old := range slices.Clone(t.work.Replace) {
		name := old.Old
		if err := t.work.AddReplace(name.Path, version, old.New.Path, ""); err != nil {
			return fmt.Errorf("replace %s in go.work: %w", name.Path, err)
		}
		if err := t.work.DropReplace(name.Path, name.Version); err != nil {
			return fmt.Errorf("replace %s in go.work: %w", name.Path, err)
		}
	}
	t.work.Cleanup()
	failures := []error{
		t.write("VERSION", []byte(version+"\n")),
		t.write("go.work", modfile.Format(t.work.Syntax)),
	}
	for _, m := range t.modules {
		for _, required := range t.own(m) {
			if err := m.file.AddRequire(required.Mod.Path, version); err != nil {
				return fmt.Errorf("require %s of %s: %w", version, required.Mod.Path, err)
			}
		}
		failures = append(failures, t.write(filepath.Join(m.folder, "go.mod"), modfile.Format(m.file.Syntax)))
	}
	return errors.Join(failures...)
}

func (t tree) write(name string, text []byte) error {
	err := os.WriteFile(filepath.Join(t.root, name), text, 0o644) //nolint:gosec // the file is public
	if err != nil {
		return fmt.Errorf("change the version: %w", err)
	}
	return nil
}
