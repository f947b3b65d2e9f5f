package control

import (
	"github.com/d8277167/upvest-portfolios-go/control/other" // want gci
	"strings"
)

// Imports is in a file that imports this repository before the standard library.
func Imports() string { return strings.ToLower(other.Name) }

// Format has a body that begins with an empty line.
func Format() int {

	return 1
}
