package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// run is a running program whose variables are in the file of -env-file.
type run struct {
	*exec.Cmd
	// report is the line that the program prints once it listens.
	report string
}

func startRun(t *testing.T, flags ...string) *run {
	t.Helper()
	started := &run{Cmd: command(t, flags...)}
	stderr, err := started.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := started.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	lines.Scan()
	started.report = lines.Text()
	if !strings.Contains(started.report, "listening on ") {
		t.Fatalf("the program printed %q, want \"listening on \" and an address", started.report)
	}
	return started
}

func (r *run) end(t *testing.T) {
	t.Helper()
	if err := r.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := r.Wait(); err != nil {
		t.Error(err)
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTwoRunsWriteDifferentFiles requires that the second of two runs with the same file
// name writes a different file, and that neither run changes or removes the file of the
// other run.
func TestTwoRunsWriteDifferentFiles(t *testing.T) {
	for _, form := range []string{"sh", "dotenv", "powershell", "json"} {
		file := filepath.Join(t.TempDir(), "sandbox.env")
		first := startRun(t, "-env-file", file, "-env-form", form)
		written := content(t, file)
		second := startRun(t, "-env-file", file, "-env-form", form)
		other := filepath.Join(filepath.Dir(file), "sandbox-2.env")
		if !strings.Contains(second.report, other) || content(t, other) == written {
			t.Errorf("%s: the second run reported %q, want it to write %s and to report its name",
				form, second.report, other)
		}
		if content(t, file) != written {
			t.Errorf("%s: the second run changed the file of the first run", form)
		}
		first.end(t)
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: after the first run, os.Stat of its file returned %v, want ErrNotExist", form, err)
		}
		content(t, other)
		second.end(t)
		if _, err := os.Stat(other); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: after the second run, os.Stat of its file returned %v, want ErrNotExist", form, err)
		}
	}
}

// TestEnvironmentFileWithACommand requires that a command receives the variables, and
// that the file of -env-file contains the variables until the command ends.
func TestEnvironmentFileWithACommand(t *testing.T) {
	directory := t.TempDir()
	file := filepath.Join(directory, "sandbox.env")
	script := `given=$UPVEST_API_CLIENT_SECRET; UPVEST_API_CLIENT_SECRET=; . "$1"; ` +
		`test "$given" = "$UPVEST_API_CLIENT_SECRET" && test -n "$given" && ` +
		`cat "$2/` + clientID + `.p521.env"`
	keys := filepath.Join(directory, "keys")
	program := command(t, "-env-file", file, "-keys", keys, "-client", "id="+clientID,
		"--", "sh", "-c", script, "sh", file, keys)
	var stderr bytes.Buffer
	program.Stderr = &stderr
	stdout, err := program.Output()
	if err != nil || !strings.HasPrefix(string(stdout), "export UPVEST_API_BASE_URL=") {
		t.Errorf("the error is %v and the output %s%s, want the variables in the environment and in files",
			err, stdout, &stderr)
	}
	if !strings.Contains(stderr.String(), "in another shell: . '"+file+"'") {
		t.Errorf("the program reported %q, want a command that sources the file", &stderr)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end of the command, os.Stat of the file returned %v, want ErrNotExist", err)
	}
	write(t, file, "MINE=1\n")
	refused, err := command(t, "-env-file", file, "--", "true").CombinedOutput()
	if err == nil || !strings.Contains(string(refused), "sandbox.env exists") {
		t.Errorf("with a file that the user wrote, the error is %v and the output %s, want a refusal",
			err, refused)
	}
}

