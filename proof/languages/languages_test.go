package languages_test

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// language is an integration test in examples/.
type language struct {
	folder, client string
	run            []string
	// The field passed is a part of the output of a test whose cases all pass.
	passed string
	// mistakes are changes to the client that make its signatures wrong.
	mistakes []mistake
}

// mistake is a change to a client that makes its signatures wrong.
type mistake struct {
	name, old, new string
	// The field reports is a part of the output of the failing test.
	reports string
}

var languages = []language{
	{
		folder: "node", client: "upvest.mjs",
		run: []string{"node", "--test", "orders.test.mjs"}, passed: "pass 3\n",
		mistakes: []mistake{
			{
				name: "lines end with CRLF", old: `lines.join('\n')`, new: `lines.join('\r\n')`,
				reports: "end with CRLF",
			},
			{
				name:    "the signature does not cover the query",
				old:     "if (query !== undefined)",
				new:     "if (false)",
				reports: "is not covered",
			},
			{
				name: "the digest is for another body", old: "update(body)", new: "update(body + ' ')",
				reports: "content-digest member sha-512 does not match",
			},
			{
				name:    "two signatures have the same nonce",
				old:     "randomBytes(12).toString('hex')",
				new:     "'once'",
				reports: "nonce was used before",
			},
		},
	},
	{
		folder: "python", client: "upvest.py",
		run:    []string{cmp.Or(os.Getenv("PYTHON"), "python3"), "test_orders.py"},
		passed: "Ran 3 tests",
		mistakes: []mistake{
			{
				name: "lines end with CRLF", old: `"\n".join(lines)`, new: `"\r\n".join(lines)`,
				reports: "end with CRLF",
			},
			{
				name: "the signature does not cover the query", old: "if has_query:", new: "if False:",
				reports: "is not covered",
			},
			{
				name: "the digest is for another body", old: "sha512(body)", new: `sha512(body + b" ")`,
				reports: "content-digest member sha-512 does not match",
			},
			{
				name: "two signatures have the same nonce", old: "{secrets.token_hex(12)}", new: "once",
				reports: "nonce was used before",
			},
		},
	},
}

func TestLanguages(t *testing.T) {
	if os.Getenv("LANGUAGES") == "" {
		t.Skip("make languages runs this test, which needs Python and Node.js")
	}
	for _, l := range languages {
		t.Run(l.folder, func(t *testing.T) {
			printed, err := l.test(t, filepath.Join("../../examples", l.folder))
			if err != nil || !strings.Contains(printed, l.passed) {
				t.Fatalf("got the error %v, want success and the output %q:\n%s", err, l.passed, printed)
			}
			for _, m := range l.mistakes {
				printed, err := l.test(t, l.broken(t, m))
				if err == nil || !strings.Contains(printed, m.reports) {
					t.Errorf("%s: got the error %v, want a failure with the output %q:\n%s",
						m.name, err, m.reports, printed)
				}
			}
		})
	}
}

// test runs the test of a folder on a temporary sandbox.
func (l language) test(t *testing.T, folder string) (printed string, err error) {
	t.Helper()
	sandbox, err := filepath.Abs("../../build/upvest-sandbox")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, sandbox, append([]string{"-control", "--"}, l.run...)...)
	command.Dir = folder
	command.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	output, err := command.CombinedOutput()
	return string(output), err
}

// broken returns a copy of the folder, with a mistake in the client.
func (l language) broken(t *testing.T, m mistake) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join("../../examples", l.folder))); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(folder, l.client)
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), m.old); n != 1 {
		t.Fatalf("%s: %s contains %q %d times, want once", m.name, l.client, m.old, n)
	}
	changed := strings.Replace(string(content), m.old, m.new, 1)
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}
