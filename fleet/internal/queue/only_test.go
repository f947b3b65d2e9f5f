package queue_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyTheQueueUsesRiver requires that, apart from tests, only package queue uses
// River's packages or tables.
func TestOnlyTheQueueUsesRiver(t *testing.T) {
	own := 0
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		isSource := filepath.Ext(path) == ".go" || filepath.Ext(path) == ".sql"
		if err != nil || !isSource || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text := string(source)
		switch {
		case !strings.Contains(text, "github.com/riverqueue/") && !strings.Contains(text, "river_"):
		case filepath.Dir(path) == filepath.Join("..", "..", "internal", "queue"):
			own++
		default:
			t.Errorf("%s uses River's packages or tables, which only package queue may use", path)
		}
		return nil
	})
	if err != nil || own == 0 {
		t.Errorf("found %d files of this package that use River, expected at least 1; the error is %v",
			own, err)
	}
}
