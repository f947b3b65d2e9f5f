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

// judge compares the result of a call with its effects.
func (s *simulation) judge(c *call) {
	if c.ended.IsZero() {
		return // wait has already reported that it hangs
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.figures.count(c)
	s.judgeSafety(c)
	if c.must || s.needsNoToken(c) {
		s.judgeLiveness(c)
	}
	s.judgeBounds(c)
	s.judgeShown(c)
}

func (s *simulation) judgeSafety(c *call) {
	told := c.verdict()
	acts := c.acts()
	switch {
	case errors.Is(c.err, errLied):
		s.complainf(c, "lied")
	case !c.op.write && len(acts) > 0:
		s.complainf(c, "is a read that acted")
	case !c.op.write:
	case len(acts) > 1:
		s.complainf(c, "acted more than once")
	case told == operations.Refused && len(c.acted) > 0:
		s.complainf(c, "reports that it was refused")
	case (told == operations.Succeeded || told == operations.Accepted) && len(acts) == 0:
		s.complainf(c, "reports that it acted")
	case told == operations.Succeeded && acts[0] != c.resource:
		s.complainf(c, "returned what another call made")
	}
	if keys := c.sentKeys(); c.op.keyed && len(keys) > 1 {
		s.complainf(c, "sent %d idempotency keys", len(keys))
	}
	s.judgeRequests(c)
}

// judgeRequests is about what its requests were sent with. A key that hangs signs late.
func (s *simulation) judgeRequests(c *call) {
	if c.expired > 0 && !s.step.hanging {
		s.complainf(c, "sent %d requests with an expired token", c.expired)
	}
	if c.misdated != 0 && !s.step.hanging {
		s.complainf(c, "dated a request %s ahead though a Date agreed with the local clock", c.misdated)
	}
}

// judgeLiveness judges calls to a healthy server, or to one with a mild fault.
func (s *simulation) judgeLiveness(c *call) {
	switch {
	case c.unauthorized > 1 && s.isUpset(c.host, c.firstUnauthorized, c.ended):
		return // the call had already been repeated after an earlier 401
	case c.process != c.host.process:
		return // it ended with its process
	case s.isMisled(c), isMisledOnce(c, s.step), isUntaught(c):
		return
	case isLateCancellation(c):
		// A second cancellation finds nothing to cancel, or comes too late.
	case c.err != nil:
		s.complainf(c, "failed though the server is healthy")
	case c.sent > 2 && !c.op.many:
		s.complainf(c, "took more than one extra attempt")
	}
	if c.err == nil && !c.op.many {
		s.figures.worst("extra attempts of a call to a healthy server", c.sent-1)
	}
}

// isLateCancellation reports whether a conflict is due to an earlier attempt to cancel.
func isLateCancellation(c *call) bool {
	if c.op.id != "cancel_portfolios_order" || !errors.Is(c.err, upvest.ErrConflict) {
		return false
	}
	return c.resumes != nil || c.verdict() == operations.Unknown && len(c.acted) == 1
}

// isMisled reports whether a call used a wrong Date, which the calls after a revocation
// have to use until the first of them has ended.
func (s *simulation) isMisled(c *call) bool {
	if s.step.date == 0 || c.unauthorized < 2 {
		return false
	}
	for _, other := range s.calls {
		if other.host == c.host && other.unauthorized >= 2 && other.ended.Before(c.started) &&
			!s.isUpset(c.host, other.ended, c.ended) {
			return false
		}
	}
	s.figures.misled++
	return true
}

// isMisledOnce reports whether a call was repeated by the one wrong Date of the step, so
// far ahead that the server refused it again.
func isMisledOnce(c *call, now *step) bool {
	return now.off > serverSkew && c.guesses && c.unauthorized == 2 &&
		errors.Is(c.err, upvest.ErrUnauthorized)
}

// isUntaught reports whether a call was refused for a wrong clock that the client had not
// corrected before, and could not correct: the first 401 of the call, or the one of the
// request for its token, took more than five seconds, so that its Date shows nothing.
func isUntaught(c *call) bool {
	h := c.host
	if h.ahead.Load() == 0 || c.knew && !h.jumped.After(c.started) ||
		!errors.Is(c.err, upvest.ErrUnauthorized) {
		return false
	}
	if c.unauthorized >= 2 {
		return c.untaught
	}
	return slices.ContainsFunc(c.process.known.untaught, func(at time.Time) bool {
		return !at.Before(c.started) && !at.After(c.ended)
	})
}

// isUpset reports whether something happened to a host that makes calls need another
// attempt.
func (s *simulation) isUpset(h *host, from, to time.Time) bool {
	return slices.ContainsFunc(s.upset, func(u upset) bool {
		return (u.host == nil || u.host == h) && u.at.After(from) && u.at.Before(to)
	})
}

// needsNoToken reports whether nothing can have prevented the success of a call: its
// process had a valid token, and only token requests failed.
func (s *simulation) needsNoToken(c *call) bool {
	callsFail := slices.ContainsFunc(s.step.faults, func(f fault) bool { return f.on != tokens })
	hangs := s.step.hanging || s.step.limited
	return !callsFail && !hangs && c.timeout == 0 && c.ended.Before(c.goodUntil) &&
		!s.isUpset(c.host, time.Time{}, c.ended)
}

func (s *simulation) judgeBounds(c *call) {
	most := c.host.policy.MaxAttempts
	if most == 0 {
		most = 4
	}
	if c.sent > most+1 && !c.op.many {
		s.complainf(c, "took too many attempts")
	}
	failure, isCall := errors.AsType[*upvest.Error](c.err)
	if isCall && !c.op.many {
		if listed := len(failure.Attempts); listed < c.sent || listed > c.sent+1 {
			s.complainf(c, "lists %d attempts", listed)
		}
	}
	const prompt = 10 * time.Second
	if s.step.name == "lost renewals" && c.goodUntil.After(c.started.Add(prompt)) &&
		c.ended.Sub(c.started) > prompt {
		s.complainf(c, "waited for a renewal though its token was valid")
	}
	if took := c.ended.Sub(c.started); c.timeout > 0 && took > c.timeout {
		s.complainf(c, "outlasted its deadline of %s", c.timeout)
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
		s.complainf(c, "could not be written to the log: %v", err)
	}
}

// judgeTokens bounds the number of token requests during steps in which no other harm can
// have come from them.
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
		needed := 2 + len(s.upset) + int(took/(s.life*3/4))
		if s.step.mild && !tokensFail && sent > 2*needed {
			s.complainf(nil, "host %s sent %d token requests, %d tokens were needed", h.name, sent, needed)
		}
	}
}

