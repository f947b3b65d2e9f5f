package simulation_test

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// call is one call of a service method, what it reported, and what it caused.
type call struct {
	number    int
	op        *operation
	host      *host
	client    int
	target    target
	key       uuid.UUID // the caller's, zero if the client makes one
	timeout   time.Duration
	must      bool // succeed, because the server is healthy
	resumes   *call
	process   *process
	goodUntil time.Time // expiry of the token that the process has when the call starts
	started   time.Time
	ended     time.Time // zero while it runs
	err       error
	resource  uuid.UUID

	// Guarded by the network's lock:
	sent              int
	unauthorized      int
	firstUnauthorized time.Time
	acted             []uuid.UUID // the resources of its effects
	keys              map[string]bool
	requests          map[string]int
}

func (c *call) verdict() operations.Verdict { return operations.VerdictOf(c.op.write, c.err) }

// run makes the call.
func (c *call) run() {
	ctx := context.WithValue(c.process.ctx, ofCall{}, c)
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	var options []upvest.CallOption
	if c.key != uuid.Nil && c.op.keyed {
		options = append(options, upvest.WithIdempotencyKey(c.key))
	}
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

// acts returns the resources of the effects of the call and of the one that it resumes.
func (c *call) acts() []uuid.UUID {
	if c.resumes == nil {
		return c.acted
	}
	return slices.Concat(c.acted, c.resumes.acted)
}
