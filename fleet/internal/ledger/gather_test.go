package ledger_test

import (
	"log/slog"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/database"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

const kept = ledger.WithoutLookup(1 << 40)

// filled returns a ledger with a run of `count` lines, the run itself, and the subjects
// of its lines.
func filled(t *testing.T, url string, count int) (*ledger.Ledger, ledger.Run, []uuid.UUID) {
	t.Helper()
	l, err := ledger.Connect(t.Context(), url, database.Options{Connections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	q, err := queue.New(l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]ledger.Line, count)
	subjects := make([]uuid.UUID, count)
	for i := range lines {
		subjects[i] = uuid.New()
		lines[i] = ledger.Line{
			Subject: subjects[i],
			Fields:  []string{uuid.NewString(), "BUY", "25.00", "EUR"},
		}
	}
	run := ledger.Run{Name: "r", Operation: "create-orders", Priority: 2}
	added, err := q.Add(t.Context(), run, lines)
	if err != nil || added != count {
		t.Fatalf("got %d new lines and the error %v, expected %d lines and no error", added, err, count)
	}
	run, err = l.Run(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	return l, run, subjects
}

// TestItemsThatShareAStatementDoNotAffectEachOther starts and finishes many items at
// once, so that they share statements. No attempt may begin twice. Of the items that
// claim the same order, all but one must go to review. All other items must be done.
func TestItemsThatShareAStatementDoNotAffectEachOther(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		const count = 100
		l, run, subjects := filled(t, url, count)
		var calls sync.WaitGroup
		var mu sync.Mutex
		begun := map[uuid.UUID]ledger.Item{}
		for i := range 2 * count {
			calls.Go(func() {
				item, hasBegun, err := l.Start(t.Context(), run.ID, subjects[i%count], kept, false)
				mu.Lock()
				defer mu.Unlock()
				before, isKnown := begun[item.Subject]
				isTwice := hasBegun && isKnown && before.Attempts == item.Attempts
				if err != nil || item.Subject != subjects[i%count] || isTwice {
					t.Errorf("Start began attempt %d of item %s twice, returned a wrong item, or failed: %v",
						item.Attempts, item.Subject, err)
				}
				if hasBegun && item.Attempts > before.Attempts {
					begun[item.Subject] = item
				}
			})
		}
		calls.Wait()
		if len(begun) != count {
			t.Fatalf("attempts have begun for %d items, expected all %d", len(begun), count)
		}
		finishAll(t, l, run, subjects)
		counts, err := l.Count(t.Context(), run.ID)
		if err != nil || counts.Done != 91 || counts.Review != 9 {
			t.Errorf("got the counts %+v and the error %v, expected 91 items done and 9 in review",
				counts, err)
		}
	})
}

// finishAll ends all items at once, a tenth of them with the same order.
func finishAll(t *testing.T, l *ledger.Ledger, run ledger.Run, subjects []uuid.UUID) {
	t.Helper()
	same := uuid.New()
	var calls sync.WaitGroup
	for i, subject := range subjects {
		calls.Go(func() {
			id := uuid.New()
			if i%10 == 0 {
				id = same
			}
			end := ledger.End{Outcome: ledger.Done, Resource: uuid.NullUUID{UUID: id, Valid: true}}
			item, err := l.Item(t.Context(), run.ID, subject)
			if err == nil {
				err = l.Finish(t.Context(), item, end)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}
