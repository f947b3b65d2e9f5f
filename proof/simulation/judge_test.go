package simulation_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// judge compares the result of a call with the effects of the call, and requires that the
// call stayed within all limits.
func (s *simulation) judge(c *call) {
	if c.ended.IsZero() {
		return // wait has already reported this call, which never ended
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.figures.count(c)
	s.judgeSafety(c)
	if c.mustSucceed || s.needsNoToken(c) {
		s.judgeLiveness(c)
	}
	s.judgeBounds(c)
	s.judgeShown(c)
}

func (s *simulation) judgeSafety(c *call) {
	verdict := c.verdict()
	effects := c.allEffects()
	switch {
	case errors.Is(c.err, errUntrue):
		s.addProblemf(c, "reported a false result")
	case !c.op.write && len(effects) > 0:
		s.addProblemf(c, "is a read, but changed a resource")
	case !c.op.write:
	case len(effects) > 1:
		s.addProblemf(c, "took effect more than once")
	case verdict == operations.Refused && len(c.effects) > 0:
		s.addProblemf(c, "reported a refusal although it took effect")
	case (verdict == operations.Succeeded || verdict == operations.Accepted) && len(effects) == 0:
		s.addProblemf(c, "reported success without an effect")
	case verdict == operations.Succeeded && effects[0] != c.resource:
		s.addProblemf(c, "returned the resource of another call")
	}
	if keys := c.sentKeys(); c.op.keyed && len(keys) > 1 {
		s.addProblemf(c, "sent %d different idempotency keys, want one", len(keys))
	}
	s.judgeRequests(c)
}

// judgeRequests checks the tokens and the signing times of the requests. It skips steps
// in which the private key hangs, because requests are signed late in these steps.
func (s *simulation) judgeRequests(c *call) {
	if c.expired > 0 && !s.step.hanging {
		s.addProblemf(c, "sent %d requests with an expired token, want none", c.expired)
	}
	if c.misdated != 0 && !s.step.hanging {
		s.addProblemf(c, "dated a request %s ahead of the local clock, "+
			"although the Date of an earlier response matched that clock", c.misdated)
	}
}

// judgeLiveness requires that a call succeeds after at most two attempts, except in the
// cases below.
func (s *simulation) judgeLiveness(c *call) {
	switch {
	case c.unauthorized > 1 && s.isDisturbed(c.host, c.firstUnauthorized, c.ended):
		return // the call had already used its only repeat after an earlier 401
	case c.process != c.host.process:
		return // the call ended with its process
	case s.isMisled(c), isMisledOnce(c, s.step), isUncorrectable(c):
		return
	case isLateCancellation(c):
		// An earlier attempt or call has cancelled the order, or the order is filled.
	case c.err != nil:
		s.addProblemf(c, "failed although the server is healthy")
	case c.sent > 2 && !c.op.many:
		s.addProblemf(c, "made more than one extra attempt")
	}
	if c.err == nil && !c.op.many {
		s.figures.worst("extra attempts of a call to a healthy server", c.sent-1)
	}
}

// isLateCancellation reports whether a cancellation failed with a conflict because an
// earlier attempt or call had cancelled the order, or because the order was filled before
// the cancellation was resumed.
func isLateCancellation(c *call) bool {
	if c.op.id != "cancel_portfolios_order" || !errors.Is(c.err, upvest.ErrConflict) {
		return false
	}
	return c.resumes != nil || c.verdict() == operations.Unknown && len(c.effects) == 1
}

// isMisled reports whether a wrong Date excuses a call that failed. After a revocation,
// the client must try the wrong Date, so the server refuses the call twice. The Date is
// no excuse if an earlier call of the same host was also refused twice, ended before this
// call started, and no disturbance has affected the host since then.
func (s *simulation) isMisled(c *call) bool {
	if s.step.date == 0 || c.unauthorized < 2 {
		return false
	}
	for _, other := range s.calls {
		if other.host == c.host && other.unauthorized >= 2 && other.ended.Before(c.started) &&
			!s.isDisturbed(c.host, other.ended, c.ended) {
			return false
		}
	}
	s.figures.misled++
	return true
}

// isMisledOnce reports whether the client repeated a call with the single wrong Date of
// the step, and the server refused the repeat because this Date was too far ahead.
func isMisledOnce(c *call, now *step) bool {
	return now.off > serverSkew && c.mayGuess && c.unauthorized == 2 &&
		errors.Is(c.err, upvest.ErrUnauthorized)
}

// isUncorrectable reports whether a call failed because of a wrong clock that the client
// could not correct. A client cannot correct its clock if the first 401 of the call, or
// of its token request, took more than five seconds, because the client must ignore the
// Date of such a slow response.
func isUncorrectable(c *call) bool {
	h := c.host
	if h.ahead.Load() == 0 || c.hasCorrected && !h.jumped.After(c.started) ||
		!errors.Is(c.err, upvest.ErrUnauthorized) {
		return false
	}
	if c.unauthorized >= 2 {
		return c.undated
	}
	return slices.ContainsFunc(c.process.evidence.undated, func(at time.Time) bool {
		return !at.Before(c.started) && !at.After(c.ended)
	})
}

// isDisturbed reports whether a disturbance affected a host between two times.
func (s *simulation) isDisturbed(h *host, from, to time.Time) bool {
	return slices.ContainsFunc(s.disturbances, func(u disturbance) bool {
		return (u.host == nil || u.host == h) && u.at.After(from) && u.at.Before(to)
	})
}

// needsNoToken reports whether a call must succeed although token requests fail, because
// its process had a valid token and no other fault was active.
func (s *simulation) needsNoToken(c *call) bool {
	callsFail := slices.ContainsFunc(s.step.faults, func(f fault) bool { return f.on != tokens })
	hangs := s.step.hanging || s.step.limited
	return !callsFail && !hangs && c.timeout == 0 && c.ended.Before(c.goodUntil) &&
		!s.isDisturbed(c.host, time.Time{}, c.ended)
}

func (s *simulation) judgeBounds(c *call) {
	most := c.host.policy.MaxAttempts
	if most == 0 {
		most = 4
	}
	if c.sent > most+1 && !c.op.many {
		s.addProblemf(c, "made too many attempts")
	}
	failure, isCall := errors.AsType[*upvest.Error](c.err)
	if isCall && !c.op.many {
		if listed := len(failure.Attempts); listed < c.sent || listed > c.sent+1 {
			s.addProblemf(c, "returned an error that lists %d attempts, want %d or %d",
				listed, c.sent, c.sent+1)
		}
	}
	const prompt = 10 * time.Second
	if s.step.name == "lost renewals" && c.goodUntil.After(c.started.Add(prompt)) &&
		c.ended.Sub(c.started) > prompt {
		s.addProblemf(c, "waited for a renewal although its token was valid")
	}
	if took := c.ended.Sub(c.started); c.timeout > 0 && took > c.timeout {
		s.addProblemf(c, "exceeded its deadline of %s", c.timeout)
	}
}

func (s *simulation) judgeShown(c *call) {
	if c.err == nil {
		return
	}
	shown := fmt.Sprintf("%v\n%+v\n%#v\n%s\n", c.err, c.err, c.err, c.err)
	if failure, ok := errors.AsType[*upvest.Error](c.err); ok {
		attempts := failure.Attempts
		shown += fmt.Sprintf("%v\n%+v\n%#v\n%s\n", attempts, attempts, attempts, failure.RequestID)
	}
	if _, err := s.log.Write([]byte(shown)); err != nil {
		s.addProblemf(c, "returned an error that could not be written to the log: %v", err)
	}
}

// judgeTokens checks the number of token requests during a mild step in which token
// requests succeed, and during a step in which the server refuses the client secret.
func (s *simulation) judgeTokens(before map[*process]int, took time.Duration) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	tokensFail := slices.ContainsFunc(s.step.faults, func(f fault) bool {
		return f.on != calls && !f.slows
	})
	for _, h := range s.hosts {
		sent := h.process.tokenRequests - before[h.process]
		s.figures.worst("token requests of a host in a step", sent)
		s.judgeBrake(h, sent, took)
		needed := 2 + len(s.disturbances) + int(took/(s.life*3/4))
		if s.step.mild && !tokensFail && sent > 2*needed {
			s.addProblemf(nil, "host %s sent %d token requests, want at most %d", h.name, sent, 2*needed)
		}
	}
}

