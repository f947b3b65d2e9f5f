package drift_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const actionlint = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"

var (
	usedAction   = regexp.MustCompile(`uses: (.*)`)
	pinnedAction = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	mayOnlyRead  = regexp.MustCompile(`(?m)^permissions:\n  contents: read\n\n`)
	mayPublish   = regexp.MustCompile(`(?m)^  publish:\n    needs: check\n` +
		`    permissions:\n      contents: write # for .*\n`)
)

// checkWorkflow requires that a workflow is valid, pins its actions by commit, and has
// only the permissions and credentials that it needs.
func checkWorkflow(t *testing.T, program, file string) (found findings) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	name := ".github/workflows/" + filepath.Base(file) + ": "
	if printed, err := run(t.Context(), ".", program, "-oneline", file); err != nil {
		found.addf(name+"actionlint: %s", printed)
	}
	for _, used := range usedAction.FindAllStringSubmatch(text, -1) {
		if !pinnedAction.MatchString(used[1]) {
			found.addf(name+"%s is not pinned: write its commit, then # and its version", used[1])
		}
	}
	if filepath.Base(file) == "release.yml" {
		// The publish job may write, because it starts only after the check job has
		// passed.
		text = mayPublish.ReplaceAllString(text, "")
	}
	if !mayOnlyRead.MatchString(text) || strings.Count(text, "permissions:") != 1 {
		found.addf("%sthe permissions are not exactly contents: read: set permissions to only contents: read",
			name)
	}
	if strings.Count(text, "actions/checkout@") != strings.Count(text, "persist-credentials: false") {
		found.addf("%sa checkout stores its credentials: set persist-credentials to false", name)
	}
	return found
}

// workflowControls are mistakes that checkWorkflow must find.
var workflowControls = []struct {
	file string
	old  string
	new  string
	want string
}{
	{
		file: "ci.yml",
		old:  "${{ matrix.target }}",
		new:  "${{ matrix.traget }}",
		want: `property "traget" is not defined`,
	},
	{
		file: "ci.yml",
		old:  "runs-on: ubuntu-24.04",
		new:  "runs-on: ubuntu-04.24",
		want: `label "ubuntu-04.24" is unknown`,
	},
	{
		file: "ci.yml",
		old:  "@de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2",
		new:  "@v6",
		want: "actions/checkout@v6 is not pinned",
	},
	{file: "ci.yml", old: "contents: read", new: "contents: write", want: "not exactly contents: read"},
	{
		file: "ci.yml",
		old:  "    steps:",
		new:  "    permissions: {issues: write}\n    steps:",
		want: "not exactly contents: read",
	},
	{
		file: "ci.yml",
		old:  "persist-credentials: false",
		new:  "persist-credentials: true",
		want: "stores its credentials",
	},
	{file: "release.yml", old: "    needs: check\n", want: "not exactly contents: read"},
	{
		file: "release.yml",
		old:  "  check:\n",
		new:  "  check:\n    permissions:\n      contents: write # for fun\n",
		want: "not exactly contents: read",
	},
}

// TestWorkflows requires that checkWorkflow finds no mistake in the workflows. It then
// adds each mistake in workflowControls to a copy of a workflow, and requires that
// checkWorkflow finds the mistake.
func TestWorkflows(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	program := install(t, actionlint)
	files, err := filepath.Glob(filepath.Join(repository, ".github/workflows/*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("find the workflows: got the files %q (error %v), want at least two", files, err)
	}
	for _, file := range files {
		found := checkWorkflow(t, program, file)
		found.report(t)
	}
	for _, control := range workflowControls {
		good, err := os.ReadFile(filepath.Join(repository, ".github/workflows", control.file))
		if err != nil {
			t.Fatal(err)
		}
		bad := writeFile(t, control.file, strings.Replace(string(good), control.old, control.new, 1))
		requireFinding(t, checkWorkflow(t, program, bad), control.want)
	}
}
