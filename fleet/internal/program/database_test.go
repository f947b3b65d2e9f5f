package program_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestAPoolerInTransactionMode carries out a run through PgBouncer in transaction mode.
// Each order must be placed once.
func TestAPoolerInTransactionMode(t *testing.T) {
	server := testdb.Shared(t)
	url, err := server.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", testdb.Pooler(t, url))
	s := testapi.New(t)
	path, accounts := orders(t, 200)
	testapi.Follow(t, testapi.Client(t), accounts...)
	succeeds(t, "migrate", "-rate", "0")
	succeeds(t, "enqueue", "-run", "r", path)
	worked(t, 2, "-in-flight", "20")
	contains(t, succeeds(t, "reconcile", "-run", "r"), "200 lines, 200 done, 0 found")
	if got := testapi.Orders(s); got != 200 {
		t.Errorf("%d orders were placed, expected 200", got)
	}
}

// TestAPoolerThatIgnoresTheIsolationLevel uses a pooler that accepts the isolation level
// as a startup parameter but ignores it. A command must fail with an error that names a
// remedy, and the remedy must help.
func TestAPoolerThatIgnoresTheIsolationLevel(t *testing.T) {
	server := testdb.Shared(t)
	url, err := server.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pooled := testdb.Pooler(t, url, "ignore_startup_parameters = default_transaction_isolation")
	t.Setenv("DATABASE_URL", url)
	succeeds(t, "migrate")
	path, _ := orders(t, 1)
	succeeds(t, "enqueue", "-run", "r", path)
	t.Setenv("DATABASE_URL", pooled)
	_, _, first := fleet(t, "status")
	_, _, second := fleet(t, "status")
	contains(t, first+second, "add default_query_exec_mode=exec to DATABASE_URL")
	t.Setenv("DATABASE_URL", pooled+"&default_query_exec_mode=exec")
	for range 2 {
		succeeds(t, "status")
	}
}

// TestEachFleetHasItsOwnSchema migrates two fleets in one database. Each fleet must have
// its tables in its own schema. The connections must have the fleet's application name
// and isolation level.
func TestEachFleetHasItsOwnSchema(t *testing.T) {
	server := testdb.Shared(t)
	url, err := server.Empty(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", url)
	const tables = `select string_agg(distinct schemaname, ',') from pg_tables
		where schemaname !~ '^(pg_|information)'`
	succeeds(t, "migrate")
	if got := testdb.Text(t, url, tables); got != "fleet" {
		t.Errorf("the migration created tables in the schemas %s, expected only the schema fleet", got)
	}
	t.Setenv("FLEET_SCHEMA", "Second")
	succeeds(t, "migrate")
	succeeds(t, "migrate")
	path, _ := orders(t, 1)
	succeeds(t, "enqueue", "-run", "r", path)
	t.Setenv("FLEET_SCHEMA", "")
	contains(t, fails(t, "status"), "no run yet")
	const names = `select string_agg(distinct application_name, ',') from pg_stat_activity
		where datname = current_database()`
	contains(t, testdb.Text(t, url, names), "fleet")
	const level = "select current_setting('transaction_isolation')"
	testdb.Execute(
		t,
		url,
		`do $$ begin execute format('alter database %I set default_transaction_isolation to serializable',
		current_database()); end $$`,
	)
	if got := testdb.Text(t, url, level); got != "read committed" {
		t.Errorf("the isolation level of a connection is %s, expected read committed", got)
	}
}

// TestMigrateRefusesTheTablesOfADifferentProgram migrates a schema and a file that
// contain River's tables, but not the fleet's. The migration must fail.
func TestMigrateRefusesTheTablesOfADifferentProgram(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		testdb.Execute(t, url, "drop table {schema}fleet_version")
		t.Setenv("DATABASE_URL", url)
		contains(t, fails(t, "migrate"), "they belong to a different program")
	})
}

// TestErrorsNeverShowThePasswordOfAnAddress requires that errors about DATABASE_URL do
// not contain the word `secret`, which is the password or its last part, even if a parser
// could mistake this part for the host.
func TestErrorsNeverShowThePasswordOfAnAddress(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://user@corp:secret@127.0.0.1:1/db": "%40",
		"postgres://user:se/secret@127.0.0.1:1/db":   "%2F",
		"postgres://user:se?secret@127.0.0.1:1/db":   "cannot be read",
		"postgres://user:secret%zz@127.0.0.1:1/db":   "cannot be read",
		"mysql://user:secret@127.0.0.1/db":           "use postgres://",
		"secret":                                     "use postgres://",
		"sqlite:":                                    "use postgres://",
	} {
		t.Setenv("DATABASE_URL", address)
		errors := fails(t, "status")
		contains(t, errors, want)
		if strings.Contains(errors, "secret") {
			t.Errorf("the error for the address %q contains the password, expected none: %s", address, errors)
		}
	}
	t.Setenv("DATABASE_URL", "host=127.0.0.1 port=1 user=me@corp password=secret connect_timeout=1")
	if errors := fails(t, "status"); strings.Contains(errors, "secret") ||
		!strings.Contains(errors, "connect") {
		t.Errorf("the error for a list of key=value is %q, expected the word connect and no password", errors)
	}
}

// TestWorkersWaitForAReadOnlyDatabase starts a worker while the server is read-only, as
// after a failover, and makes the server read-only a second time while the worker runs.
// All orders must be placed in the end.
func TestWorkersWaitForAReadOnlyDatabase(t *testing.T) {
	url := testdb.Own(t).URL()
	t.Setenv("DATABASE_URL", url)
	s := testapi.New(t)
	path, accounts := orders(t, 2)
	testapi.Follow(t, testapi.Client(t), accounts...)
	succeeds(t, "migrate", "-rate", "0")
	succeeds(t, "enqueue", "-run", "first", path)
	setReadOnly(t, url, "on")
	contains(t, fails(t, "status"), "read-only transaction")
	serving(t, `msg="(waiting for the database)"`, "work")
	setReadOnly(t, url, "off")
	succeeds(t, "status", "-watch")
	setReadOnly(t, url, "on")
	setReadOnly(t, url, "off")
	succeeds(t, "enqueue", "-run", "second", path)
	succeeds(t, "status", "-watch")
	serving(t, `msg=(started)`, "work")
	if got := testapi.Orders(s); got != 4 {
		t.Errorf("%d orders were placed, expected 4", got)
	}
}

// setReadOnly makes a server read-only or writable, and returns when the change has taken
// effect.
func setReadOnly(t *testing.T, url, value string) {
	t.Helper()
	testdb.Execute(t, url, "alter system set default_transaction_read_only = "+value)
	testdb.Execute(t, url, "select pg_reload_conf()")
	for testdb.Text(t, url, "show default_transaction_read_only") != value {
		runtime.Gosched() // the server reads its configuration in the background
	}
}
