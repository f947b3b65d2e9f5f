package fault

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
)

// Latency has the fields of sandbox.Latency, which documents them.
type Latency struct {
	Operation contract.Operation
	Delay     time.Duration
	Spread    time.Duration
}

// Profile stores how long the sandbox delays the requests for each operation. It is safe
// for concurrent use.
type Profile struct {
	contract *openapi.Contract
	// random returns a number from 0 to n-1.
	random func(n int64) int64

	mu      sync.Mutex
	entries []Latency
}

// NewProfile returns an empty profile.
func NewProfile(known *openapi.Contract, random func(n int64) int64) *Profile {
	return &Profile{contract: known, random: random}
}

// Set replaces the profile. If any of the entries is invalid, Set changes nothing.
func (p *Profile) Set(entries []Latency) error {
	for i, one := range entries {
		same := func(other Latency) bool { return other.Operation == one.Operation }
		switch {
		case one.Operation != "" && !p.contract.Has(one.Operation):
			return fmt.Errorf("set the latency: operation %q is not an operationId of openapi.yaml, nor %q",
				one.Operation, contract.Token)
		case one.Delay < 0 || one.Spread < 0:
			return fmt.Errorf("set the latency of %q: delay %s, spread %s, expected at least 0",
				one.Operation, one.Delay, one.Spread)
		case slices.ContainsFunc(entries[:i], same):
			return fmt.Errorf(
				"set the latency of %q: the operation appears twice, expected one entry per operation",
				one.Operation)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = slices.Clone(entries)
	return nil
}

// Entries returns a copy of the profile's entries.
func (p *Profile) Entries() []Latency {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Latency{}, p.entries...)
}

// Of returns how long a request for the operation waits before the sandbox carries it
// out.
func (p *Profile) Of(operation contract.Operation) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found Latency
	for _, one := range p.entries {
		if one.Operation == operation {
			found = one
			break
		}
		if one.Operation == "" {
			found = one
		}
	}
	if found.Spread == 0 {
		return found.Delay
	}
	return found.Delay + time.Duration(p.random(int64(found.Spread)))
}
