// Package control breaks every rule of .golangci.yml. The comment "want" at the end of a
// line names the linters that must report the line. For revive, it also names the rule.
package control

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"
)

var state map[string]int

func init() { // want gochecknoinits
	state = map[string]int{}
}

// Zähler counts.
type Zähler struct{ n int } // want asciicheck, recvcheck

// Add has a pointer receiver, but Total does not.
func (z *Zähler) Add() { z.n++ }

// Total returns the number.
func (z Zähler) Total() int { return z.n }

// Direction contains a character that makes editors show code in a different order.
func Direction() string { return "‮" } // want bidichk

// Pause multiplies two durations.
func Pause(unit time.Duration) time.Duration { return unit * time.Second } // want durationcheck

// Ignore drops an error.
func Ignore() {
	os.Setenv("A", "b") // want errcheck
}

// Encode drops an error that can occur.
func Encode(value any) []byte {
	text, _ := json.Marshal(value) // want errchkjson
	return text
}

// Compare does not recognize a wrapped error.
func Compare(err error) bool { return err == io.EOF } // want errorlint

// Color is an enumeration.
type Color int

// Red and Blue are the colors.
const (
	Red Color = iota
	Blue
)

// Name has no case for the color Blue.
func Name(color Color) string {
	switch color { // want exhaustive
	case Red:
		return "red"
	}
	return ""
}

// Assert panics if the value is not a string.
func Assert(value any) string {
	return value.(string) // want forcetypeassert
}

// Serve starts a server without timeouts.
func Serve(handler http.Handler) error {
	return http.ListenAndServe(":8080", handler) // want gosec
}

// Print passes too few arguments to Printf.
func Print() { fmt.Printf("%d\n") } // want govet

// Grow sets the length of a new slice instead of the capacity.
func Grow(values []int) []int {
	grown := make([]int, len(values))
	return append(grown, values...) // want makezero
}

type untagged struct{ Name string }

// Send encodes a struct without tags as JSON.
func Send(name string) ([]byte, error) {
	return json.Marshal(untagged{Name: name}) // want musttag
}

// Swallow returns nil although an error occurred.
func Swallow() error {
	if err := os.Remove("a"); err != nil {
		return nil // want nilerr
	}
	return nil
}

// Confuse returns the first error, which is nil, instead of the second.
func Confuse() error {
	first := os.Remove("a")
	if first != nil {
		return first
	}
	if second := os.Remove("b"); second != nil {
		return first // want nilnesserr
	}
	return nil
}

// Shadow gives a variable the name of a predeclared function.
func Shadow() int {
	len := 1 // want predeclared
	return len
}

// Change sets a variable of another package.
func Change() { io.EOF = nil } // want reassign

// Deprecate calls Sprintf without a verb.
func Deprecate() string { return http.CanonicalHeaderKey("a") + fmt.Sprintf("a") } // want staticcheck

// Ask checks for an error that it can never receive.
func Ask() int {
	n, err := answer(1)
	if err != nil {
		return 0
	}
	return n
}

func answer(n int) (int, error) { // want unparam
	n *= 2
	return n + 1, nil
}

func unused() {} // want unused

// Lose assigns a value that it never reads.
func Lose() int {
	value := 1 // want wastedassign
	value = 2
	return value
}

// Overwrite contains an assignment that has no effect.
func Overwrite() int {
	value := 1
	result := value
	value = 3 // want ineffassign
	return result
}

// Holder stores a context in a field.
type Holder struct {
	ctx context.Context // want containedctx
}

// Context returns the context.
func (h Holder) Context() context.Context { return h.ctx }

// Forget passes a new context instead of the context that it receives.
func Forget(ctx context.Context) error {
	return look(context.Background()) // want contextcheck
}

func look(ctx context.Context) error { return ctx.Err() }

// Nest wraps a context in each iteration of a loop.
func Nest(ctx context.Context) context.Context {
	for range 10 {
		ctx = context.WithValue(ctx, Holder{}, 1) // want fatcontext
	}
	return ctx
}

// Get sends a request without a context.
func Get() (*http.Response, error) { return http.Get("https://example.com") } // want noctx

// Query does not check rows.Err.
func Query(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT 1") // want rowserrcheck
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		continue
	}
	return nil
}

