package replays_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

var key = replays.Key{ID: uuid.MustParse("f1150421-2e34-42b6-aae9-52ef157065b9")}

// slowAct is a request that takes an hour. It counts how often it is carried out.
type slowAct struct {
	fails bool
	acted int
}

func (s *slowAct) act() (*response.Response, *response.Problem) {
	s.acted++
	time.Sleep(time.Hour)
	if s.fails {
		return nil, response.Refuse(400, "%d", s.acted)
	}
	return &response.Response{Status: 200, Body: []byte{byte(s.acted)}}, nil
}

// TestSecondRequestWaitsForTheFirst requires that the second of two concurrent requests
// with the same key waits until the first is done, but only while the client of the
// second request stays connected.
func TestSecondRequestWaitsForTheFirst(t *testing.T) {
	for name, test := range map[string]struct {
		first slowAct
		acted int
		after time.Duration
	}{
		"the first request succeeds": {acted: 1, after: time.Hour},
		// If the first request fails, the second is carried out as well.
		"the first request fails": {first: slowAct{fails: true}, acted: 2, after: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := replays.New(1 << 20)
				slow := &test.first
				begun := time.Now()
				go r.Once(t.Context(), key, replays.Fingerprint{}, begun, slow.act)
				synctest.Wait()

				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, _, gaveUp := r.Once(ctx, key, replays.Fingerprint{}, begun, slow.act)
				if gaveUp == nil || gaveUp.Status != 503 ||
					!strings.Contains(gaveUp.Detail, "the client disconnected") {
					t.Errorf("the request got %v after its client disconnected, want a 503 with this reason",
						gaveUp)
				}
				if waited := time.Since(begun); waited != time.Minute {
					t.Errorf("the request whose client disconnected waited %s, want 1m0s", waited)
				}
				second, replayed, refused := r.Once(t.Context(), key, replays.Fingerprint{}, begun, slow.act)
				if slow.acted != test.acted || time.Since(begun) != test.after {
					t.Errorf("the requests were carried out %d times after %s, want %d times after %s",
						slow.acted, time.Since(begun), test.acted, test.after)
				}
				if replayed == slow.fails || (refused != nil) != slow.fails {
					t.Errorf("the second request got the response %v, the refusal %v and replayed %t, "+
						"want the response of the first request, or a refusal if the first request failed",
						second, refused, replayed)
				}
				if !slow.fails && second.Body[0] != 1 {
					t.Errorf("the second request got the body %v, want [1] like the first", second.Body)
				}
			})
		})
	}
}

// TestKeysAreKeptFor24Hours requires that the store keeps every key for 24 hours, and
// refuses new keys while it is full.
func TestKeysAreKeptFor24Hours(t *testing.T) {
	r := replays.New(3000)
	acted := 0
	now := time.Now()
	once := func(key replays.Key) *response.Problem {
		act := func() (*response.Response, *response.Problem) {
			acted++
			return &response.Response{Status: 202, Body: bytes.Repeat([]byte{byte(acted)}, 1000)}, nil
		}
		given, _, refused := r.Once(t.Context(), key, replays.Fingerprint{}, now, act)
		if refused == nil && (given.Status != 202 || len(given.Body) != 1000) {
			t.Errorf("got the status %d and the body %q, want 202 and 1000 bytes", given.Status, given.Body)
		}
		return refused
	}
	keys := []replays.Key{key, {ID: uuid.New()}, {ID: uuid.New()}, {ID: uuid.New()}}
	for _, key := range keys[:3] {
		if refused := once(key); refused != nil {
			t.Errorf("a request was refused before the store was full: %v", refused)
		}
		now = now.Add(time.Hour)
	}
	for range 2 {
		refused := once(keys[3])
		if refused == nil || refused.Status != 503 || !strings.Contains(refused.Detail, "-kept-responses") {
			t.Errorf("a new key got %v from a full store, want a 503 that names -kept-responses", refused)
		}
	}
	for _, key := range keys[:3] {
		if refused := once(key); refused != nil || acted != 3 {
			t.Errorf("a repeated request got %v, and %d requests were carried out, want no refusal and 3",
				refused, acted)
		}
	}
	now = now.Add(21 * time.Hour)
	if refused := once(keys[3]); refused != nil || acted != 4 {
		t.Errorf("after 24 hours, a new key got %v, and %d requests were carried out, want no refusal and 4",
			refused, acted)
	}
	if refused := once(keys[1]); refused != nil || acted != 4 {
		t.Errorf("a repeated request got %v, and %d requests were carried out, want no refusal and 4",
			refused, acted)
	}
}