// TestFileOfTheUserIsNotReplaced requires that the program refuses to use a file that no
// sandbox has written or that a user has edited, and leaves the file unchanged.
func TestFileOfTheUserIsNotReplaced(t *testing.T) {
	directory := t.TempDir()
	killed := filepath.Join(directory, "killed.env")
	first := startRun(t, "-env-file", killed)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	target := filepath.Join(directory, "target.env")
	if err := os.WriteFile(target, []byte(content(t, killed)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(directory, "link.env")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"user.env":    "export UPVEST_API_BASE_URL=https://elsewhere.invalid\n",
		"empty.env":   "",
		"edited.env":  content(t, killed) + "export MINE=1\n",
		"quoting.env": "export MINE=1\n" + content(t, killed),
		"link.env":    "",
	} {
		file := filepath.Join(directory, name)
		if text != "" || name == "empty.env" {
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		before := content(t, file)
		refused, err := command(t, "-env-file", file).CombinedOutput()
		if err == nil || !strings.Contains(string(refused), name+" exists") || content(t, file) != before {
			t.Errorf("%s: the error is %v and the output %s, want the file refused and unchanged",
				name, err, refused)
		}
	}
	// The program replaces the file of a run that was killed.
	second := startRun(t, "-env-file", killed)
	if !strings.HasSuffix(second.report, ". '"+killed+"'") {
		t.Errorf("the program reported %q, want it to use the file of the killed run", second.report)
	}
	// The program does not remove a file to which a user added a line.
	edited := content(t, killed) + "export MINE=1\n"
	if err := os.WriteFile(killed, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	second.end(t)
	if content(t, killed) != edited {
		t.Error("the program changed a file that a user had edited")
	}
}

// TestFormsOfTheEnvironmentFile requires that the forms json, powershell and dotenv
// contain the right values, quoted as programs that read these forms expect.
func TestFormsOfTheEnvironmentFile(t *testing.T) {
	const secret = "it's, 100% =secret"
	flags := []string{"-client", "id=" + clientID + ",secret=" + secret + ",key-id=k"}
	values := func(form string, flags ...string) (text string, file string) {
		file = filepath.Join(t.TempDir(), "variables")
		started := startRun(t, append(flags, "-env-file", file, "-env-form", form)...)
		text = content(t, file)
		started.end(t)
		return text, started.report
	}
	text, _ := values("json", flags...)
	var object map[string]string
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatalf("the JSON file cannot be decoded: %v: %s", err, text)
	}
	if object["UPVEST_API_CLIENT_SECRET"] != secret || object["UPVEST_API_CLIENT_ID"] != clientID ||
		object["UPVEST_API_KEY_ID"] != "k" || object["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILE"] !=
		object["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"] || object["UPVEST_API_SCOPES"] !=
		"portfolios:admin,portfolios:read" || object["UPVEST_API_CLIENT_SCOPE"] !=
		"portfolios:admin portfolios:read" {
		t.Errorf("the JSON file is %s, want the ID, secret and key ID of -client, all scopes, "+
			"and the same key file in both variables", text)
	}
	text, report := values("powershell", flags...)
	if !strings.Contains(text, "\n$env:UPVEST_API_CLIENT_SECRET = 'it''s, 100% =secret'\n") ||
		!strings.Contains(text, "\n$env:UPVEST_API_HTTP_SIGN_PRIVATE_KEY = ''\n") ||
		!strings.Contains(report, "Invoke-Expression (Get-Content -Raw '/") {
		t.Errorf("the PowerShell file or the report has a wrong value or wrong quotation marks: %s\n%s",
			text, report)
	}
	text, _ = values("dotenv", "-client", "secret=one, two=three,key-id=k")
	if !strings.Contains(text, "\nUPVEST_API_CLIENT_SECRET=one, two=three\nUPVEST_API_KEY_ID=k\n") ||
		!strings.Contains(text, "\nUPVEST_API_HTTP_SIGN_PRIVATE_KEY=\n") || strings.Contains(text, "export") {
		t.Errorf("the dotenv file has a wrong value, quotation marks or an export: %s", text)
	}
}

// TestKeyAsBase64 requires that, with -key-as base64 and without -keys, the variables
// contain the private key, and the program writes no key file.
func TestKeyAsBase64(t *testing.T) {
	for form, block := range map[string]string{
		"ed25519": "-----BEGIN PRIVATE KEY-----", "p521-encrypted": "-----BEGIN EC PRIVATE KEY-----",
	} {
		nowhere := filepath.Join(t.TempDir(), "missing")
		program := command(t, "-key-as", "base64", "-key-form", form, "-env-form", "json")
		program.Env = append(program.Env, "TMPDIR="+nowhere)
		stdout, err := program.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		var variables map[string]string
		if err := json.NewDecoder(stdout).Decode(&variables); err != nil {
			t.Fatal(err)
		}
		key, err := base64.StdEncoding.DecodeString(variables["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64"])
		if err != nil || !bytes.HasPrefix(key, []byte(block)) {
			t.Errorf("%s: the key is %s with the error %v, want it to begin with %s", form, key, err, block)
		}
		if file := variables["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"]; file != "" {
			t.Errorf("%s: the variables name the key file %s, want none", form, file)
		}
		if err := program.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := program.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// TestByteOrderMark requires that the program reads key files and lists of accounts that
// begin with a byte order mark.
func TestByteOrderMark(t *testing.T) {
	key := content(t, "../../../wrapper/testdata/keys/ed25519-pkcs8.pem")
	const accounts = clientID + "=" + clientID + "\r\n"
	wide := func(text, mark string, first int) string {
		for _, letter := range text {
			pair := []string{"\x00", "\x00"}
			pair[first] = string(letter)
			mark += pair[0] + pair[1]
		}
		return mark
	}
	for name, with := range map[string]func(string) string{
		"UTF-8":     func(text string) string { return "\xef\xbb\xbf" + text },
		"UTF-16 LE": func(text string) string { return wide(text, "\xff\xfe", 0) },
		"UTF-16 BE": func(text string) string { return wide(text, "\xfe\xff", 1) },
	} {
		keyFile := filepath.Join(t.TempDir(), "key.pem")
		list := filepath.Join(t.TempDir(), "accounts")
		for file, text := range map[string]string{keyFile: key, list: accounts} {
			if err := os.WriteFile(file, []byte(with(text)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("the files are encoded in %s", name)
		startRun(t, "-env-file", filepath.Join(t.TempDir(), "sandbox.env"), "-client", "key="+keyFile,
			"-accounts", "@"+list).end(t)
	}
}
