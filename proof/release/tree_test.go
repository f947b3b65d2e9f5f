package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// repository is the folder of go.work, from this package.
const repository = "../.."

func openRepository(t *testing.T) tree {
	t.Helper()
	opened, err := open(repository)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// copied is a tree with the files of this one that name versions.
func copied(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	names := []string{"VERSION", "go.work"}
	for _, module := range openRepository(t).modules {
		names = append(names, module.folder+"/go.mod")
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(repository, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(root, name), text)
	}
	return root
}

func writeFile(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVersionIsTheSameEverywhere(t *testing.T) {
	good := openRepository(t)
	for _, finding := range good.disagreements() {
		t.Error(finding)
	}
	version := good.version
	for _, control := range []struct{ file, old, new, want string }{
		{"sandbox/go.mod", "upvest-portfolios-go " + version, "upvest-portfolios-go v1.900.0", "./sandbox/go.mod requires"},
		{"go.work", "upvest-portfolios-go/sandbox " + version, "upvest-portfolios-go/sandbox v1.900.0", "go.work does not replace"},
		{"examples/go.mod", "go 1.26.0", "go 1.26.0\nreplace github.com/google/uuid => ../uuid", "could not be installed"},
	} {
		root := copied(t)
		name := filepath.Join(root, control.file)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, name, bytes.Replace(text, []byte(control.old), []byte(control.new), 1))
		changed, err := open(root)
		if err != nil {
			t.Fatal(err)
		}
		findings := strings.Join(changed.disagreements(), "\n")
		if !strings.Contains(findings, control.want) {
			t.Errorf("%s: want a finding with %q, got %q", control.new, control.want, findings)
		}
	}
}

func TestTagsGoInTheOrderOfTheRequirements(t *testing.T) {
	root := copied(t)
	writeFile(t, filepath.Join(root, "VERSION"), []byte("v1.2.3\n"))
	var printed bytes.Buffer
	if err := run(&printed, root, []string{"tags"}); err != nil {
		t.Fatal(err)
	}
	if tags := printed.String(); !strings.HasPrefix(tags, "v1.2.3\nsandbox/v1.2.3\n") || !strings.Contains(tags, "\nexamples/v1.2.3\n") ||
		strings.Contains(tags, "proof") {
		t.Errorf("the tags are %q", tags)
	}
}

func TestNextMovesEveryFileOn(t *testing.T) {
	root := copied(t)
	before := openRepository(t)
	if err := run(nil, root, []string{"next", "v1.900.0"}); err != nil {
		t.Fatal(err)
	}
	after, err := open(root)
	if err != nil {
		t.Fatal(err)
	}
	if after.version != "v1.900.0" {
		t.Errorf("the version is %s", after.version)
	}
	for _, finding := range after.disagreements() {
		t.Error(finding)
	}
	for _, module := range before.modules {
		for _, name := range []string{module.folder + "/go.mod", "go.work"} {
			want, errWant := os.ReadFile(filepath.Join(repository, name))
			got, errGot := os.ReadFile(filepath.Join(root, name))
			if errWant != nil || errGot != nil {
				t.Fatal(errWant, errGot)
			}
			if back := bytes.ReplaceAll(got, []byte("v1.900.0"), []byte(before.version)); !bytes.Equal(back, want) {
				t.Errorf("%s changed in more than the version:\n%s", name, got)
			}
		}
	}
	for _, version := range []string{"v1.899.9", "v1.900.0", "v1.901", "1.901.0", "v1.901.0+build", "v2.0.0", ""} {
		if err := run(nil, root, []string{"next", version}); err == nil {
			t.Errorf("%q was taken for the next version", version)
		}
	}
}

// TestEveryModuleAndVersionIsKnown: what lists modules by hand lists all of them, and the changelog has a section for the next release.
func TestEveryModuleAndVersionIsKnown(t *testing.T) {
	opened := openRepository(t)
	wanted := map[string][]string{"CHANGELOG.md": {"## [" + opened.version[1:] + "] - "}}
	for _, m := range opened.modules[1:] {
		name := strings.TrimPrefix(m.folder, "./")
		for _, file := range []string{"Makefile", ".ci/tidy", ".github/workflows/vulnerabilities.yml"} {
			wanted[file] = append(wanted[file], " "+name)
		}
		wanted[".github/dependabot.yml"] = append(wanted[".github/dependabot.yml"], " /"+name)
	}
	lists := regexp.MustCompile(`(?m)^(NESTED +:=|for nested in|.*for module in|    directories:|## \[).*`)
	for file, names := range wanted {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		list := strings.Join(lists.FindAllString(string(text), -1), "\n")
		for _, name := range names {
			if !strings.Contains(list, name) {
				t.Errorf("%s does not list %s", file, name)
			}
		}
	}
}
