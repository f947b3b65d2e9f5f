package program_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestEnqueueingAgainReplacesLostJobs cancels, discards or deletes the jobs of lines, and
// enqueues the file again. Each line that has lost its job must get a new job, unless the
// line was refused. A line that still has a job must not get another.
func TestEnqueueingAgainReplacesLostJobs(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		s := testapi.New(t)
		t.Setenv("DATABASE_URL", url)
		succeeds(t, "migrate", "-rate", "0")
		path, accounts := orders(t, 6)
		testapi.Follow(t, testapi.Client(t), accounts...)
		succeeds(t, "enqueue", "-run", "r", path)
		job := func(account int, statement string) {
			t.Helper()
			testdb.Execute(t, url, statement+fmt.Sprintf(" where args->>'subject' = '%s'", accounts[account]))
		}
		job(0, "update {schema}river_job set state = 'cancelled', finalized_at = created_at")
		job(1, "update {schema}river_job set state = 'discarded', finalized_at = created_at")
		job(2, "delete from {schema}river_job")
		job(3, "delete from {schema}river_job")
		testdb.Execute(
			t,
			url,
			fmt.Sprintf(
				"update {schema}fleet_item set outcome = 'refused' where subject = '%s'",
				accounts[3],
			),
		)
		job(4, "update {schema}river_job set state = 'scheduled'")
		if out := succeeds(t, "status"); !strings.Contains(out, "without job          3") {
			t.Errorf("status printed %q, expected 3 lines without a job", out)
		}
		if out := succeeds(t, "enqueue", "-run", "r", path); !strings.Contains(out, "3 without a job got") {
			t.Errorf("enqueue printed %q, expected 3 new jobs", out)
		}
		if out := succeeds(t, "enqueue", "-run", "r", path); !strings.Contains(out, " 0 without a job got") {
			t.Errorf("enqueue printed %q, expected no new jobs", out)
		}
		if out := succeeds(t, "status"); !strings.Contains(out, "without job          0") {
			t.Errorf("status printed %q, expected no lines without a job", out)
		}
		worked(t, 1)
		if got := testapi.Orders(s); got != 5 {
			t.Errorf("%d orders were placed, expected 5", got)
		}
	})
}
