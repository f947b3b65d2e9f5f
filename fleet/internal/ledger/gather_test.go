package ledger_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// TestOrdersThatShareAStatementAreEachTheirOwn starts and ends many orders at once: a row that is asked for twice begins one attempt, and an
// order of the server that is claimed already fails the row that wants it and no other.
func TestOrdersThatShareAStatementAreEachTheirOwn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, url string) {
		ctx := t.Context()
		l, err := ledger.Connect(ctx, url, 2, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		client, err := queue.New(l, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		const count = 100
		var bodies []ledger.Body
		for range count {
			bodies = append(bodies, ledger.Body{Account: uuid.New(), User: uuid.New(), Side: "BUY", Amount: "25.00", Currency: "EUR"})
		}
		accounts := make([]uuid.UUID, count)
		for i, body := range bodies {
			accounts[i] = body.Account
		}
		if added, err := queue.Add(ctx, l, client, "r", bodies); err != nil || added != count {
			t.Fatalf("%d added, %v", added, err)
		}

		var calls sync.WaitGroup
		var mu sync.Mutex
		begun := map[uuid.UUID]ledger.Order{}
		for i := range 2 * count {
			calls.Go(func() {
				order, isBegun, err := l.Start(ctx, "r", accounts[i%count])
				mu.Lock()
				defer mu.Unlock()
				if before, known := begun[order.Account]; err != nil || order.Account != accounts[i%count] || isBegun && known && before.Attempts == order.Attempts {
					t.Errorf("attempt %d of %s began twice, or failed: %v", order.Attempts, order.Account, err)
				}
				if isBegun {
					begun[order.Account] = order
				}
			})
		}
		calls.Wait()
		if len(begun) != count {
			t.Fatalf("%d orders have begun, expected %d", len(begun), count)
		}

		same := uuid.New()
		claimed := 0
		for i, account := range accounts {
			calls.Go(func() {
				id := uuid.New()
				if i%10 == 0 {
					id = same
				}
				err := l.Finish(ctx, begun[account], ledger.Placed, uuid.NullUUID{UUID: id, Valid: true}, "")
				mu.Lock()
				defer mu.Unlock()
				if err != nil && strings.Contains(strings.ToLower(err.Error()), "unique") && id == same {
					claimed++
				} else if err != nil {
					t.Errorf("an order that nobody else claims: %v", err)
				}
			})
		}
		calls.Wait()
		counts, err := l.Count(ctx, "r")
		if err != nil || claimed != 9 || counts.Placed != 91 || counts.Unknown != 9 {
			t.Errorf("%d were told that their order is claimed, expected 9; %+v, %v", claimed, counts, err)
		}
	})
}
