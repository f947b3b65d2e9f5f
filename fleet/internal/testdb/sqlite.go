package testdb

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// SQLite returns the URL of an empty database.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "fleet.db")
}

// model is the file of a SQLite database with tables, which tests copy. Creating the
// tables takes longer than most tests.
var model struct {
	sync.Mutex
	file []byte
}

// copySQLite returns the URL of a new SQLite database with tables.
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
