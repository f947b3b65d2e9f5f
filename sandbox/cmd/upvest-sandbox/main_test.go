package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The tests run the test binary as the program. If the tests built the program instead,
// the test cache would not notice changes to the program.
const asProgram = "RUN_AS_PROGRAM=1"

func TestMain(m *testing.M) {
	if name, value, _ := strings.Cut(asProgram, "="); os.Getenv(name) == value {
		main()
		return
	}
	if address := os.Getenv(asClientOf); address != "" {
		runClient(address)
		return
	}
	m.Run()
}

const clientID = "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01"

// printVariables is a shell script that prints the values of five variables, and the
// number of all variables that begin with UPVEST_API_.
const printVariables = `printf '%s|' "$UPVEST_API_CLIENT_ID" "$UPVEST_API_CLIENT_SECRET" ` +
	`"$UPVEST_API_KEY_ID" "$UPVEST_API_SCOPES" "$UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"; ` +
	`env | grep -c ^UPVEST_API_`

func command(t *testing.T, flags ...string) *exec.Cmd {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Without this limit, a program that wrongly accepts its flags would run forever.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	program := exec.CommandContext(ctx, executable, flags...)
	program.Env = append(os.Environ(), asProgram)
	return program
}

// TestProgramPrintsVariablesForAShell requires that a shell can source the lines on
// stdout, and that a signal ends the program with exit status 0.
func TestProgramPrintsVariablesForAShell(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "it's keys")
	file := filepath.Join(keys, clientID+".pem")
	for _, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		command := command(t, "-keys", keys, "-client", "id="+clientID+",secret=it's $HOME,key-id=k")
		stdout, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		for scanner := bufio.NewScanner(stdout); strings.Count(lines.String(), "\n") < 11 && scanner.Scan(); {
			lines.WriteString(scanner.Text() + "\n")
		}
		shell := exec.Command("sh")
		shell.Stdin = strings.NewReader(lines.String() + printVariables)
		shell.Env = []string{"PATH=" + os.Getenv("PATH")}
		sourced, err := shell.CombinedOutput()
		if err != nil {
			t.Fatalf("the shell cannot source the lines: %v\n%s", err, sourced)
		}
		want := clientID + "|it's $HOME|k|portfolios:admin,portfolios:read|" + file + "|11\n"
		if string(sourced) != want {
			t.Errorf("the shell sourced the values %q, want %q", sourced, want)
		}
		for _, file := range []string{file, strings.TrimSuffix(file, ".pem") + ".env"} {
			if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: got %v (error %v), want a file that only its owner can read", file, info, err)
			}
		}
		if err := command.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("after the signal %s, the program ended with %v, want exit status 0", signal, err)
		}
		// Everyone can read the files from here on. The next start must make them private
		// again.
		for _, file := range []string{file, strings.TrimSuffix(file, ".pem") + ".env"} {
			if err := os.Chmod(file, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestEnvironmentFile requires that the file of -env-file is complete as soon as the
// sandbox responds, overrides earlier settings, and is removed when the sandbox ends.
func TestEnvironmentFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "it's.env")
	command := command(t, "-env-file", file)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	command.Stdout = &stdout
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() || !strings.Contains(lines.Text(), "in another shell: . ") {
		t.Fatalf("the program printed %q, want a command that sources the file", lines.Text())
	}
	_, source, _ := strings.Cut(lines.Text(), "in another shell: ")
	shell := exec.Command("sh", "-c", source+` && printf '%s\n' "$UPVEST_API_BASE_URL" `+
		`"$UPVEST_API_HTTP_SIGN_PRIVATE_KEY$UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"`)
	shell.Env = []string{
		"PATH=" + os.Getenv("PATH"), "UPVEST_API_HTTP_SIGN_PRIVATE_KEY=live",
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE=live",
	}
	sourced, err := shell.CombinedOutput()
	url, rest, _ := strings.Cut(string(sourced), "\n")
	if err != nil || rest != "\n" {
		t.Errorf("the sourced variables are %q (error %v), want the URL and no earlier value",
			sourced, err)
	}
	if response, err := http.Get(url); err != nil {
		t.Errorf("the sandbox does not respond: %v", err)
	} else {
		_ = response.Body.Close()
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got the file %v (error %v), want a file that only its owner can read", info, err)
	}
	if err := command.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || stdout.Len() > 0 {
		t.Errorf("the program ended with the error %v and printed %q, want no error and no output",
			err, stdout.String())
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end of the sandbox, os.Stat of the file returned %v, want ErrNotExist", err)
	}
}

