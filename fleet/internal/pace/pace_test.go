package pace_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// row stands in for the database row that all workers share.
type row struct {
	mu     sync.Mutex
	next   time.Time
	gap    time.Duration
	leases int
}

func (r *row) Lease(_ context.Context, slots int) (wait, gap time.Duration, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leases++
	if r.next.Before(time.Now()) {
		r.next = time.Now()
	}
	first := r.next
	r.next = first.Add(time.Duration(slots) * r.gap)
	return time.Until(first), r.gap, nil
}

func (r *row) Defer(_ context.Context, wait time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if later := time.Now().Add(wait); r.next.Before(later) {
		r.next = later
	}
	return nil
}

// workers sends as many requests as the limiters allow until the context ends. It returns
// the time of each request.
func workers(ctx context.Context, limiters []*pace.Limiter) (sent []time.Time) {
	var mu sync.Mutex
	var calls sync.WaitGroup
	for _, limiter := range limiters {
		for range 20 {
			calls.Go(func() {
				for limiter.Wait(ctx) == nil {
					mu.Lock()
					sent = append(sent, time.Now())
					mu.Unlock()
				}
			})
		}
	}
	calls.Wait()
	return sent
}

func within(sent []time.Time, from time.Time, length time.Duration) (count int) {
	for _, at := range sent {
		if !at.Before(from) && at.Before(from.Add(length)) {
			count++
		}
	}
	return count
}

func three(r *row) []*pace.Limiter { return []*pace.Limiter{pace.New(r), pace.New(r), pace.New(r)} }

func TestAllWorkersTogetherKeepTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithDeadline(t.Context(), began.Add(10*time.Second))
		defer cancel()
		sent := workers(ctx, three(&row{gap: time.Second / 300}))
		for second := range 9 {
			if got := within(sent, began.Add(time.Duration(second)*time.Second), time.Second); got < 296 ||
				got > 301 {
				t.Errorf("%d requests were sent in second %d, expected 296 to 301", got, second)
			}
		}
	})
}

// TestOne429DelaysAllWorkers lets one worker receive a response with status 429. Until
// the wait is over, the workers may send no more requests than were already waiting or
// had leased slots. After the wait, the workers must reach the full rate again.
func TestOne429DelaysAllWorkers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiters := three(&row{gap: time.Second / 300})
		told := time.Now().Add(2 * time.Second)
		time.AfterFunc(2*time.Second, func() {
			limiters[0].Observe(t.Context(), upvest.Attempt{Status: 429, Wait: 5 * time.Second})
		})
		ctx, cancel := context.WithDeadline(t.Context(), told.Add(10*time.Second))
		defer cancel()
		sent := workers(ctx, limiters)
		// The workers may also send the requests that are already waiting for a slot, 20
		// for each worker.
		if got := within(sent, told, 5*time.Second); got > 3*(20+15) {
			t.Errorf("%d requests were sent while all workers had to wait, expected at most 105", got)
		}
		if got := within(sent, told.Add(6*time.Second), time.Second); got < 296 || got > 301 {
			t.Errorf("%d requests were sent in a second after the wait, expected 296 to 301", got)
		}
	})
}

func TestUnusedSlotsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &row{gap: time.Second / 300}
		limiter := pace.New(r)
		if err := limiter.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if err := limiter.Wait(t.Context()); err != nil || r.leases != 2 {
			t.Errorf("got %d leases and the error %v, expected 2 leases and no error", r.leases, err)
		}
	})
}

func TestACallFailsAtOnceIfItsSlotIsDueAfterItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &row{gap: time.Second / 300}
		limiter := pace.New(r)
		if err := r.Defer(t.Context(), time.Minute); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		began := time.Now()
		if err := limiter.Wait(ctx); !errors.Is(err, pace.ErrBusy) || time.Since(began) > 0 {
			t.Errorf("Wait returned the error %v after %s, expected ErrBusy at once", err, time.Since(began))
		}
	})
}

// TestUrgentCallsGoFirst queues calls with several priorities. Each slot must go to the
// most urgent of the waiting calls.
func TestUrgentCallsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := pace.New(&row{gap: time.Second})
		var order []int
		var mu sync.Mutex
		var calls sync.WaitGroup
		for _, priority := range []int{9, 4, 3, 2, 1, 3} {
			calls.Go(func() {
				if err := limiter.Wait(pace.WithPriority(t.Context(), priority)); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, priority)
				mu.Unlock()
			})
			// the first call gets a slot at once, and the second call gets the next turn
			synctest.Wait()
		}
		calls.Wait()
		if want := []int{9, 4, 1, 2, 3, 3}; !slices.Equal(order, want) {
			t.Errorf("the calls got their slots in the order %v, expected %v", order, want)
		}
	})
}

// TestAReservedSlotIsUsedOnce sends two requests with one reservation. Only the first
// request may use the reserved slot.
func TestAReservedSlotIsUsedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := pace.New(&row{gap: time.Second})
		ctx, err := limiter.Reserve(t.Context(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for _, want := range []time.Duration{0, time.Second} {
			if err := limiter.Wait(ctx); err != nil || time.Since(began) != want {
				t.Errorf("Wait returned %v after %s, expected nil after %s", err, time.Since(began), want)
			}
		}
		busy := pace.New(&row{gap: time.Hour, next: time.Now().Add(time.Hour)})
		if _, err := busy.Reserve(t.Context(), time.Minute); !errors.Is(err, pace.ErrBusy) {
			t.Errorf("Reserve returned the error %v for a slot that is due in an hour, expected ErrBusy", err)
		}
	})
}
