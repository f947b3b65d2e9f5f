package supply_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const service = `package service

import (
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func TestClient(t *testing.T) {
	if _, err := upvest.New(sandbox.Start(t).Credentials()); err != nil {
		t.Fatal(err)
	}
}
`

// TestUnreleasedModulesCanBeUsed requires that the first block of commands in
// docs/unreleased.md works in a module outside the repository, and that a test in this
// module passes. A copy of the repository replaces the clone.
func TestUnreleasedModulesCanBeUsed(t *testing.T) {
	withDist(t)
	text, err := os.ReadFile("../../docs/unreleased.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sh\ngit clone (\\S+) (\\S+)\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("docs/unreleased.md has no block of commands that begins with `git clone`")
	}
	parent := t.TempDir()
	folder := filepath.Join(parent, "service")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(export(t), filepath.Join(folder, string(found[2]))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "service_test.go"), []byte(service), 0o644); err != nil {
		t.Fatal(err)
	}
	commands := []string{"go mod init example.com/service"}
	commands = append(commands, strings.Split(strings.TrimSpace(string(found[3])), "\n")...)
	commands = append(commands, "go test -vet=off ./...")
	for _, line := range commands {
		words := strings.Fields(line)
		command := exec.CommandContext(t.Context(), words[0], words[1:]...)
		command.Dir = folder
		command.Env = append(os.Environ(), "GOWORK=off")
		if printed, err := command.CombinedOutput(); err != nil {
			t.Fatalf("the command %q failed: %v\n%s", line, err, printed)
		}
	}
}
