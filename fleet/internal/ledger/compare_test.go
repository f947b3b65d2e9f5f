package ledger_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

// TestGhostsAreFoundThroughAnIndex requires that the database uses the index of orders to
// find the items whose orders are missing from a page, instead of reading all items.
func TestGhostsAreFoundThroughAnIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		count := 2000
		if strings.HasPrefix(url, "sqlite") {
			count = 200 // SQLite uses an index for a table of any size
		}
		l, run, _ := filled(t, url, count)
		testdb.Execute(t, url,
			"update {schema}fleet_item set outcome = 'done', resource = subject, done = 1")
		if err := l.Analyze(t.Context()); err != nil {
			t.Fatal(err)
		}
		explain := "explain "
		if !l.DB.IsPostgres() {
			explain += "query plan "
		}
		page := database.List([]uuid.UUID{uuid.New()}, func(id uuid.UUID) []any { return []any{id} })
		// The range holds a twentieth of all orders, like a page of 1,000 orders in a run
		// of 20,000 lines.
		from := uuid.UUID{0x40}
		upTo := uuid.UUID{0x4d}
		plan := ""
		err := l.DB.Each(t.Context(), l.DB.SQL, "explain", func(rows *sql.Rows) error {
			columns, err := rows.Columns()
			if err != nil {
				return err
			}
			row := make([]any, len(columns))
			pointers := make([]any, len(columns))
			for i := range row {
				pointers[i] = &row[i]
			}
			err = rows.Scan(pointers...)
			plan += fmt.Sprintln(row[len(row)-1])
			return err
		}, explain+ledger.GhostsStatement, page, run.ID, from, upTo, 2)
		if err != nil {
			t.Fatal(err)
		}
		inPostgreSQL := strings.Contains(plan, "on fleet_item") &&
			strings.Contains(plan, "fleet_item_resource")
		inSQLite := strings.Contains(plan,
			"SEARCH fleet_item USING INDEX fleet_item_resource (resource>? AND resource<?)")
		if !inPostgreSQL && !inSQLite || strings.Contains(plan, "Seq Scan on fleet_item") {
			t.Errorf("the plan does not use the index fleet_item_resource, expected it to:\n%s", plan)
		}
	})
}
