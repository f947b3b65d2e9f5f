package control

import (
	"context"
	"errors"
	"fmt"
	. "math/bits" // want revive:dot-imports
	"os"

	_ "time/tzdata"
)

// Four returns too many values.
func Four() (int, int, int, error) { return 1, UintSize, 3, nil } // want revive:function-result-limit

// Eight has too many parameters.
func Eight(a, b, c, d, e, f, g, h int) int { return a + b + c + d + e + f + g + h } // want revive:argument-limit

// Literal compares a bool with a literal.
func Literal(ok bool) bool { return ok == true } // want revive:bool-literal-in-expr

//A comment without a space. want revive:comment-spacings

// Order does not take the context as its first argument.
func Order(name string, ctx context.Context) error { // want revive:context-as-argument
	return fmt.Errorf("%s: %w", name, ctx.Err())
}

// Early returns from an else branch instead of returning early.
func Early(n int) error {
	if n > 0 { // want revive:early-return
		fmt.Println(n)
		fmt.Println(n)
	} else {
		return errors.New("negative")
	}
	return nil
}

// Import has a parameter with the name of an imported package.
func Import(fmt string) string { return fmt } // want revive:import-shadowing

// Increment adds one without the operator ++.
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

// Multiline has an if whose header spans several lines.
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

// Formatted calls Errorf without a verb.
func Formatted() error { return fmt.Errorf("failed") } // want revive:unnecessary-format

// Unnecessary ends with an unnecessary return.
func Unnecessary() {
	fmt.Println()
	return // want revive:unnecessary-stmt
}

// Parameter does not use its parameter.
func Parameter(n int) int { return 1 } // want revive:unused-parameter

type receiver struct{ n int }

// Receiver does not use its receiver.
func (r receiver) Receiver() int { return 1 } // want revive:unused-receiver

// Other gives the receiver a different name than the method above.
func (other receiver) Other() int { return other.n } // want revive:receiver-naming

// Empty uses interface{} instead of any.
func Empty(value interface{}) {} // want revive:use-any

// Url spells the initialism URL like a word.
func Url(n int) int { return n } // want revive:var-naming