// judgeBrake checks the number of token requests with a refused secret. The client must
// wait one second after each failed request. On a host with a wrong clock, the client
// repeats each request once with the server's time.
func (s *simulation) judgeBrake(h *host, sent int, took time.Duration) {
	most := int(took/time.Second) + 2
	if h.ahead.Load() != 0 {
		most *= 2
	}
	if s.step.refused && sent > most {
		s.addProblemf(nil, "host %s sent %d token requests in %s with a refused secret, want at most %d",
			h.name, sent, took, most)
	}
}

// budget is the size of a client's retry budget. Each second adds one retry, and each
// success adds a fifth of a retry.
const budget = 100

// judgeBudget requires that the retries of each process during a step stay within the
// retry budget of the process. It does not count calls that send many requests.
func (s *simulation) judgeBudget(took time.Duration) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	extra := map[*process]int{}
	sent := map[*process]int{}
	successes := map[*process]int{}
	for _, c := range s.calls {
		if c.op.many {
			continue
		}
		sent[c.process] += c.sent
		extra[c.process] += max(c.sent-1, 0)
		if c.unauthorized > 0 && c.sent > 1 {
			extra[c.process]-- // the repeat after a 401 does not count
		}
		if c.err == nil {
			successes[c.process]++
		}
	}
	for process, count := range extra {
		s.figures.worst("attempts of a host in a step", sent[process])
		s.figures.worst("retries of a host in a step", count)
		allowed := budget + int(took/time.Second) + successes[process]/5 + 1
		if count > allowed {
			s.addProblemf(nil, "host %s retried %d times, but its retry budget allows only %d retries",
				process.host.name, count, allowed)
		}
	}
}

