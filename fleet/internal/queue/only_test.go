package queue_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOnlyTheQueueUsesRiver looks for River's packages and tables in the sources of the
// module.
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
			t.Errorf("%s uses River: only the package queue may do that", path)
		}
		return nil
	})
	if err != nil || own == 0 {
		t.Errorf("found %d files of this package that use River, with the error %v", own, err)
	}
}
