package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// timeline prints one line for each operation: which it was, its status, its request id
// and what changed.
type timeline struct {
	out   io.Writer
	steps int
	last  upvest.Attempt
}

// observe is the client's attempt hook: it keeps what the line of an operation needs.
func (t *timeline) observe(_ context.Context, attempt upvest.Attempt) {
	if attempt.Operation != "token" {
		t.last = attempt
	}
}

func (t *timeline) title(text string) { fmt.Fprintf(t.out, "%s\n", text) }

// did prints the line of the operation that was just carried out.
func (t *timeline) did(format string, args ...any) {
	t.steps++
	fmt.Fprintf(
		t.out,
		"  %2d  %-42s  %d  %s  %s\n",
		t.steps,
		t.last.Operation,
		t.last.Status,
		t.last.RequestID,
		fmt.Sprintf(format, args...),
	)
}

// refused prints the line of an operation that was meant to fail, and its error.
func (t *timeline) refused(err error) error {
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		return fmt.Errorf("%s was meant to fail, and did not: %v", t.last.Operation, err)
	}
	t.did("refused, as it should be:")
	fmt.Fprintf(t.out, "      %v\n", failure)
	return nil
}
