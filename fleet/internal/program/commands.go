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

// command is one of the program's commands. setup registers its flags and returns what it
// does once they are read.
type command struct {
	name      string
	arguments string
	summary   string
	files     int  // arguments after the flags
	awaits    bool // creates the tables, or waits for them itself
	setup     func(*invocation) func(context.Context) error
}

func commands() []command {
	return []command{
		{"migrate", "[-rate N]", "create or update the tables; set the requests a second of all workers", 0, true, (*invocation).migrate},
		{"enqueue", "-run RUN FILE", "write the lines of a CSV file to the ledger", 1, false, (*invocation).enqueue},
		{"work", "", "carry out the lines of all runs until SIGTERM", 0, true, (*invocation).work},
		{"status", "[-run RUN]", "report the state of a run, the latest by default", 0, false, (*invocation).status},
		{"reconcile", "-run RUN", "compare a run with the server; status 1 if a person has to look", 0, false, (*invocation).reconcile},
		{"pause", "-run RUN", "send nothing more of a run until it is resumed", 0, false, (*invocation).pause},
		{"resume", "-run RUN", "let a paused run go on", 0, false, (*invocation).resume},
		{"cancel", "-run RUN", "cancel what has not been sent of a run, for good", 0, false, (*invocation).cancel},
		{"priority", "-run RUN -priority N", "set how urgent a run is", 0, false, (*invocation).priority},
		{"retry", "-run RUN -refused", "try the refused lines of a run again", 0, false, (*invocation).retry},
		{"decide", "-run RUN -subject ID", "decide a line that is up for review", 0, false, (*invocation).decide},
		{"export", "-run RUN", "write every line with its result as CSV", 0, false, (*invocation).export},
		{"restored", "-since TIME", "mark the ledger as restored from a dump", 0, false, (*invocation).restored},
		{"audit", "", "print which commands changed something", 0, false, (*invocation).audit},
		{"ui", "[-address HOST:PORT]", "serve River's page on this machine", 0, false, (*invocation).ui},
	}
}

// usage is the text of fleet help.
func usage() string {
	var text strings.Builder
	text.WriteString("fleet carries out one write for each line of a file, from any number of machines, each exactly once.\n\n")
	for _, c := range commands() {
		fmt.Fprintf(&text, "  fleet %-31s %s\n", c.name+" "+c.arguments, c.summary)
	}
	text.WriteString("  fleet help, fleet version\n\nOperations, and the columns of their files:\n\n")
	for _, o := range operation.All() {
		fmt.Fprintf(&text, "  %-22s %s\n", o.Name(), strings.Join(o.Columns(), ","))
	}
	text.WriteString(`
DATABASE_URL is postgres://…, a list of key=value, or sqlite:PATH. FLEET_SCHEMA names the schema in PostgreSQL,
fleet by default. Commands that talk to the API take the credentials from UPVEST_API_*.
Exit status: 0 success, 1 a reconciliation found something for a person, 2 failure or wrong use.
fleet COMMAND -h lists the flags of a command.
`)
	return text.String()
}

// help prints how a command is used.
func (c command) help(to io.Writer, flags *flag.FlagSet) {
	_, _ = fmt.Fprintf(to, "fleet %s %s\n%s\n\n", c.name, c.arguments, c.summary)
	flags.SetOutput(to)
	flags.PrintDefaults()
}

// version is that of the module that the program was built from.
func version() string {
	info, isKnown := debug.ReadBuildInfo()
	if !isKnown || info.Main.Version == "" {
		return "fleet (devel)"
	}
	return "fleet " + info.Main.Version + " " + info.GoVersion
}
