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

// programs are the variants of the program that the tests of this package share, so that
// each is linked once.
var programs struct {
	sync.Mutex
	directory string
	built     map[string]string // the file of each variant
}

func TestMain(m *testing.M) {
	directory, err := os.MkdirTemp("", "fleet-programs-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs.directory = directory
	programs.built = map[string]string{}
	status := testdb.Run(m)
	if err := os.RemoveAll(directory); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// program returns the file of a variant of the program: one whose clock is ahead of the
// machine's, and whose sources an overlay replaces if it is not empty.
func program(ctx context.Context, ahead, overlay string) (file string, err error) {
	const variable = "github.com/d8277167/upvest-portfolios-go/fleet/internal/program.testAhead"
	programs.Lock()
	defer programs.Unlock()
	variant := ahead + " " + overlay
	if file, isBuilt := programs.built[variant]; isBuilt {
		return file, nil
	}
	file = filepath.Join(programs.directory, "fleet"+strconv.Itoa(len(programs.built)))
	arguments := []string{"build", "-ldflags", "-s -w -X " + variable + "=" + ahead, "-o", file}
	if overlay != "" {
		arguments = append(arguments, "-overlay", overlay)
	}
	out, err := exec.CommandContext(ctx, "go", append(arguments, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w: %s", err, out)
	}
	programs.built[variant] = file
	return file, nil
}
