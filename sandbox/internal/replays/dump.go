package replays

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Kept is a kept response in a form that JSON can hold.
type Kept struct {
	// Client is the index of the client in the slice that was passed to Dump.
	Client      int       `json:"client"`
	Key         uuid.UUID `json:"key"`
	Fingerprint []byte    `json:"fingerprint"`
	Expires     time.Time `json:"expires"`
	Status      int       `json:"status"`
	Body        string    `json:"body"`
}

// Dump returns the kept responses of the clients, in the order in which they were added.
func (r *Replays) Dump(clients []uuid.UUID) []Kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := []Kept{}
	for _, next := range r.queue {
		held, found := r.kept[next.key]
		at := slices.Index(clients, next.key.Client)
		if !found || held.expires != next.expires || at < 0 {
			continue
		}
		kept = append(kept, Kept{
			Client:      at,
			Key:         next.key.ID,
			Fingerprint: held.fingerprint[:],
			Expires:     time.Unix(0, held.expires).UTC(),
			Status:      held.status,
			Body:        held.body,
		})
	}
	return kept
}

// Restore adds kept responses that Dump returned.
func (r *Replays) Restore(kept []Kept, clients []uuid.UUID) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range kept {
		if one.Client < 0 || one.Client >= len(clients) || len(one.Fingerprint) != len(Fingerprint{}) {
			return fmt.Errorf("kept response of key %s: "+
				"expected the index of a client of the dump and a fingerprint of %d bytes",
				one.Key, len(Fingerprint{}))
		}
		r.keep(Key{Client: clients[one.Client], ID: one.Key}, replay{
			fingerprint: Fingerprint(one.Fingerprint),
			expires:     one.Expires.UnixNano(),
			status:      one.Status,
			body:        one.Body,
		})
	}
	return nil
}
