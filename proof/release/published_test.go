package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// integrationTest is an example of the first test that a user of the modules might write.
const integrationTest = `package importer

import (
	"testing"

	portfolios "ROOT/generated"
	"ROOT/sandbox"
	upvest "ROOT/wrapper"
)

func TestNoOrdersYet(t *testing.T) {
	server, err := sandbox.New()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	access := server.Client()
	client, err := upvest.New(upvest.Credentials{
		BaseURL: server.URL(), ClientID: access.ID, ClientSecret: access.Secret,
		KeyID: access.KeyID, PrivateKey: access.PrivateKey, Scopes: access.Scopes,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range client.Orders.All(t.Context(), portfolios.ListPortfoliosOrdersParams{}) {
		t.Errorf("got an order (error %v), want an empty list", err)
	}
	if requests, err := server.Requests(); err != nil || len(requests) != 2 {
		t.Errorf("got %d requests (error %v), want 2: for a token and a page", len(requests), err)
	}
}
`

func withRelease(t *testing.T) {
	t.Helper()
	if os.Getenv("RELEASE") == "" {
		t.Skip("this test downloads modules and programs; run it with `make release-check`")
	}
}

// TestReleasedModulesWork publishes all modules to a proxy, at the version in VERSION,
// and uses these modules from outside the repository.
func TestReleasedModulesWork(t *testing.T) {
	t.Parallel()
	withRelease(t)
	repository := openRepository(t)
	root := repository.modules[0].path()
	version := repository.version
	user := newOutsider(t, repository, nil)

	for _, imported := range []string{"/wrapper", "/sandbox"} {
		t.Run("import"+imported, func(t *testing.T) {
			t.Parallel()
			program := fmt.Sprintf("package main\n\nimport _ %q\n\nfunc main() {}\n", root+imported)
			importer := user.importer(t, "main.go", program)
			importer.run(t, "get", root+imported+"@"+version)
			importer.run(t, "build", "-trimpath", ".")
			t.Log(importer.weight(t))
		})
	}
	t.Run("README", func(t *testing.T) {
		t.Parallel()
		commands, program := readme(t)
		importer := user.importer(t, "main.go", program)
		for _, command := range commands {
			importer.run(t, strings.Fields(command)...)
		}
		importer.run(t, "build", "-trimpath", ".")
		required := strings.TrimSpace(importer.run(t, "list", "-m", root))
		if required != root+" "+version {
			t.Errorf("the README's go get selected %q, want %q", required, root+" "+version)
		}
	})
	t.Run("integration test", func(t *testing.T) {
		t.Parallel()
		importer := user.importer(t, "importer_test.go", strings.ReplaceAll(integrationTest, "ROOT", root))
		importer.run(t, "get", root+"/wrapper", root+"/sandbox")
		printed := importer.run(t, "test", "-trimpath", "-v", ".")
		if !strings.Contains(printed, "--- PASS: TestNoOrdersYet") {
			t.Errorf("the integration test printed no PASS for TestNoOrdersYet:\n%s", printed)
		}
	})
	t.Run("install", func(t *testing.T) {
		t.Parallel()
		program := root + "/sandbox/cmd/upvest-sandbox@" + version
		_, err := user.run(t.Context(), t.TempDir(), "go", "install", "-trimpath", program)
		if err != nil {
			t.Fatal(err)
		}
		installed := filepath.Join(user.programs, "upvest-sandbox")
		printed, err := user.run(t.Context(), t.TempDir(), installed, "-version")
		if want := "upvest-sandbox " + version + "\n"; err != nil || printed != want {
			t.Errorf("upvest-sandbox -version printed %q (error %v), want %q", printed, err, want)
		}
	})
	t.Run("tidy", func(t *testing.T) {
		t.Parallel()
		for _, m := range repository.modules {
			folder := user.unpack(t, repository, m)
			if _, err := user.run(t.Context(), folder, "go", "mod", "tidy", "-diff"); err != nil {
				t.Errorf("go.mod or go.sum of the module %s is not tidy: %v", m.folder, err)
			}
		}
	})
}

// TestReplacePreventsInstallation requires that the go command refuses to install a
// program whose module has a replace directive. This proves that TestReleasedModulesWork
// can fail.
func TestReplacePreventsInstallation(t *testing.T) {
	t.Parallel()
	withRelease(t)
	repository := openRepository(t)
	sandbox := repository.modules[1]
	goMod, err := os.ReadFile(filepath.Join(repository.root, sandbox.folder, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	replaced := filepath.Join(t.TempDir(), "go.mod")
	writeFile(t, replaced, fmt.Appendf(goMod, "\nreplace %s => ../\n", repository.modules[0].path()))
	user := newOutsider(t, repository, map[string]string{sandbox.folder: replaced})
	program := sandbox.path() + "/cmd/upvest-sandbox@" + repository.version
	_, err = user.run(t.Context(), t.TempDir(), "go", "install", program)
	if err == nil || !strings.Contains(err.Error(), "replace directives") {
		t.Errorf("go install returned the error %v, want an error that mentions replace directives", err)
	}
}
