// Command release knows the modules of this repository and the version under way, which the file VERSION holds. `release tags` prints the
// tags of a release in the order in which they are set; `release next v0.2.0` moves every file that names the version on to another. Its
// tests release all modules to a proxy of their own and import them from there, as RELEASING.md says.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdout, "..", os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: release tags | release next VERSION")

func run(out io.Writer, root string, arguments []string) error {
	tree, err := open(root)
	if err != nil {
		return err
	}
	switch {
	case len(arguments) == 1 && arguments[0] == "tags":
		for _, module := range tree.published() {
			if _, err := fmt.Fprintln(out, module.tag(tree.version)); err != nil {
				return fmt.Errorf("print the tags: %w", err)
			}
		}
		return nil
	case len(arguments) == 2 && arguments[0] == "next":
		return tree.next(arguments[1])
	}
	return errUsage
}
