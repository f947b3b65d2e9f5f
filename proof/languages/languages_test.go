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

// language describes the client and the integration test of one language in examples/.
type language struct {
	folder, client string
	run            []string
	// passed is a string that the output of the test contains only if all cases have run.
	passed string
	// mistakes are changes to the client that make its signatures wrong.
	mistakes []mistake
}

// mistake is a change to a client that makes its signatures wrong.
type mistake struct {
	name, old, new string
	// reports is a string that the output of the failing test must contain.
	reports string
}

var languages = []language{
	{
		folder: "node", client: "upvest.mjs",
		run: []string{"node", "--test", "orders.test.mjs"}, passed: "pass 3\n",
		mistakes: []mistake{
			{
				name:    "the lines of the signature base end with CRLF",
				old:     `lines.join('\n')`,
				new:     `lines.join('\r\n')`,
				reports: "end with CRLF",
			},
			{
				name:    "the signature does not cover the query",
				old:     "if (query !== undefined)",
				new:     "if (false)",
				reports: "is not covered",
			},
			{
				name: "the digest does not match the body", old: "update(body)", new: "update(body + ' ')",
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
				name:    "the lines of the signature base end with CRLF",
				old:     `"\n".join(lines)`,
				new:     `"\r\n".join(lines)`,
				reports: "end with CRLF",
			},
			{
				name: "the signature does not cover the query", old: "if has_query:", new: "if False:",
				reports: "is not covered",
			},
			{
				name: "the digest does not match the body", old: "sha512(body)", new: `sha512(body + b" ")`,
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
		t.Skip("this test needs Python and Node.js; run it with `make languages`")
	}
	for _, l := range languages {
		t.Run(l.folder, func(t *testing.T) {
			printed, err := l.test(t, filepath.Join("../../examples", l.folder))
			if err != nil || !strings.Contains(printed, l.passed) {
				t.Fatalf("the integration test ended with the error %v, "+
					"want no error and %q in the output:\n%s", err, l.passed, printed)
			}
			for _, m := range l.mistakes {
				printed, err := l.test(t, l.broken(t, m))
				if err == nil || !strings.Contains(printed, m.reports) {
					t.Errorf("%s: the integration test ended with the error %v, "+
						"want a failure and %q in the output:\n%s", m.name, err, m.reports, printed)
				}
			}
		})
	}
}

// test runs the integration test in a folder against a temporary sandbox, and returns
// the output of the test.
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

// broken copies the folder of the example, applies the mistake to the client in the copy,
// and returns the path of the copy.
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
