package replays_test

import (
	"bytes"
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
			r := replays.New(1 << 20)
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

// What is full refuses new keys and forgets none: not before its 24 hours are over.
func TestNothingIsForgottenEarly(t *testing.T) {
	r := replays.New(3000)
	acted := 0
	now := time.Now()
	once := func(key replays.Key) *answer.Problem {
		a, _, p := r.Once(t.Context(), key, replays.Fingerprint{}, now, func() (*answer.Answer, *answer.Problem) {
			acted++
			return &answer.Answer{Status: 202, Body: bytes.Repeat([]byte{byte(acted)}, 1000)}, nil
		})
		if p == nil && (a.Status != 202 || len(a.Body) != 1000) {
			t.Errorf("the answer is %d %q", a.Status, a.Body)
		}
		return p
	}
	keys := []replays.Key{key, {ID: uuid.New()}, {ID: uuid.New()}, {ID: uuid.New()}}
	for _, key := range keys[:3] {
		if p := once(key); p != nil {
			t.Errorf("refused: %v", p)
		}
		now = now.Add(time.Hour)
	}
	for range 2 {
		if p := once(keys[3]); p == nil || p.Status != 503 || !strings.Contains(p.Detail, "-kept-answers") {
			t.Errorf("one too many: %v", p)
		}
	}
	for _, key := range keys[:3] {
		if p := once(key); p != nil || acted != 3 {
			t.Errorf("the repetition: %v, acted %d times", p, acted)
		}
	}
	now = now.Add(21 * time.Hour)
	if p := once(keys[3]); p != nil || acted != 4 {
		t.Errorf("after 24 hours there is room: %v, acted %d times", p, acted)
	}
	if p := once(keys[1]); p != nil || acted != 4 {
		t.Errorf("the second is kept: %v, acted %d times", p, acted)
	}
}