// TestProgramEndsWithItsCommand requires that the command receives the variables, that
// only the command writes to stdout, and that the program ends with the command's exit
// status.
func TestProgramEndsWithItsCommand(t *testing.T) {
	const script = `echo "$UPVEST_API_CLIENT_ID"; test -r "$UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"; ` +
		`echo "$?"; exit 7`
	var stdout bytes.Buffer
	command := command(t, "-client", "id="+clientID, "--", "sh", "-c", script)
	command.Stdout = &stdout
	err := command.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != 7 {
		t.Errorf("the program ended with %v, want the exit status 7 of the command", err)
	}
	if want := clientID + "\n0\n"; stdout.String() != want {
		t.Errorf("the command printed %q, want %q", stdout.String(), want)
	}
}

func TestInvalidFlagsAreRefused(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		flags   []string
		reports string
	}{
		{flags: []string{"-address", "0.0.0.0:0"}, reports: "loopback"},
		{flags: []string{"-address", "8080"}, reports: "host:port"},
		{flags: []string{"-client", "id=me"}, reports: "expected a UUID"},
		{flags: []string{"-client", "very secret"}, reports: "not of the form name=value"},
		{flags: []string{"-client", "key=" + empty}, reports: "is not a PEM file"},
		{
			flags:   []string{"-client", "key=../../../wrapper/testdata/keys/p521-sec1-aes256.pem"},
			reports: "is encrypted; its public half is enough: openssl pkey",
		},
		{
			flags:   []string{"-client", "key=../../../wrapper/testdata/keys/p521-pkcs8-scrypt.pem"},
			reports: "is encrypted; its public half is enough: openssl pkey",
		},
		{flags: []string{"-client", "id={" + clientID + "}"}, reports: "expected a UUID"},
		{flags: []string{"-key-form", "rsa"}, reports: "expected ed25519, p521 or p521-encrypted"},
		{
			flags: []string{
				"-client", "id=" + clientID,
				"-client", "id=" + clientID,
			},
			reports: "appears twice",
		},
		{flags: []string{"-client", "scopes=portfolios:raed"}, reports: `scope "portfolios:raed"`},
		{flags: []string{"-rate-limit", "0"}, reports: "expected at least 1"},
		{flags: []string{"-order-delay", "soon"}, reports: "order-delay"},
		{flags: []string{"-accounts", "mine"}, reports: "ACCOUNT=USER"},
		{flags: []string{"-accounts", "@missing"}, reports: "read the accounts"},
		{flags: []string{"-seed", "-1"}, reports: "seed"},
		{flags: []string{"-state", "nowhere.json"}, reports: "read the state: open nowhere.json"},
		{flags: []string{"--", "no-such-command"}, reports: "run no-such-command: "},
		{flags: []string{"secret=very secret"}, reports: "unexpected argument"},
		{flags: []string{"-client", "id=very secret"}, reports: "expected a UUID"},
		{flags: []string{"-client", "id=a,sceret=very secret"}, reports: "the part id contains , or ="},
		{
			flags:   []string{"-client", "scopes=a secret=very secret"},
			reports: "the part scopes contains , or =",
		},
		{flags: []string{"-client", "sceret=very secret"}, reports: "unknown name"},
		{flags: []string{"-client", "secret=a,secret=very secret"}, reports: "secret appears twice"},
		{
			flags:   []string{"-client", "key=very secret,secret=a,key=very secret"},
			reports: "key appears twice",
		},
		{flags: []string{"-env-form", "fish"}, reports: "expected sh, dotenv, powershell or json"},
		{flags: []string{"-key-as", "der"}, reports: "expected file or base64"},
		{
			flags:   []string{"-env-form", "dotenv", "-client", "secret=very secret#"},
			reports: "how to read the value of UPVEST_API_CLIENT_SECRET",
		},
	} {
		var stdout bytes.Buffer
		var stderr bytes.Buffer
		command := command(t, test.flags...)
		command.Stdout = &stdout
		command.Stderr = &stderr
		err := command.Run()
		if err == nil || !strings.Contains(stderr.String(), test.reports) || stdout.Len() > 0 {
			t.Errorf("%q: the error is %v, stderr %q and stdout %q, want a refusal with %q",
				test.flags, err, stderr.String(), stdout.String(), test.reports)
		}
		if strings.Contains(stderr.String(), "very secret") {
			t.Errorf("%q: stderr repeats a value that may be a secret: %q", test.flags, stderr.String())
		}
	}
	if err := command(t, "-help").Run(); err != nil {
		t.Errorf("with -help, the program ended with %v, want exit status 0", err)
	}
}
