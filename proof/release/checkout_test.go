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

// clone clones a repository with git settings such as core.autocrlf=true, and returns
// the folder of the clone. The clone contains only committed changes.
func clone(t *testing.T, from string, settings ...string) string {
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

// TestCommandsLeaveCheckoutClean runs the first commands of a new contributor in a fresh
// checkout. These commands must not change files, or create files that git does not
// ignore.
func TestCommandsLeaveCheckoutClean(t *testing.T) {
	t.Parallel()
	withRelease(t)
	folder := clone(t, repository)
	for _, command := range []string{"go doc ./wrapper", "go vet ./...", "make demo"} {
		words := strings.Fields(command)
		inFolder(t, folder, words[0], words[1:]...)
		if changed := inFolder(t, folder, "git", "status", "--porcelain"); changed != "" {
			t.Errorf("`%s` changed these files of a fresh checkout, want no changes:\n%s", command, changed)
		}
	}
	// This is a control for the check above. The commands create one file, go.work.sum,
	// which git ignores. With --ignored, git status must list it. This shows that git
	// status notices files that the commands create.
	ignored := inFolder(t, folder, "git", "status", "--porcelain", "--ignored")
	if ignored != "!! go.work.sum\n" {
		t.Errorf("git status lists the files %q, want only the ignored file go.work.sum", ignored)
	}
}

// TestLineEndingsAreKept requires that a checkout keeps the committed line endings even
// with core.autocrlf=true, the usual setting on Windows.
func TestLineEndingsAreKept(t *testing.T) {
	t.Parallel()
	withRelease(t)
	folder := clone(t, repository, "core.autocrlf=true")
	if changed := changedEndings(t, folder); changed != "" {
		t.Errorf("a checkout with core.autocrlf=true changed the line endings of these files, "+
			"want no changes:\n%s", changed)
	}
	inFolder(t, folder, "git", "rm", "--quiet", ".gitattributes")
	inFolder(t, folder, "git", "-c", "user.name=control", "-c", "user.email=control@example.invalid",
		"commit", "--quiet", "--message", "a control")
	if changedEndings(t, clone(t, folder, "core.autocrlf=true")) == "" {
		t.Error("a checkout without .gitattributes changed no line endings either, so this test cannot fail")
	}
}

// changedEndings returns the files of a checkout whose line endings differ from those in
// the commit.
func changedEndings(t *testing.T, folder string) string {
	t.Helper()
	var changed strings.Builder
	for line := range strings.Lines(inFolder(t, folder, "git", "ls-files", "--eol")) {
		// For example: i/lf    w/lf    attr/text=auto eol=lf   README.md
		fields := strings.Fields(line)
		if strings.TrimPrefix(fields[0], "i/") != strings.TrimPrefix(fields[1], "w/") {
			changed.WriteString(line)
		}
	}
	return changed.String()
}
