//go:build unix

package main_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// programs contains the variants of the program. The tests of this package share the
// variants, so each variant is linked only once.
var programs struct {
	sync.Mutex
	directory string
	// built maps each variant to a function that builds the variant on the first call,
	// and returns its executable file.
	built map[string]func() (file string, err error)
	// linking lets only one variant be linked at a time, because linking uses all
	// processors.
	linking sync.Mutex
}

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "fleet-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs.directory = directory
	programs.built = map[string]func() (string, error){}
	status := testdb.Run(m)
	if err := os.RemoveAll(directory); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// program returns the executable file of a variant of the program. The times that the
// variant writes to the database are ahead of the database's clock by the duration
// `ahead`. If `overlay` is not empty, it is a file that lists source files to replace, in
// the form that `go build -overlay` reads.
func program(ctx context.Context, ahead, overlay string) (file string, err error) {
	programs.Lock()
	variant := ahead + " " + overlay
	build, isKnown := programs.built[variant]
	if !isKnown {
		file := filepath.Join(programs.directory, "fleet"+strconv.Itoa(len(programs.built)))
		build = sync.OnceValues(func() (string, error) { return file, link(ctx, file, ahead, overlay) })
		programs.built[variant] = build
	}
	programs.Unlock()
	return build()
}

func link(ctx context.Context, file, ahead, overlay string) error {
	const variable = "github.com/d8277167/upvest-portfolios-go/fleet/internal/program.testAhead"
	programs.linking.Lock()
	defer programs.linking.Unlock()
	arguments := []string{"build", "-ldflags", "-s -w -X " + variable + "=" + ahead, "-o", file}
	if overlay != "" {
		arguments = append(arguments, "-overlay", overlay)
	}
	out, err := exec.CommandContext(ctx, "go", append(arguments, ".")...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build the program: %w: %s", err, out)
	}
	return nil
}
