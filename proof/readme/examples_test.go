package readme_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestExamplesRun requires that the examples quickstart, later and otel run on a new
// sandbox without any other preparation. The sandbox for the example later has the flag
// -later.
func TestExamplesRun(t *testing.T) {
	sandboxProgram := filepath.Join(t.TempDir(), "upvest-sandbox")
	folder := filepath.Join(repository, "sandbox")
	output, err := run(t, folder, "go", "build", "-o", sandboxProgram, "./cmd/upvest-sandbox")
	if err != nil {
		t.Fatalf("build the sandbox: %v\n%s", err, output)
	}
	for _, test := range []struct{ example, flags, want string }{
		{example: "./quickstart", want: "FILLED"},
		{example: "./later", flags: "-later", want: "configuration is deleted"},
		{example: "./otel", want: "list_portfolios_orders"},
	} {
		arguments := append(strings.Fields(test.flags), "--", "go", "run", test.example)
		output, err := run(t, filepath.Join(repository, "examples"), sandboxProgram, arguments...)
		if err != nil || !strings.Contains(output, test.want) {
			t.Errorf("%s ended with the error %v, want no error and %q in the output:\n%s",
				test.example, err, test.want, output)
		}
	}
}