// judgeHanging checks how many goroutines remain from calls that gave up while a private
// key hangs. The client keeps at most eight of these goroutines for each key that takes
// no context.
func (s *simulation) judgeHanging() {
	s.network.mu.Lock()
	running := s.network.room
	s.network.mu.Unlock()
	const (
		keys    = 3
		slots   = 8
		fetches = 2 * hosts
	)
	left := goroutines()
	if most := running + keys*slots + fetches; len(left) > most && s.step.hanging {
		s.addProblemf(nil, "%d goroutines are running, want at most %d for calls with %d connections",
			len(left), most, running)
	}
}

// judgeRest requires that no goroutine, connection or unexplained effect remains when no
// call is in progress.
func (s *simulation) judgeRest() {
	if left := goroutines(); len(left) > 0 {
		s.addProblemf(nil, "%d goroutines remain:\n%s", len(left), strings.Join(left, "\n\n"))
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	if s.network.open != 0 {
		s.addProblemf(nil, "%d connections remain open", s.network.open)
	}
	if s.network.unclaimed != 0 {
		s.addProblemf(nil, "%d effects belong to no call", s.network.unclaimed)
	}
	if s.network.tooOpen > 0 {
		s.addProblemf(nil, "%d more connections were open than the calls in progress may have",
			s.network.tooOpen)
	}
	s.figures.worst("connections open at once", s.network.mostOpen)
}

// judgeMonth checks all calls again, because a delayed request may have taken effect
// after the first check.
func (s *simulation) judgeMonth() {
	s.step = &step{name: "end of the month", at: month}
	effects := map[*call]int{}
	for _, c := range s.all {
		first := c
		for first.resumes != nil {
			first = first.resumes
		}
		effects[first] += len(c.effects)
		if effects[first] > 1 {
			s.addProblemf(c, "took effect %d times by the end of the month", effects[first])
		}
		if c.verdict() == operations.Refused && len(c.effects) > 0 {
			s.addProblemf(c, "reported a refusal although it took effect")
		}
	}
	var printed strings.Builder
	for _, h := range s.hosts {
		client := h.process.clients[0]
		fmt.Fprintf(&printed, "%+v %#v %+v", client, client, client.TokenSource())
	}
	if shown := secretIn(printed.String()); shown != "" {
		s.addProblemf(nil, "a printed client contains a secret: …%s…", shown)
	}
	s.figures.read = s.log.read
	s.figures.months = 1
}

// goroutines returns the stacks of the goroutines in this synctest bubble, except for the
// current goroutine and the goroutines of synctest itself.
func goroutines() []string {
	all := make([]byte, 1<<20)
	stacks := strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n")
	own, _, _ := strings.Cut(stacks[0], "\n")
	_, bubble, _ := strings.Cut(own, ", synctest bubble")
	return slices.DeleteFunc(stacks[1:], func(stack string) bool {
		head, rest, _ := strings.Cut(stack, "\n")
		return !strings.HasSuffix(head, ", synctest bubble"+bubble) ||
			strings.HasPrefix(rest, "testing/") || strings.HasPrefix(rest, "internal/synctest")
	})
}
