package simulation_test

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// call is one call to a service method, with its result and its effects.
type call struct {
	number int
	op     *operation
	host   *host
	client int
	target target
	// the caller's idempotency key; zero if the client generates the key
	key     uuid.UUID
	options []upvest.CallOption
	// The timeout of the call; 0 means none. A negative timeout expires before the call
	// starts.
	timeout     time.Duration
	mustSucceed bool // the call must succeed, because the server is healthy
	resumes     *call
	process     *process

	// The state of the process when the call starts:
	goodUntil    time.Time // when the token of the process expires
	hasCorrected bool      // the process has corrected its clock

	started  time.Time
	ended    time.Time // zero while the call runs
	err      error
	resource uuid.UUID

	// Guarded by the network's lock:
	sent              int
	unauthorized      int
	firstUnauthorized time.Time
	// A 401 had a Date that differed from the local clock by at least largeSkew, so the
	// client may have dated the next attempt by this Date.
	mayGuess bool
	// The first 401 had no usable Date. In an operation that sends many requests, this
	// can be any 401.
	undated bool
	// how far a request was dated ahead of a clock that a Date had confirmed
	misdated time.Duration
	expired  int         // number of requests with an expired token
	effects  []uuid.UUID // the resources that the call changed
	keys     map[string]bool
	requests map[string]int
}

func (c *call) verdict() operations.Verdict { return operations.VerdictOf(c.op.write, c.err) }

// run makes the call.
func (c *call) run() {
	ctx := context.WithValue(c.process.ctx, ofCall{}, c)
	if c.timeout != 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	var options []upvest.CallOption
	if c.key != uuid.Nil && c.op.keyed {
		options = append(options, upvest.WithIdempotencyKey(c.key))
	}
	options = append(options, c.options...)
	c.process.network.enter(c.room())
	defer c.process.network.enter(-c.room())
	client := c.process.clients[c.client%len(c.process.clients)]
	c.started = time.Now()
	c.resource, c.err = c.op.do(ctx, client, c.target, options...)
	c.ended = time.Now()
}

// room returns the number of connections that the call may have open at the same time.
func (c *call) room() int {
	if c.op.many {
		return 2 + c.target.ahead
	}
	return 1
}

// allEffects returns the resources that were changed by the call and by the calls that it
// resumes.
func (c *call) allEffects() []uuid.UUID {
	var effects []uuid.UUID
	for ; c != nil; c = c.resumes {
		effects = append(effects, c.effects...)
	}
	return effects
}

// sentKeys returns the idempotency keys of the call and of the calls that it resumes.
func (c *call) sentKeys() map[string]bool {
	keys := map[string]bool{}
	for ; c != nil; c = c.resumes {
		maps.Copy(keys, c.keys)
	}
	return keys
}
