package transport

import (
	"errors"
	"fmt"
	"io"
)

// Sealed contains an error of other code, which may contain a request with its token. Its
// text is made at once, without secrets. The cause is in a closure, which neither
// encoding/json nor a printer of unexported fields can read. [errors.Is] and [errors.As]
// reach the cause. There is no Unwrap, because programs that print every error of a chain
// would print the cause.
type Sealed struct {
	text  string
	cause func() error
}

// Seal seals an error, with what the echo hides replaced in its text.
func Seal(err error, echo Echo) *Sealed { return sealAs(err, echo.Hide(err.Error())) }

func sealAs(err error, text string) *Sealed {
	return &Sealed{text: text, cause: func() error { return err }}
}

// Error returns the text of the cause without secrets.
func (s *Sealed) Error() string { return s.text }

// Is reports whether the cause is the target.
func (s *Sealed) Is(target error) bool { return errors.Is(s.cause(), target) }

// As finds the target in the cause.
func (s *Sealed) As(target any) bool { return errors.As(s.cause(), target) }

// Format prints Error() for every verb.
func (s *Sealed) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, s.text) }

// MarshalText writes Error().
func (s *Sealed) MarshalText() ([]byte, error) { return []byte(s.text), nil }
