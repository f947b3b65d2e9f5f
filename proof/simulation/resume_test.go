package simulation_test

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// resume repeats every write of the step that reported neither success nor refusal.
func (s *simulation) resume() {
	for _, c := range s.calls {
		if !c.isOpen() {
			continue
		}
		last := c
		if s.step.chained {
			last = s.chain(c)
		}
		if last.isOpen() {
			last = s.again(last)
			last.must = true
			if s.step.chained && !s.defect.keysAlone {
				last.resumeError()
			} else if !s.defect.newKeys {
				last.resumeKey()
			}
			last.run()
			s.judge(last)
		}
		acts := len(last.acts())
		if acts > 1 || acts == 0 && c.op.id != "cancel_portfolios_order" {
			s.complainf(last, "was resumed and acted %d times in all", acts)
		}
	}
}

// isOpen reports whether a call reported neither success nor refusal.
func (c *call) isOpen() bool {
	told := c.verdict()
	return told == operations.Unknown || told == operations.Accepted
}

// again makes a call that resumes another one.
func (s *simulation) again(c *call) *call {
	return s.make(&call{op: c.op, host: c.host, client: c.client, target: c.target, resumes: c})
}

// resumeKey passes on the key of the call that this one resumes.
func (c *call) resumeKey() {
	if failure, ok := errors.AsType[*upvest.Error](c.resumes.err); ok {
		c.key = failure.IdempotencyKey
	}
}

// resumeError passes on the error of the call that this one resumes.
func (c *call) resumeError() {
	if failure, ok := errors.AsType[*upvest.Error](c.resumes.err); ok {
		c.options = append(c.options, failure.Resume())
	}
}

// chain resumes a write while the outage lasts, each time with the last error's Resume.
// Some of the tries never leave the process. It returns the last one.
func (s *simulation) chain(c *call) *call {
	s.fail()
	defer s.heal()
	last := c
	forgotten := false
	for range s.random.IntN(6) {
		try := s.again(last)
		switch {
		case s.defect.keysAlone:
			try.resumeKey()
		case !forgotten:
			try.resumeError()
		}
		isHeld := s.random.IntN(2) == 0
		if isHeld {
			obstacles[s.random.IntN(len(obstacles))](try, s.random)
			forgotten = s.defect.forgetful
		}
		try.run()
		s.judge(try)
		s.judgeTry(try, isHeld)
		last = try
		if !last.isOpen() {
			break
		}
	}
	return last
}

// obstacles keep a try from leaving its process.
var obstacles = []func(try *call, random *rand.Rand){
	func(try *call, _ *rand.Rand) { try.timeout = -time.Second }, // its deadline is over
	func(try *call, _ *rand.Rand) { try.options = append(try.options, nil) },
	func(try *call, _ *rand.Rand) {
		invalid := upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1})
		try.options = append(try.options, invalid)
	},
	func(try *call, random *rand.Rand) {
		try.options = append(try.options, upvest.WithIdempotencyKey(marked(random)))
	},
}

// judgeTry is about a try of a chain. Only a success ends the doubt about those before.
func (s *simulation) judgeTry(try *call, isHeld bool) {
	if isHeld {
		s.figures.held++
	}
	switch told := try.verdict(); {
	case isHeld && try.sent > 0:
		s.complainf(try, "was sent in spite of its arguments")
	case isHeld && told == operations.Succeeded:
		s.complainf(try, "reports that it acted, and was not sent")
	case told == operations.Refused:
		s.complainf(try, "reports that it was refused after an unknown outcome")
	}
}
