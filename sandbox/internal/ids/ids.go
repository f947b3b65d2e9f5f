// Package ids reads UUIDs in the one form that the sandbox takes everywhere.
package ids

import (
	"errors"
	"regexp"

	"github.com/google/uuid"
)

var pattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$|^[0-9a-fA-F]{32}$`)

// Parse reads a UUID of any version, with all of its dashes or with none, in either case. No braces, no urn:uuid:.
func Parse(text string) (uuid.UUID, error) {
	if !pattern.MatchString(text) {
		return uuid.Nil, errors.New("expected a UUID")
	}
	return uuid.Parse(text)
}
