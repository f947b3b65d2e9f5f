package program_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/program"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestConcurrentMigrations runs migrate several times at once on an empty database.
// Every migration must succeed, and the database must be the same as after a single
// migration.
func TestConcurrentMigrations(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		migrateAtOnce(t, func() string { return testdb.SQLite(t) }, `select group_concat(line, char(10))
			from (select coalesce(sql, name) line from sqlite_master order by type, name)`)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		server := testdb.Shared(t)
		empty := func() string {
			url, err := server.Empty(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return url
		}
		migrateAtOnce(t, empty, `select string_agg(line, chr(10) order by line) from (
			select concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default) line
			from information_schema.columns where table_schema = 'fleet'
			union all select indexdef from pg_indexes where schemaname = 'fleet'
			union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
			where connamespace = 'fleet'::regnamespace) lines`)
	})
}

// migrateAtOnce compares a database that was migrated once with databases that were
// migrated several times at once. The SQL statement `schema` returns a description of all
// tables.
func migrateAtOnce(t *testing.T, empty func() (url string), schema string) {
	t.Helper()
	const (
		count  = 6
		rounds = 3
	)
	once := empty()
	t.Setenv("DATABASE_URL", once)
	succeeds(t, "migrate", "-rate", "50")
	facts := []string{
		schema,
		"select max(version) || ' of ' || count(*) from {schema}fleet_version",
		"select max(version) || ' of ' || count(*) from {schema}river_migration",
		"select count(*) || ' with ' || max(gap) from {schema}fleet_setting",
	}
	for range rounds {
		url := empty()
		t.Setenv("DATABASE_URL", url)
		var begun sync.WaitGroup
		begun.Add(count)
		results := make(chan string, count)
		for range count {
			go func() {
				var out, errors bytes.Buffer
				begun.Done()
				begun.Wait() // all goroutines begin together
				status := program.Run(t.Context(), []string{"migrate", "-rate", "50"}, &out, &errors)
				results <- fmt.Sprintf("%d %s", status, errors.String())
			}()
		}
		applied := 0
		for range count {
			result := <-results
			applied += strings.Count(result, "Applied migration")
			if !strings.HasPrefix(result, "0 ") {
				t.Errorf("a migration ended with this exit status and log, expected the status 0: %s", result)
			}
		}
		if applied != queue.RiverVersion {
			t.Errorf("River applied %d migrations, expected %d, each once", applied, queue.RiverVersion)
		}
		for _, fact := range facts {
			if got, want := testdb.Text(t, url, fact), testdb.Text(t, once, fact); got != want || want == "" {
				t.Errorf("after six migrations, the statement\n%s\nreturned %s\nexpected %s, as after one",
					fact, got, want)
			}
		}
		const audited = "select count(*) from {schema}fleet_audit where command = 'migrate'"
		if got := testdb.Text(t, url, audited); got != strconv.Itoa(count) {
			t.Errorf("the audit trail has %s migrations, expected %d", got, count)
		}
	}
}
