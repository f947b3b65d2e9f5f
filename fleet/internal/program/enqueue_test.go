package program_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestManyLinesAreWrittenOnce enqueues a file twice. The lines of the file need several
// transactions. Each line must be written once.
func TestManyLinesAreWrittenOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		t.Setenv("DATABASE_URL", url)
		path, _ := orders(t, 1100)
		contains(t, succeeds(t, "enqueue", "-run", "r", path), "1100 lines added, 0 existed already")
		contains(t, succeeds(t, "enqueue", "-run", "r", path), "0 lines added, 1100 existed already")
		for _, table := range []string{"fleet_item", "river_job"} {
			if got := testdb.Text(t, url, "select count(*) from {schema}"+table); got != "1100" {
				t.Errorf("the table %s has %s rows, expected 1100", table, got)
			}
		}
	})
}

// TestEnqueueingStopsAtAFailure lets the database refuse a line in the middle of a file.
// The command must fail, and a second call, for which the database accepts the line, must
// add the missing lines.
func TestEnqueueingStopsAtAFailure(t *testing.T) {
	migrated(t)
	url := os.Getenv("DATABASE_URL")
	path, accounts := orders(t, 3100)
	testdb.Execute(t, url, fmt.Sprintf(`create trigger refuse before insert on fleet_item
		when new.subject = '%s' begin select raise(abort, 'refused here'); end`, accounts[2100]))
	errors := fails(t, "enqueue", "-run", "r", path)
	contains(t, errors, "refused here")
	contains(t, errors, "run the command again to continue")
	written := 0
	if _, err := fmt.Sscan(testdb.Text(t, url, "select count(*) from fleet_item"), &written); err != nil {
		t.Fatal(err)
	}
	if written == 0 || written > 2100 {
		t.Errorf("%d lines were written before the failure, expected some, but at most 2100", written)
	}
	contains(t, errors, fmt.Sprintf("after %d lines", written))
	testdb.Execute(t, url, "drop trigger refuse")
	contains(t, succeeds(t, "enqueue", "-run", "r", path),
		fmt.Sprintf("%d lines added, %d existed already", 3100-written, written))
}
