package control

import (
	"github.com/d8277167/upvest-portfolios-go/control/other" // want gci
	"strings"
)

// Imports of this repository stand in front of the others.
func Imports() string { return strings.ToLower(other.Name) }

// Format begins with an empty line.
func Format() int {

	return 1
}
