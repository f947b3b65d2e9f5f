package control

import (
	"context"
	"errors"
	"fmt"
	. "math/bits" // want revive:dot-imports
	"os"

	_ "time/tzdata"
)

// Four returns too much.
func Four() (int, int, int, error) { return 1, UintSize, 3, nil } // want revive:function-result-limit

// Eight takes too much.
func Eight(a, b, c, d, e, f, g, h int) int { return a + b + c + d + e + f + g + h } // want revive:argument-limit

// Literal compares with a literal.
func Literal(ok bool) bool { return ok == true } // want revive:bool-literal-in-expr

//A comment without a space. want revive:comment-spacings

// Order takes the context late.
func Order(name string, ctx context.Context) error { // want revive:context-as-argument
	return fmt.Errorf("%s: %w", name, ctx.Err())
}

// Early turns the condition around.
func Early(n int) error {
	if n > 0 { // want revive:early-return
		fmt.Println(n)
		fmt.Println(n)
	} else {
		return errors.New("negative")
	}
	return nil
}

// Import names a variable like an import.
func Import(fmt string) string { return fmt } // want revive:import-shadowing

// Increment adds one.
func Increment(n int) int {
	n += 1 // want revive:increment-decrement
	return n
}

// Indent has an else after a return.
func Indent(n int) int {
	if n > 0 {
		return 1
	} else { // want revive:indent-error-flow
		return 2
	}
}

// Multiline has a header of several lines.
func Multiline() error {
	if err := os.WriteFile( // want revive:multiline-if-init
		"a",
		nil,
		0o600,
	); err != nil {
		return err
	}
	return nil
}

// Superfluous has an else after a continue.
func Superfluous(n int) {
	for i := range n {
		if i > 2 {
			continue
		} else { // want revive:superfluous-else
			fmt.Println(i)
		}
		fmt.Println(i)
	}
}

type hidden int

// Hidden returns a type that its callers cannot name.
func Hidden() hidden { return 1 } // want revive:unexported-return

// Formatted formats nothing.
func Formatted() error { return fmt.Errorf("failed") } // want revive:unnecessary-format

// Unnecessary ends with a return.
func Unnecessary() {
	fmt.Println()
	return // want revive:unnecessary-stmt
}

// Parameter is not used.
func Parameter(n int) int { return 1 } // want revive:unused-parameter

type receiver struct{ n int }

// Receiver uses no receiver.
func (r receiver) Receiver() int { return 1 } // want revive:unused-receiver

// Other names the receiver otherwise.
func (other receiver) Other() int { return other.n } // want revive:receiver-naming

// Empty spells any.
func Empty(value interface{}) {} // want revive:use-any

// Url spells a name.
func Url(n int) int { return n } // want revive:var-naming
