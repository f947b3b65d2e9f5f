package testdb

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// SQLite returns the address of a SQLite database whose file does not exist yet.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "fleet.db")
}

// model contains the file of a SQLite database with tables. Tests copy the file, because
// creating the tables takes longer than most tests.
var model struct {
	sync.Mutex
	file []byte
}

// copySQLite copies the model, and returns the URL of the copy.
func copySQLite(t testing.TB) (url string) {
	t.Helper()
	model.Lock()
	defer model.Unlock()
	if model.file == nil {
		first := SQLite(t)
		err := migrate(t.Context(), first)
		if err == nil {
			model.file, err = os.ReadFile(strings.TrimPrefix(first, "sqlite:"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	url = SQLite(t)
	if err := os.WriteFile(strings.TrimPrefix(url, "sqlite:"), model.file, 0o600); err != nil {
		t.Fatal(err)
	}
	return url
}
