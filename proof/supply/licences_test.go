package supply_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The keys of `allowed` are the names of the licences that dependencies may have. Each
// value consists of words that occur only in the text of the licence in its key. MPL-2.0
// requires only the publication of changed files, and this repository changes no file of
// a dependency.
var allowed = map[string]string{
	"Apache-2.0": "Apache License Version 2.0, January 2004",
	"BSD":        "Redistribution and use in source and binary forms",
	"ISC":        "Permission to use, copy, modify, and/or distribute this software",
	"MIT":        "Permission is hereby granted, free of charge",
	"MPL-2.0":    "Mozilla Public License Version 2.0",
}

// refused contains phrases from licences that are not allowed. A file with one of these
// phrases is refused, even if the file also contains an allowed licence.
var refused = []string{
	"GNU GENERAL PUBLIC LICENSE", "GNU LESSER GENERAL PUBLIC LICENSE", "GNU AFFERO GENERAL PUBLIC LICENSE",
	"Commons Clause", "Business Source License", "Server Side Public License",
}

// released contains the folders of the modules that are released.
var released = []string{".", "sandbox", "examples", "fleet"}

// licences checks the licence files of a module. It returns a finding for each file that
// contains no allowed licence, and for each file that contains a refused licence. If the
// module has no licence file, licences returns one finding.
func licences(module string, files map[string]string) []string {
	const remedy = ": use another module, or add the licence in proof/supply/licences_test.go"
	if len(files) == 0 {
		return []string{module + ": the module has no licence file" + remedy}
	}
	var findings []string
	for name, text := range files {
		words := strings.Join(strings.Fields(text), " ")
		isAllowed := false
		for _, phrase := range allowed {
			isAllowed = isAllowed || strings.Contains(words, phrase)
		}
		isRefused := func(phrase string) bool { return strings.Contains(words, phrase) }
		if !isAllowed || slices.ContainsFunc(refused, isRefused) {
			findings = append(findings, module+": the licence in "+name+" is not allowed"+remedy)
		}
	}
	return findings
}

// dependencies returns the folders of the third-party modules that are compiled into a
// module of this repository, by module path.
func dependencies(t *testing.T, folder string) map[string]string {
	t.Helper()
	const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", format, "./...")
	command.Dir = filepath.Join("../..", folder)
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("list the dependencies of %s: %v", folder, err)
	}
	modules := map[string]string{}
	for line := range strings.Lines(string(printed)) {
		if module, root, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
			modules[module] = root
		}
	}
	return modules
}

// licenceFiles returns the files LICENSE, LICENSE.txt, LICENSE.md and COPYING in the root
// folder of a module; the case of the letters does not matter. It omits other files, such
// as the licences of logos and test data, because logos and test data are not compiled.
func licenceFiles(t *testing.T, root string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if name != "COPYING" && strings.TrimSuffix(strings.TrimSuffix(name, ".TXT"), ".MD") != "LICENSE" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(text)
	}
	return files
}

func TestLicences(t *testing.T) {
	t.Parallel()
	checked := map[string]bool{}
	for _, folder := range released {
		for module, root := range dependencies(t, folder) {
			if checked[module] {
				continue
			}
			checked[module] = true
			for _, finding := range licences(module, licenceFiles(t, root)) {
				t.Error(finding)
			}
		}
	}
	if len(checked) == 0 {
		t.Error("found no dependencies of the released modules, want at least one")
	}
	t.Logf("checked the licences of %d modules; the allowed licences are %q",
		len(checked), slices.Sorted(maps.Keys(allowed)))
}

func TestLicencesThatAreNotAllowedAreFound(t *testing.T) {
	t.Parallel()
	mit := allowed["MIT"] + " and associated documentation files"
	for name, files := range map[string]map[string]string{
		"an unknown licence":          {"LICENSE": "All rights reserved."},
		"no licence file":             {},
		"the MIT licence and the GPL": {"LICENSE": mit, "COPYING": "GNU GENERAL PUBLIC LICENSE Version 3"},
		"the Commons Clause":          {"LICENSE": "Commons Clause License Condition v1.0\n" + mit},
	} {
		if findings := licences("example.com/module", files); len(findings) == 0 {
			t.Errorf("%s: licences returned no finding, want at least one", name)
		}
	}
}
