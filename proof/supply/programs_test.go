package supply_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// build runs .ci/dist of a copy of the repository for one program and Linux, with a new
// build cache, and returns the bytes of the program.
func build(t *testing.T, root string) []byte {
	t.Helper()
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), filepath.Join(root, ".ci/dist"), folder)
	command.Env = append(os.Environ(), "GOCACHE="+t.TempDir(), "SBOM=",
		"TARGETS=linux/amd64", "PROGRAMS=sandbox/cmd/upvest-sandbox")
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the program: %v\n%s", err, printed)
	}
	names, err := filepath.Glob(filepath.Join(folder, "upvest-sandbox_*"))
	if err != nil || len(names) != 1 {
		t.Fatalf("the programs are %q, %v; want one", names, err)
	}
	program, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// export writes all files that git tracks into another folder.
func export(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	command := exec.CommandContext(t.Context(), "git", "-C", "../..", "checkout-index", "--all",
		"--prefix="+root+"/")
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("copy the repository: %v\n%s", err, printed)
	}
	return root
}

func TestProgramsAreReproducible(t *testing.T) {
	if os.Getenv("DIST") == "" {
		t.Skip("make dist runs this test, which compiles everything twice")
	}
	first := build(t, export(t))
	second := build(t, export(t))
	if !bytes.Equal(first, second) {
		t.Errorf("two builds from two folders differ: %d and %d bytes", len(first), len(second))
	}
}
