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

// cloned clones the last commit of a repository with git settings, such as
// core.autocrlf=true, and returns the folder of the clone.
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

// inFolder runs a program in a folder and returns its output.
func inFolder(t *testing.T, folder, program string, arguments ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	// With -trimpath, programs do not contain the name of the folder, so the go command
	// can use the build cache.
	command.Env = append(os.Environ(), "GOFLAGS=-trimpath", "GOWORK=")
	printed, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(arguments, " "), err, printed)
	}
	return string(printed)
}

// TestCommandsLeaveCheckoutClean requires that the first commands of a new contributor
// change no file of a checkout.
func TestCommandsLeaveCheckoutClean(t *testing.T) {
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
	// The commands write one ignored file. It shows that git status reports new files.
	ignored := inFolder(t, folder, "git", "status", "--porcelain", "--ignored")
	if ignored != "!! go.work.sum\n" {
		t.Errorf("want go.work.sum as the only ignored file, got:\n%s", ignored)
	}
}

// TestLineEndingsAreKept requires that a checkout on Windows has the committed line
// endings.
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
		t.Error("a checkout without .gitattributes changes no line ending, so this test cannot fail")
	}
}

// changedEndings returns the files of a checkout whose line endings differ from the
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
