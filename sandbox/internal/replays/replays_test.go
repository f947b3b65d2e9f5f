package replays_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
)

var key = replays.Key{ID: uuid.MustParse("f1150421-2e34-42b6-aae9-52ef157065b9")}

// The second of two at once waits for the first, and no longer than its own client does.
func TestSecondWaitsForFirst(t *testing.T) {
	for _, fails := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := replays.New()
			acted := 0
			act := func() (*answer.Answer, *answer.Problem) {
				acted++
				time.Sleep(time.Hour)
				if fails {
					return nil, answer.Refuse(400, "%d", acted)
				}
				return &answer.Answer{Status: 200, Body: []byte{byte(acted)}}, nil
			}
			begun := time.Now()
			go r.Once(t.Context(), key, replays.Fingerprint{}, begun, act)
			synctest.Wait()

			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, _, gaveUp := r.Once(ctx, key, replays.Fingerprint{}, begun, act)
			if gaveUp == nil || gaveUp.Status != 503 || !strings.Contains(gaveUp.Detail, "given up") || time.Since(begun) != time.Minute {
				t.Errorf("who gave up got %v after %s", gaveUp, time.Since(begun))
			}
			second, replayed, refused := r.Once(t.Context(), key, replays.Fingerprint{}, begun, act)
			wantActed, wantAfter := 1, time.Hour
			if fails {
				// The first failed, so the second tries by itself.
				wantActed, wantAfter = 2, 2*time.Hour
			}
			if acted != wantActed || replayed == fails || (refused != nil) != fails || time.Since(begun) != wantAfter {
				t.Errorf("fails %t: the second got %v %v after %s, %d effects, replayed %t", fails, second, refused, time.Since(begun), acted, replayed)
			}
			if !fails && second.Body[0] != 1 {
				t.Errorf("the second got the answer %v", second.Body)
			}
		})
	}
}

// Large answers push out the oldest, so that a client cannot fill the memory.
func TestKeptAnswersAreBounded(t *testing.T) {
	r := replays.New()
	acted := 0
	once := func(key replays.Key) {
		_, _, _ = r.Once(t.Context(), key, replays.Fingerprint{}, time.Now(), func() (*answer.Answer, *answer.Problem) {
			acted++
			return &answer.Answer{Status: 200, Body: make([]byte, replays.MaxBytes/3)}, nil
		})
	}
	once(key)
	for range 3 {
		another := replays.Key{ID: uuid.New()}
		once(another)
		once(another)
	}
	if acted != 4 {
		t.Errorf("acted %d times, want once for each of the 4 keys", acted)
	}
	if once(key); acted != 5 {
		t.Error("the oldest answer is still there")
	}
}
