package simulation_test

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// resume resumes the writes of the step, except for writes that reported success or
// refusal.
func (s *simulation) resume() {
	for _, c := range s.calls {
		if !c.isUnresolved() {
			continue
		}
		last := c
		if s.step.chained {
			last = s.chain(c)
		}
		if last.isUnresolved() {
			last = s.newResumption(last)
			last.mustSucceed = true
			if s.step.chained && !s.defect.keysAlone {
				last.resumeError()
			} else if !s.defect.newKeys {
				last.resumeKey()
			}
			last.run()
			s.judge(last)
		}
		effects := len(last.allEffects())
		if effects > 1 || effects == 0 && c.op.id != "cancel_portfolios_order" {
			s.addProblemf(last, "was resumed, and took effect %d times in total", effects)
		}
	}
}

// isUnresolved reports whether a call is a write that reported an unknown outcome or an
// unusable response.
func (c *call) isUnresolved() bool {
	verdict := c.verdict()
	return verdict == operations.Unknown || verdict == operations.Accepted
}

// newResumption returns a call that resumes the given call.
func (s *simulation) newResumption(c *call) *call {
	return s.make(&call{op: c.op, host: c.host, client: c.client, target: c.target, resumes: c})
}

// resumeKey gives the call the idempotency key of the call that it resumes.
func (c *call) resumeKey() {
	if failure, ok := errors.AsType[*upvest.Error](c.resumes.err); ok {
		c.key = failure.IdempotencyKey
	}
}

// resumeError gives the call the Resume option from the error of the call that it
// resumes.
func (c *call) resumeError() {
	if failure, ok := errors.AsType[*upvest.Error](c.resumes.err); ok {
		c.options = append(c.options, failure.Resume())
	}
}

// chain resumes a write up to five times while the faults last, each time with the Resume
// option of the previous error. Obstacles prevent some of these calls from sending a
// request. chain returns the last call.
func (s *simulation) chain(c *call) *call {
	s.startFaults()
	defer s.endFaults()
	last := c
	forgotten := false
	for range s.random.IntN(6) {
		resumption := s.newResumption(last)
		switch {
		case s.defect.keysAlone:
			resumption.resumeKey()
		case !forgotten:
			resumption.resumeError()
		}
		isObstructed := s.random.IntN(2) == 0
		if isObstructed {
			obstacles[s.random.IntN(len(obstacles))](resumption, s.random)
			forgotten = s.defect.forgetful
		}
		resumption.run()
		s.judge(resumption)
		s.judgeResumption(resumption, isObstructed)
		last = resumption
		if !last.isUnresolved() {
			break
		}
	}
	return last
}

// obstacles are functions that prevent a resumption from sending a request.
var obstacles = []func(resumption *call, random *rand.Rand){
	// This deadline expires before the call starts.
	func(resumption *call, _ *rand.Rand) { resumption.timeout = -time.Second },
	func(resumption *call, _ *rand.Rand) { resumption.options = append(resumption.options, nil) },
	func(resumption *call, _ *rand.Rand) {
		invalid := upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: -1})
		resumption.options = append(resumption.options, invalid)
	},
	func(resumption *call, random *rand.Rand) {
		resumption.options = append(resumption.options, upvest.WithIdempotencyKey(markedKey(random)))
	},
}

// judgeResumption checks one resumption in a chain. While the outcome of the earlier
// calls is unknown, only a success may settle the outcome.
func (s *simulation) judgeResumption(resumption *call, isObstructed bool) {
	if isObstructed {
		s.figures.obstructed++
	}
	switch verdict := resumption.verdict(); {
	case isObstructed && resumption.sent > 0:
		s.addProblemf(resumption, "sent a request despite an expired deadline or an invalid option")
	case isObstructed && verdict == operations.Succeeded:
		s.addProblemf(resumption, "reported success, but sent no request")
	case verdict == operations.Refused:
		s.addProblemf(resumption, "reported a refusal although the outcome was unknown")
	}
}
