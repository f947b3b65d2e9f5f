package sandbox

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
)

func repeated(ctx context.Context) *exchange {
	request := httptest.NewRequest("POST", "/portfolios/orders", nil).WithContext(ctx)
	return &exchange{
		request: request, requestID: uuid.NewString(), time: time.Now(), client: &client{}, body: []byte("{}"),
		idempotencyKey: uuid.MustParse("f1150421-2e34-42b6-aae9-52ef157065b9"),
	}
}

// The second of two at once waits for the first, and no longer than its own client does.
func TestSecondWaitsForFirst(t *testing.T) {
	for _, status := range []int{200, 400} {
		synctest.Test(t, func(t *testing.T) {
			r := newReplays()
			acted := 0
			act := func(*exchange) *answer {
				acted++
				time.Sleep(time.Hour)
				return &answer{status: status, body: []byte{byte(acted)}}
			}
			begun := time.Now()
			go r.once(repeated(t.Context()), act)
			synctest.Wait()

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			gaveUp := r.once(repeated(ctx), act)
			if gaveUp.status != 503 || !strings.Contains(string(gaveUp.body), "given up") || time.Since(begun) != time.Minute {
				t.Errorf("who gave up got %d %s after %s", gaveUp.status, gaveUp.body, time.Since(begun))
			}
			x := repeated(t.Context())
			second := r.once(x, act)
			wantActed, wantAfter := 1, time.Hour
			if status == 400 {
				// The first failed, so the second tries by itself.
				wantActed, wantAfter = 2, 2*time.Hour
			}
			if second.body[0] != byte(wantActed) || acted != wantActed || x.replayed != (wantActed == 1) || time.Since(begun) != wantAfter {
				t.Errorf("first %d: the second got %v after %s, %d effects, replayed %t", status, second.body, time.Since(begun), acted, x.replayed)
			}
		})
	}
}

// Large answers push out the oldest, so that a client cannot fill the memory.
func TestKeptAnswersAreBounded(t *testing.T) {
	r := newReplays()
	acted := 0
	act := func(*exchange) *answer {
		acted++
		return &answer{status: 200, body: make([]byte, maxRememberedBytes/3)}
	}
	first := repeated(t.Context())
	r.once(first, act)
	for range 3 {
		another := repeated(t.Context())
		another.idempotencyKey = uuid.New()
		r.once(another, act)
		r.once(another, act)
	}
	if acted != 4 {
		t.Errorf("acted %d times, want once for each of the 4 keys", acted)
	}
	if r.once(first, act); acted != 5 {
		t.Error("the oldest answer is still there")
	}
}
