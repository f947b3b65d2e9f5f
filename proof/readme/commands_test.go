package readme_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCommands requires that the make, go, cd and cp commands in the documents name
// targets, packages, folders and files that exist.
func TestCommands(t *testing.T) {
	c := commands{targets: targets(t), packages: map[string]error{}}
	total := 0
	for _, name := range documents(t) {
		for _, line := range commandsOf(document(t, name)) {
			total++
			if err := c.check(t, line); err != nil {
				t.Errorf("%s: the command %q is wrong: %v", name, line, err)
			}
		}
	}
	if total < 20 {
		t.Errorf("found %d commands in the documents, want at least 20", total)
	}
}

func TestWrongCommandsAreFound(t *testing.T) {
	c := commands{targets: targets(t), packages: map[string]error{}}
	for _, line := range []string{
		"make nothing", "go get " + module + "/nothing", "go run " + module + "/nothing@latest",
		"go get " + module + "/wrapper " + module + "/nothing",
		"cd nothing && go run ./release", "(cd proof && go run ./nothing)",
		"cp nothing proof/released/openapi.yaml", "unknown-program", "go doc " + module + "/wrapper.Nothing",
	} {
		if c.check(t, line) == nil {
			t.Errorf("check returned no error for the wrong command %q, want an error", line)
		}
	}
}

const module = "github.com/d8277167/upvest-portfolios-go"

var inlineCommand = regexp.MustCompile("`((?:make|go|cd|cp|git|\\(cd) [^`…]+)`")

// commandsOf returns the commands in a document. These are the lines of its shell blocks,
// without comments, and the commands of make, go, cd, cp and git in its sentences.
func commandsOf(text string) []string {
	var found []string
	for _, block := range blocks(text, "sh") {
		for line := range strings.Lines(block) {
			command, _, _ := strings.Cut(line, " #")
			command = strings.TrimSpace(command)
			if command != "" {
				found = append(found, command)
			}
		}
	}
	for _, match := range inlineCommand.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func targets(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	target := regexp.MustCompile(`(?m)^([a-z-]+):.*## `)
	for _, match := range target.FindAllStringSubmatch(document(t, "Makefile"), -1) {
		found[match[1]] = true
	}
	return found
}

// commands compares the commands of documents with the repository.
type commands struct {
	targets  map[string]bool
	packages map[string]error // the result of go list, by folder and package
}

// elsewhere contains the programs whose arguments TestCommands does not check.
var elsewhere = map[string]bool{
	"openssl": true, "curl": true, "git": true, "env": true, "echo": true, "timedatectl": true, ".": true,
	".ci/run": true, "fleet": true, "export": true, "upvest-sandbox": true,
}

var setting = regexp.MustCompile(`^[A-Z]+=\S*\s+`)

func (c commands) check(t *testing.T, line string) error {
	t.Helper()
	line = strings.Trim(setting.ReplaceAllString(line, ""), "()")
	folder := repository
	if inFolder, found := strings.CutPrefix(line, "cd "); found {
		name, rest, _ := strings.Cut(inFolder, " && ")
		folder = filepath.Join(repository, name)
		line = setting.ReplaceAllString(rest, "")
	}
	if _, err := os.Stat(folder); err != nil {
		return err
	}
	words := strings.Fields(line)
	switch {
	case len(words) > 1 && words[0] == "make":
		if !c.targets[words[1]] {
			return fmt.Errorf("the Makefile has no target %s", words[1])
		}
		return nil
	case len(words) > 3 && words[0] == "go" && words[1] == "mod" && words[2] == "edit":
		return nil // such a command changes a module outside the repository
	case len(words) > 2 && words[0] == "go":
		return c.checkGo(t, folder, words)
	case len(words) == 2 && words[0] == "go":
		return nil // a sentence names a go command without arguments
	case len(words) > 1 && words[0] == "cp":
		if found, err := filepath.Glob(filepath.Join(repository, words[1])); err != nil || len(found) == 0 {
			return fmt.Errorf("the file %s, which cp copies, does not exist", words[1])
		}
		return nil
	case len(words) > 0 && elsewhere[words[0]]:
		return nil
	}
	return errors.New("the test does not support this command: extend proof/readme/commands_test.go")
}

// checkGo returns an error if a package of this repository that a go command names does
// not exist, or if go doc finds no documentation.
func (c commands) checkGo(t *testing.T, folder string, words []string) error {
	t.Helper()
	if words[1] == "doc" {
		output, err := run(t, folder, "go", "doc", words[2])
		if err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		return nil
	}
	for _, word := range words[2:] {
		name, _, _ := strings.Cut(word, "@")
		if !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, module) {
			continue
		}
		key := folder + " " + name
		if _, known := c.packages[key]; !known {
			command := exec.CommandContext(t.Context(), "go", "list", name)
			command.Dir = folder
			output, err := command.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, output)
			}
			c.packages[key] = err
		}
		if err := c.packages[key]; err != nil {
			return err
		}
	}
	return nil
}
