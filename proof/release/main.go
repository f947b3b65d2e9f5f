// Command release prepares the next release. The file VERSION contains the version of
// this release.
//
//	release tags         prints the release's tags in the order in which to create them
//	release modules      prints the modules of the release with their versions
//	release proxy FOLDER writes a module proxy with all modules (GOPROXY=file://FOLDER)
//	release next v0.2.0  changes the version in VERSION, go.work and the go.mod files
//
// The tests of this command write such a module proxy, and use the modules from there.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Stdout, "..", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New(
	"usage: release tags | release modules | release proxy FOLDER | release next VERSION")

func run(ctx context.Context, out io.Writer, root string, arguments []string) error {
	tree, err := open(root)
	if err != nil {
		return err
	}
	command := strings.Join(arguments, " ")
	if version, found := strings.CutPrefix(command, "next "); found {
		return tree.next(version)
	}
	if folder, found := strings.CutPrefix(command, "proxy "); found {
		return newProxy(folder).publishAll(ctx, tree, nil)
	}
	if command != "tags" && command != "modules" {
		return errUsage
	}
	for _, module := range tree.published() {
		name := module.tag(tree.version)
		if command == "modules" {
			name = module.path() + "@" + tree.version
		}
		if _, err := fmt.Fprintln(out, name); err != nil {
			return fmt.Errorf("print the %s: %w", command, err)
		}
	}
	return nil
}
