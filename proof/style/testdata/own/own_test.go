package own

import "fmt"

func ExampleIndented() {
	fmt.Println("What an example prints may be as wide as it has to be, since the go command compares it.")
	// Output:
	// What an example prints may be as wide as it has to be, since the go command compares it.
}