// Leak does not close the rows.
func Leak(ctx context.Context, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT 1") // want sqlclosecheck
	if err != nil {
		return err
	}
	for rows.Next() {
		continue
	}
	return rows.Err()
}

// Repeat repeats a word in the the comment. want dupword
func Repeat() {}

// Branch compares a value in a chain of ifs instead of a switch.
func Branch(n int) int {
	if n == 1 { // want gocritic
		return 1
	} else if n == 2 {
		return 2
	} else if n == 3 {
		return 3
	}
	return 0
}

// This comment does not begin with the name of the function. want godoclint
func Commented() {}

// this comment on an unexported function does not, either. want godoclint
func commented() {}

func Undocumented() {} // want godoclint

// Sentence has a comment without a period, want godot
func Sentence() {}

// Report formats text, but its name does not end with f.
func Report(format string, values ...any) { fmt.Printf(format, values...) } // want goprintffuncname

// Storer stores values.
type Storer interface {
	Store(string, int) error // want inamedparam
}

// Mispelled is a mispelled word. want misspell
func Mispelled() {}

// Old counts without a range over n.
func Old(n int) {
	for i := 0; i < n; i++ { // want modernize
		fmt.Println(i)
	}
}

// Naked has a return statement without values.
func Naked(n int) (total int, err error) {
	total = n + 1
	if total < 1 {
		err = errors.New("small")
	}
	return // want nakedret
}

// Excuse turns linters off without naming them, or without need.
func Excuse() {
	os.Setenv("A", "b") //nolint:errcheck
	os.Setenv("A", "b") //nolint // want nolintlint
	fmt.Println() //nolint:lll // the line is short, want nolintlint
}

// Log breaks the rules for contexts, messages and keys.
func Log(ctx context.Context, logger *slog.Logger, text string) {
	logger.Info("done", "a", 1)               // want sloglint
	logger.InfoContext(ctx, text)             // want sloglint
	logger.InfoContext(ctx, "Done")           // want sloglint
	logger.InfoContext(ctx, "done", "aB", 1)  // want sloglint
	logger.InfoContext(ctx, "done", "msg", 1) // want sloglint
}

// Convert converts a value to the type that it already has.
func Convert(n int) int { return int(n) } // want unconvert

// Request spells out a method instead of using the constant.
func Request(ctx context.Context) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, "GET", "https://example.com", http.NoBody) // want usestdlibvars
}

// Blank has a body that begins with an empty line.
func Blank() int { // want whitespace

	return 1
}

// Original has the same statements as Copied.
func Original(names []string, limit int) error { // want dupl
	var lines []string
	for number, name := range names {
		if name == "" || number > limit {
			continue
		}
		line := fmt.Sprintf("%d %s", number, name)
		if len(line) > limit {
			line = line[:limit] + "..."
		}
		lines = append(lines, line)
	}
	file, err := os.CreateTemp("", "control")
	if err != nil {
		return fmt.Errorf("create a file: %w", err)
	}
	for _, line := range lines {
		if _, err := file.WriteString(line); err != nil {
			return fmt.Errorf("write a line: %w", errors.Join(err, file.Close()))
		}
	}
	switch len(lines) {
	case 0:
		return errors.New("no line")
	case 1:
		return os.WriteFile("a", []byte(lines[0]), 0o600)
	default:
		return file.Close()
	}
}

// Copied has the same statements as Original.
func Copied(names []string, limit int) error { // want dupl
	var lines []string
	for number, name := range names {
		if name == "" || number > limit {
			continue
		}
		line := fmt.Sprintf("%d %s", number, name)
		if len(line) > limit {
			line = line[:limit] + "..."
		}
		lines = append(lines, line)
	}
	file, err := os.CreateTemp("", "control")
	if err != nil {
		return fmt.Errorf("create a file: %w", err)
	}
	for _, line := range lines {
		if _, err := file.WriteString(line); err != nil {
			return fmt.Errorf("write a line: %w", errors.Join(err, file.Close()))
		}
	}
	switch len(lines) {
	case 0:
		return errors.New("no line")
	case 1:
		return os.WriteFile("a", []byte(lines[0]), 0o600)
	default:
		return file.Close()
	}
}
