package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// timeline prints one line per operation, with the name, status and request ID of the
// operation, and with what it changed or returned. If an operation is refused, a second
// line contains the error.
type timeline struct {
	out   io.Writer
	steps int
	last  upvest.Attempt
}

// observe is the client's attempt hook. It stores the latest attempt, because the
// timeline prints the operation, the status and the request ID of this attempt. It
// ignores requests for an access token.
func (t *timeline) observe(_ context.Context, attempt upvest.Attempt) {
	if attempt.Operation != "token" {
		t.last = attempt
	}
}

func (t *timeline) title(text string) { fmt.Fprintf(t.out, "%s\n", text) }

// didf prints the line of the last operation. Its arguments describe what the operation
// has changed or returned.
func (t *timeline) didf(format string, args ...any) {
	t.steps++
	const line = "  %2d  %-42s  %d  %s  %s\n"
	changed := fmt.Sprintf(format, args...)
	fmt.Fprintf(t.out, line, t.steps, t.last.Operation, t.last.Status, t.last.RequestID, changed)
}

// refused prints the line and the error of an operation that was expected to fail. It
// returns an error if the operation succeeded, or if err is not an [*upvest.Error].
func (t *timeline) refused(err error) error {
	if err == nil {
		return fmt.Errorf("%s succeeded, although it was expected to fail", t.last.Operation)
	}
	if _, ok := errors.AsType[*upvest.Error](err); !ok {
		return err
	}
	t.didf("refused, as expected:")
	fmt.Fprintf(t.out, "      %v\n", err)
	return nil
}
