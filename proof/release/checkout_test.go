package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cloned is a clone of a repository's last commit, made with settings of git such as
// core.autocrlf=true.
func cloned(t *testing.T, from string, settings ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "clone")
	var arguments []string
	for _, setting := range settings {
		arguments = append(arguments, "-c", setting)
	}
	inFolder(t, from, "git", append(arguments, "clone", "--quiet", ".", folder)...)
	return folder
}

// inFolder runs a program in a folder and returns what it printed.
func inFolder(t *testing.T, folder, program string, arguments ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	// With -trimpath, the name of the folder is not compiled in, so the build cache can
	// be used.
	command.Env = append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=")
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, printed)
	}
	return string(printed)
}

// TestCommandsLeaveACheckoutClean runs the commands with which newcomers begin.
func TestCommandsLeaveACheckoutClean(t *testing.T) {
	t.Parallel()
	withRelease(t)
	folder := cloned(t, repository)
	for _, command := range []string{"go doc ./wrapper", "go vet ./...", "make demo"} {
		words := strings.Fields(command)
		inFolder(t, folder, words[0], words[1:]...)
		if changed := inFolder(t, folder, "git", "status", "--porcelain"); changed != "" {
			t.Errorf("%s changes a fresh checkout:\n%s", command, changed)
		}
	}
	// A control: these commands write a file that is ignored.
	ignored := inFolder(t, folder, "git", "status", "--porcelain", "--ignored")
	if ignored != "!! go.work.sum\n" {
		t.Errorf("want go.work.sum as the one ignored file, got:\n%s", ignored)
	}
}

// TestLineEndingsAreKept checks that git on Windows leaves every file as it is committed.
func TestLineEndingsAreKept(t *testing.T) {
	t.Parallel()
	withRelease(t)
	folder := cloned(t, repository, "core.autocrlf=true")
	if changed := changedEndings(t, folder); changed != "" {
		t.Errorf("a checkout on Windows changes line endings:\n%s", changed)
	}
	inFolder(t, folder, "git", "rm", "--quiet", ".gitattributes")
	inFolder(t, folder, "git", "-c", "user.name=control", "-c", "user.email=control@example.invalid",
		"commit", "--quiet", "--message", "a control")
	if changedEndings(t, cloned(t, folder, "core.autocrlf=true")) == "" {
		t.Error("without .gitattributes no line ending changes, so this test cannot fail")
	}
}

// changedEndings are the files of a checkout whose line endings are not those of the
// commit.
func changedEndings(t *testing.T, folder string) string {
	t.Helper()
	var changed strings.Builder
	for line := range strings.Lines(inFolder(t, folder, "git", "ls-files", "--eol")) {
		// i/lf    w/lf    attr/text=auto eol=lf   README.md
		fields := strings.Fields(line)
		if strings.TrimPrefix(fields[0], "i/") != strings.TrimPrefix(fields[1], "w/") {
			changed.WriteString(line)
		}
	}
	return changed.String()
}
