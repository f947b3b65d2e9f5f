package main

import (
	"errors"
	"fmt"
	"io"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// timeline prints one line for each operation: which it was, its status, its request id and what changed.
type timeline struct {
	out   io.Writer
	steps int
}

func newTimeline(out io.Writer) *timeline { return &timeline{out: out} }

func (t *timeline) title(text string) { fmt.Fprintf(t.out, "%s\n", text) }

// step carries out an operation and prints its line. change says what happened and is asked only after a success.
func (t *timeline) step(operation string, call func(upvest.CallOption) error, change func() string) error {
	var answer upvest.Response
	if err := call(upvest.WithResponse(&answer)); err != nil {
		return err
	}
	t.line(operation, answer.Status, answer.Header.Get("upvest-request-id"), change())
	return nil
}

// mistake carries out an operation that is meant to fail, and prints its error.
func (t *timeline) mistake(operation string, err error) error {
	var failure *upvest.Error
	if !errors.As(err, &failure) {
		return fmt.Errorf("%s was meant to fail, and did not: %v", operation, err)
	}
	t.line(operation, failure.Status, failure.RequestID, "refused, as it should be:")
	fmt.Fprintf(t.out, "      %v\n", failure)
	return nil
}

func (t *timeline) line(operation string, status int, requestID, change string) {
	t.steps++
	fmt.Fprintf(t.out, "  %2d  %-42s  %d  %s  %s\n", t.steps, operation, status, requestID, change)
}
