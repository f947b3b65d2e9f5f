package program

import (
	"context"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/operation"
)

// command is one of the program's commands. The function `setup` registers the command's
// flags, and returns the function that carries out the command. The program calls the
// returned function after it has parsed the flags.
type command struct {
	usage   string
	summary string
	files   int  // the number of arguments after the flags
	awaits  bool // the command itself creates the tables or waits for them
	setup   func(*invocation) func(context.Context) error
}

// name returns the name of the command, which is the first word of its usage.
func (c command) name() string {
	name, _, _ := strings.Cut(c.usage, " ")
	return name
}

// commands returns the commands that carry out a run, followed by the commands for
// operators.
func commands() []command {
	return append([]command{
		{
			usage: "migrate [-rate N]", setup: (*invocation).migrate, awaits: true,
			summary: "create the tables if they are missing; set the rate limit of all workers",
		},
		{
			usage: "enqueue -run RUN FILE", setup: (*invocation).enqueue, files: 1,
			summary: "write the lines of a CSV file to the ledger",
		},
		{
			usage: "work", setup: (*invocation).work, awaits: true,
			summary: "carry out the lines of all runs until SIGTERM",
		},
		{
			usage: "status [-run RUN]", setup: (*invocation).status,
			summary: "report the state of a run, the latest by default",
		},
		{
			usage: "reconcile -run RUN", setup: (*invocation).reconcile,
			summary: "compare a run with the server; exit status 1 if a person has to act",
		},
	}, operatorCommands()...)
}

func operatorCommands() []command {
	return []command{
		{
			usage:   "pause -run RUN",
			setup:   (*invocation).pause,
			summary: "stop sending the lines of a run until the run is resumed",
		},
		{usage: "resume -run RUN", setup: (*invocation).resume, summary: "resume a paused or held run"},
		{
			usage:   "cancel -run RUN",
			setup:   (*invocation).cancel,
			summary: "cancel a run for good: send nothing more, and drop the lines that had no effect",
		},
		{
			usage:   "priority -run RUN -priority N",
			setup:   (*invocation).priority,
			summary: "set how urgent a run is",
		},
		{usage: "retry -run RUN -refused", setup: (*invocation).retry, summary: "send refused lines again"},
		{
			usage:   "decide -run RUN -subject ID",
			setup:   (*invocation).decide,
			summary: "decide a line that needs review",
		},
		{
			usage:   "export -run RUN",
			setup:   (*invocation).export,
			summary: "write every line with its result as CSV",
		},
		{
			usage:   "restored -since TIME",
			setup:   (*invocation).restored,
			summary: "mark the ledger as restored from a dump",
		},
		{
			usage: "audit", setup: (*invocation).audit,
			summary: "print the recorded commands with user and time",
		},
		{
			usage:   "ui [-address HOST:PORT]",
			setup:   (*invocation).ui,
			summary: "serve River's page, which shows the jobs, on this machine",
		},
	}
}

// usage returns the output of the command `fleet help`.
func usage() string {
	var text strings.Builder
	text.WriteString(
		"fleet carries out one write for each line of a file, exactly once, " +
			"with workers on any number of machines.\n\n",
	)
	for _, c := range commands() {
		fmt.Fprintf(&text, "  fleet %-31s %s\n", c.usage, c.summary)
	}
	text.WriteString("  fleet help, fleet version\n\nOperations, and the columns of their files:\n\n")
	for _, o := range operation.All() {
		fmt.Fprintf(&text, "  %-22s %s\n", o.Name(), strings.Join(o.Columns(), ","))
	}
	text.WriteString(`
DATABASE_URL is postgres://…, a list of key=value, or sqlite:PATH. FLEET_SCHEMA names the schema in
PostgreSQL, fleet by default. Commands that call the API read the credentials from UPVEST_API_*.
Exit status: 0 success, 1 a person has to act, 2 failure or incorrect use.
fleet COMMAND -h lists the flags of a command.
`)
	return text.String()
}

// help prints how a command is used, and its flags.
func (c command) help(to io.Writer, flags *flag.FlagSet) {
	_, _ = fmt.Fprintf(to, "fleet %s\n%s\n\n", c.usage, c.summary)
	flags.SetOutput(to)
	flags.PrintDefaults()
}

// version returns the version of the program's module and of Go, if they are known.
func version() string {
	info, isKnown := debug.ReadBuildInfo()
	if !isKnown || info.Main.Version == "" {
		return "fleet (devel)"
	}
	return "fleet " + info.Main.Version + " " + info.GoVersion
}
