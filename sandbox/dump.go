package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/replays"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// dumpFormat is the version of the dump format. It must change whenever Load can no
// longer read older dumps.
const dumpFormat = 1

// dump is the state of a sandbox at one moment.
type dump struct {
	Format int            `json:"format"`
	Time   time.Time      `json:"time"`
	Ledger ledger.Dump    `json:"ledger"`
	Kept   []replays.Kept `json:"kept_responses"`
}

// Dump writes the state as JSON: the time of the clock, resources, holdings, prices, and
// the responses that are kept for idempotency keys. Access tokens, used nonces, faults,
// latency and the journals are not part of the dump. No request may be in progress during
// Dump.
func (s *Sandbox) Dump(w io.Writer) error {
	current := s.world.Load()
	clients := s.clientIDs()
	state := dump{
		Format: dumpFormat,
		Time:   s.config.clock.Now(),
		Ledger: current.Ledger.Dump(clients),
		Kept:   current.Replays.Dump(clients),
	}
	if err := json.NewEncoder(w).Encode(state); err != nil {
		return fmt.Errorf("dump the state: %w", err)
	}
	return nil
}

// Load replaces the state with a dump, and sets the clock to the time in the dump. If
// this sandbox has the same options as the dumped sandbox, orders continue as they would
// have continued there. The data of the dumped sandbox's first client becomes the data of
// this sandbox's first client, and so on. Load removes all requests, effects, faults and
// latency. Load keeps the access tokens, but they expire by the new time of the clock.
// After Load, Reset still restores the initial state that the options set, not the dump.
// If Load returns an error, nothing has changed.
func (s *Sandbox) Load(r io.Reader) error {
	if err := s.load(r); err != nil {
		return fmt.Errorf("load a dump: %w", err)
	}
	return nil
}

func (s *Sandbox) load(r io.Reader) error {
	var state dump
	decoder := json.NewDecoder(r)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&state); err != nil {
		return err
	}
	if state.Format != dumpFormat {
		return fmt.Errorf("format: expected %d, not %d", dumpFormat, state.Format)
	}
	options, err := s.config.worldOptions(s.contract)
	if err != nil {
		return err
	}
	options.States = nil
	loaded, err := world.New(options)
	if err != nil {
		return err
	}
	clients := s.clientIDs()
	if err := loaded.Ledger.Restore(state.Ledger, clients); err != nil {
		return err
	}
	if err := loaded.Replays.Restore(state.Kept, clients); err != nil {
		return err
	}
	s.world.Store(loaded)
	s.config.clock.Set(state.Time)
	return nil
}

func (s *Sandbox) clientIDs() []uuid.UUID {
	ids := make([]uuid.UUID, len(s.config.clients))
	for i, known := range s.config.clients {
		ids[i] = known.ID
	}
	return ids
}
