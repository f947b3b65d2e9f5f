package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// line matches the output for one operation: its number, name, status and request ID, and
// what it changed or returned.
var line = regexp.MustCompile(`(?m)^ +\d+  ([a-z_]+) +(\d{3})  [0-9a-f-]{36}  (.+)$`)

func TestTourOnTheEmbeddedSandbox(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), nil, nil, &out); err != nil {
		t.Fatalf("run returned the error %v, want none; the output is\n%s", err, out.String())
	}
	var lines []string
	for _, match := range line.FindAllStringSubmatch(out.String(), -1) {
		lines = append(lines, match[1]+" "+match[2]+" "+match[3])
	}
	printed := strings.Join(lines, "\n")
	for _, want := range []string{
		"create_portfolios_order 200 BUY for 1000.00 EUR is NEW",
		"retrieve_portfolios_order 200 BUY for 1000.00 EUR is FILLED; " +
			"individual BUY FILLED; individual BUY FILLED",
		"cancel_portfolios_order 204 ",
		"retrieve_portfolios_order 200 BUY for 250 EUR is CANCELLED",
		"create_portfolios_allocation 400 refused",
		"retrieve_portfolios_order 200 LIQUIDATION for 1000 EUR is FILLED",
	} {
		if !strings.Contains(printed, want) {
			t.Errorf("want %q in a line of the output, got\n%s", want, printed)
		}
	}
	if !strings.Contains(out.String(), "weights that sum to exactly 1") {
		t.Errorf("want the reason for the refusal in the output, got\n%s", out.String())
	}
}

// writeArgs returns the command-line arguments of a tour that makes changes.
func writeArgs() []string {
	return []string{
		"-write",
		"-account", "00ef0be8-d564-43af-b3c7-11b7a2188030",
		"-user", "4b9732bd-7496-4e91-8a5f-6360479d7fed",
	}
}

// TestTourChangesNothingWithoutWrite requires that a tour changes nothing on a server
// given in the UPVEST_API_* variables, unless the flag -write is given.
func TestTourChangesNothingWithoutWrite(t *testing.T) {
	server := named.Sandbox(t, sandbox.WithOrderDelay(500*time.Millisecond))
	environ := os.Environ()
	var out strings.Builder
	if err := run(t.Context(), nil, environ, &out); err != nil {
		t.Fatalf("run returned the error %v, want none; the output is\n%s", err, out.String())
	}
	if effects, err := server.Effects(); err != nil || len(effects) != 0 {
		t.Errorf("a tour without -write made %d changes (error %v), want none", len(effects), err)
	}

	err := run(t.Context(), []string{"-write"}, environ, &out)
	if err == nil || !strings.Contains(err.Error(), "-account") {
		t.Errorf("-write without an account: got the error %v, want one that names -account", err)
	}
	if err := run(t.Context(), writeArgs(), environ, &out); err != nil {
		t.Fatalf("run returned the error %v, want none; the output is\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "Writing to "+server.URL()) {
		t.Errorf("want the address of the server in the output, got\n%s", out.String())
	}
	if effects, err := server.Effects(); err != nil || len(effects) == 0 {
		t.Errorf("a tour with -write made %d changes (error %v), want at least 1", len(effects), err)
	}

	out.Reset()
	if err := run(t.Context(), nil, environ, &out); err != nil {
		t.Fatalf("run returned the error %v, want none; the output is\n%s", err, out.String())
	}
	for _, operation := range []string{
		"retrieve_portfolios_allocation", "retrieve_portfolios_configuration", "retrieve_portfolios_order",
	} {
		if !strings.Contains(out.String(), operation) {
			t.Errorf("a tour without -write did not call %s, got the output\n%s", operation, out.String())
		}
	}
}

func TestInvalidEnvironmentAndFlagsReturnAnError(t *testing.T) {
	t.Setenv("UPVEST_API_KEY_ID", "key")
	var out strings.Builder
	err := run(t.Context(), nil, []string{"UPVEST_API_KEY_ID=key"}, &out)
	if err == nil || !strings.Contains(err.Error(), "UPVEST_API_CLIENT_ID") {
		t.Errorf("with only a key ID: got the error %v, want one that names UPVEST_API_CLIENT_ID", err)
	}
	if err := run(t.Context(), []string{"-no-such-flag"}, nil, &out); err == nil {
		t.Error("run returned no error for an unknown flag, want one")
	}
	err = run(t.Context(), []string{"-help"}, nil, &out)
	if err != nil || !strings.Contains(out.String(), "-write") {
		t.Errorf("-help: got the error %v and the output %q, want no error and a line on -write",
			err, out.String())
	}
}

// TestOutputNamesTheDefaultServer requires that the output names the server to which the
// tour writes, even if UPVEST_API_BASE_URL is empty.
func TestOutputNamesTheDefaultServer(t *testing.T) {
	named.Sandbox(t)
	t.Setenv("UPVEST_API_BASE_URL", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	err := run(ctx, writeArgs(), os.Environ(), &out)
	if err == nil || !strings.HasPrefix(out.String(), "Writing to https://sandbox.upvest.co.\n") {
		t.Errorf("got the error %v and the output %q, want an error and the URL of the default server",
			err, out.String())
	}
}

func TestTourStopsWhenItsContextIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out strings.Builder
	if err := run(ctx, nil, nil, &out); err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("with a cancelled context: got the error %v, want \"context canceled\"", err)
	}
}
