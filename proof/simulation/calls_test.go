package simulation_test

import (
	"context"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// call is one call of a service method, with its result and its effects.
type call struct {
	number  int
	op      *operation
	host    *host
	client  int
	target  target
	key     uuid.UUID // the caller's, zero if the client makes one
	options []upvest.CallOption
	timeout time.Duration // 0 means none; a negative one has ended before the call
	must    bool          // whether it has to succeed, because the server is healthy
	resumes *call
	process *process

	// What its process has when the call starts:
	goodUntil time.Time // the expiry of the token
	knew      bool      // whether it has corrected the clock

	started  time.Time
	ended    time.Time // zero while it runs
	err      error
	resource uuid.UUID

	// Guarded by the network's lock:
	sent              int
	unauthorized      int
	firstUnauthorized time.Time
	guesses           bool          // a 401 had a Date that differs from its clock
	untaught          bool          // its first 401 had no usable Date
	misdated          time.Duration // by which a request was dated ahead without a reason
	expired           int           // requests with a token that had expired
	acted             []uuid.UUID   // the resources of its effects
	keys              map[string]bool
	requests          map[string]int
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

// room returns how many connections a call may have open.
func (c *call) room() int {
	if c.op.many {
		return 2 + c.target.ahead
	}
	return 1
}

// acts returns the resources of the effects of the call and of all that it resumes.
func (c *call) acts() []uuid.UUID {
	var acts []uuid.UUID
	for ; c != nil; c = c.resumes {
		acts = append(acts, c.acted...)
	}
	return acts
}

// sentKeys returns the idempotency keys of the call and of all that it resumes.
func (c *call) sentKeys() map[string]bool {
	keys := map[string]bool{}
	for ; c != nil; c = c.resumes {
		maps.Copy(keys, c.keys)
	}
	return keys
}