// judgeBrake bounds the token requests with a refused secret: after a failed one the next
// waits a second. On a host whose clock is wrong each is repeated once with the server's
// time.
func (s *simulation) judgeBrake(h *host, sent int, took time.Duration) {
	most := int(took/time.Second) + 2
	if h.ahead.Load() != 0 {
		most *= 2
	}
	if s.step.refused && sent > most {
		s.complainf(nil, "host %s sent %d token requests in %s with a refused secret", h.name, sent, took)
	}
}

// budget is the number of retries that a client's budget holds. Each second gives one
// back, and each success a fifth of one.
const budget = 100

// judgeBudget bounds all retries of a host during a step.
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
			extra[c.process]-- // the repeat after a 401 is not taken from the budget
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
			s.complainf(nil, "host %s retried %d times, its budget was %d",
				process.host.name, count, allowed)
		}
	}
}

// judgeHanging bounds the goroutines of calls that gave up on a key that hangs: eight for
// each key that takes no context.
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
		s.complainf(nil, "%d goroutines while calls have %d connections", len(left), running)
	}
}

// judgeRest reports goroutines, connections and effects that remain when no call is in
// progress.
func (s *simulation) judgeRest() {
	if left := goroutines(); len(left) > 0 {
		s.complainf(nil, "%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	if s.network.open != 0 {
		s.complainf(nil, "%d connections are left open", s.network.open)
	}
	if s.network.unclaimed != 0 {
		s.complainf(nil, "%d effects belong to no call", s.network.unclaimed)
	}
	if s.network.tooOpen > 0 {
		s.complainf(nil, "%d connections more than there were requests to wait for", s.network.tooOpen)
	}
	s.figures.worst("connections open at once", s.network.mostOpen)
}

// judgeMonth judges all calls again, because a request that arrived late may have acted.
func (s *simulation) judgeMonth() {
	s.step = &step{name: "end of the month", at: month}
	acts := map[*call]int{}
	for _, c := range s.all {
		first := c
		for first.resumes != nil {
			first = first.resumes
		}
		acts[first] += len(c.acted)
		if acts[first] > 1 {
			s.complainf(c, "acted %d times in the end", acts[first])
		}
		if c.verdict() == operations.Refused && len(c.acted) > 0 {
			s.complainf(c, "reports that it was refused")
		}
	}
	var printed strings.Builder
	for _, h := range s.hosts {
		client := h.process.clients[0]
		fmt.Fprintf(&printed, "%+v %#v %+v", client, client, client.TokenSource())
	}
	if shown := secretIn(printed.String()); shown != "" {
		s.complainf(nil, "a printed client shows a secret: …%s…", shown)
	}
	s.figures.read = s.log.read
	s.figures.months = 1
}

// goroutines returns the stacks of the goroutines of this bubble that no test started.
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
