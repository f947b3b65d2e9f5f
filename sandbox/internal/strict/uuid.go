// Package strict parses UUIDs and times. It accepts fewer forms than the usual Go
// parsers.
package strict

import (
	"errors"
	"regexp"

	"github.com/google/uuid"
)

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// UUID reads a UUID of any version. The text must have the four dashes, and can be in
// upper or lower case.
func UUID(text string) (uuid.UUID, error) {
	if !uuidPattern.MatchString(text) {
		return uuid.Nil, errors.New("expected a UUID")
	}
	return uuid.Parse(text)
}
