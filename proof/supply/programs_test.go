package supply_test

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// withDist skips a test that compiles programs, unless the environment variable DIST is
// set. `make dist` sets it.
func withDist(t *testing.T) {
	t.Helper()
	if os.Getenv("DIST") == "" {
		t.Skip("this test compiles programs for minutes; run it with `make dist`")
	}
}

// build runs the script .ci/dist of the repository at `root`, and returns the folder with
// the programs that this script has built for this machine's operating system and
// processor.
func build(t *testing.T, root string, environment ...string) string {
	t.Helper()
	folder := t.TempDir()
	command := exec.CommandContext(t.Context(), filepath.Join(root, ".ci/dist"), folder)
	command.Env = append(os.Environ(), "TARGETS="+runtime.GOOS+"/"+runtime.GOARCH)
	command.Env = append(command.Env, environment...)
	if printed, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build the programs: %v\n%s", err, printed)
	}
	return folder
}

// export copies the files of the repository, except for those that git ignores, to a new
// git repository in a temporary folder, and returns this folder.
func export(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	listed := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others",
		"--exclude-standard")
	listed.Dir = "../.."
	names, err := listed.Output()
	if err != nil {
		t.Fatalf("list the files of the repository: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(names), "\x00"), "\x00") {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if os.IsNotExist(err) {
			continue // the file is deleted, but the deletion is not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	initialized := exec.CommandContext(t.Context(), "git", "init", "--quiet", root)
	if printed, err := initialized.CombinedOutput(); err != nil {
		t.Fatalf("create a repository from the copy: %v\n%s", err, printed)
	}
	return root
}

// TestPrograms builds each program twice: from the repository, and then from a copy of
// the repository with an empty build cache. The two builds must be equal. The test also
// checks the checksums, the versions and the SBOMs.
func TestPrograms(t *testing.T) {
	withDist(t)
	text, err := os.ReadFile("../../VERSION")
	if err != nil {
		t.Fatal(err)
	}
	version := strings.TrimSpace(string(text))
	first := build(t, "../..")
	second := build(t, export(t), "GOCACHE="+t.TempDir(), "SBOM=")
	requireChecksums(t, first)
	for _, title := range []string{"fleet", "upvest-sandbox"} {
		name := fmt.Sprintf("%s_%s_%s_%s", title, version, runtime.GOOS, runtime.GOARCH)
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		t.Run(title, func(t *testing.T) {
			program := filepath.Join(first, name)
			printed, err := exec.CommandContext(t.Context(), program, "-version").Output()
			if err != nil || !strings.HasPrefix(string(printed), title+" "+version) {
				t.Errorf("%s -version printed %q (error %v), want %q at the start",
					title, printed, err, title+" "+version)
			}
			if !bytes.Equal(read(t, program), read(t, filepath.Join(second, name))) {
				t.Errorf("the two builds of %s differ, want equal bytes", title)
			}
			requireBill(t, program)
		})
	}
}

// requireChecksums requires that SHA256SUMS contains the checksum of every other file in
// the folder.
func requireChecksums(t *testing.T, folder string) {
	t.Helper()
	var want strings.Builder
	files, err := filepath.Glob(filepath.Join(folder, "*_*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find the programs: got %q (error %v), want at least 1", files, err)
	}
	for _, file := range files {
		fmt.Fprintf(&want, "%x  %s\n", sha256.Sum256(read(t, file)), filepath.Base(file))
	}
	if sums := string(read(t, filepath.Join(folder, "SHA256SUMS"))); sums != want.String() {
		t.Errorf("SHA256SUMS is\n%s, want\n%s", sums, want.String())
	}
}

// unrecognized contains the modules whose licence the generator of the SBOM does not
// recognize. TestLicences checks the licences of these modules, except for std, which is
// the standard library.
var unrecognized = []string{"std", "github.com/oasdiff/yaml", "github.com/tidwall/btree"}

// requireBill requires that the SBOM of a program lists the standard library and each
// module in the program, with their versions. The SBOM must also contain the licences of
// these modules, except for the modules in `unrecognized`.
func requireBill(t *testing.T, program string) {
	t.Helper()
	var bill struct {
		Format     string `json:"bomFormat"`
		Components []struct {
			Name     string           `json:"name"`
			Version  string           `json:"version"`
			Evidence map[string][]any `json:"evidence"`
		} `json:"components"`
	}
	if err := json.Unmarshal(read(t, program+".cdx.json"), &bill); err != nil {
		t.Fatalf("read the SBOM: %v", err)
	}
	listed := map[string]string{}
	for _, component := range bill.Components {
		listed[component.Name] = component.Version
		isRecognized := len(component.Evidence["licenses"]) > 0
		if isRecognized == slices.Contains(unrecognized, component.Name) {
			t.Errorf("the SBOM has a licence for %s: %t, want %t: correct the list \"unrecognized\"",
				component.Name, isRecognized, !isRecognized)
		}
	}
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"std": info.GoVersion}
	for _, module := range info.Deps {
		want[module.Path] = module.Version
	}
	if bill.Format != "CycloneDX" || !maps.Equal(listed, want) {
		t.Errorf("the SBOM has the format %q and lists the modules %v, want \"CycloneDX\" and %v",
			bill.Format, listed, want)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
