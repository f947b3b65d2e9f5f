package transport

import (
	"errors"
	"fmt"
	"io"
)

// Sealed wraps an error from other code, because that error may contain a request with
// its token. The text of a Sealed is made when the error is sealed, and does not contain
// what an [Echo] hides. The cause is in a closure, which neither encoding/json nor a
// printer of unexported fields can read. [errors.Is] and [errors.As] reach the cause.
// There is no Unwrap, because programs that print every error of a chain would print the
// cause.
type Sealed struct {
	text  string
	cause func() error
}

// Seal seals an error. The text of the result does not contain what the echo hides.
func Seal(err error, echo Echo) *Sealed { return sealAs(err, echo.Hide(err.Error())) }

func sealAs(err error, text string) *Sealed {
	return &Sealed{text: text, cause: func() error { return err }}
}

// Error returns the text that was made when the cause was sealed.
func (s *Sealed) Error() string { return s.text }

// Is reports whether the cause matches the target, as [errors.Is] does.
func (s *Sealed) Is(target error) bool { return errors.Is(s.cause(), target) }

// As looks for an error of the target's type in the cause.
func (s *Sealed) As(target any) bool { return errors.As(s.cause(), target) }

// Format prints Error() for every verb.
func (s *Sealed) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.text) }

// MarshalText returns Error().
func (s *Sealed) MarshalText() ([]byte, error) { return []byte(s.text), nil }
