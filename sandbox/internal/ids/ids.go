// Package ids reads UUIDs in the one form that the sandbox takes everywhere, but where a documented pattern says otherwise.
package ids

import (
	"errors"
	"regexp"

	"github.com/google/uuid"
)

var pattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// Parse reads a UUID of any version, with its four dashes, in either case.
func Parse(text string) (uuid.UUID, error) {
	if !pattern.MatchString(text) {
		return uuid.Nil, errors.New("expected a UUID")
	}
	return uuid.Parse(text)
}
