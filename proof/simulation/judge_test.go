package simulation_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// judge holds what a call was told against what became of it.
func (s *simulation) judge(c *call) {
	if c.ended.IsZero() {
		return // it hangs, which is said already
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
	acted := len(c.acted)
	if c.resumes != nil {
		acted += len(c.resumes.acted)
	}
	switch {
	case errors.Is(c.err, errLied):
		s.complain(c, "lied")
	case !c.op.write && acted > 0:
		s.complain(c, "is a read that acted")
	case !c.op.write:
	case acted > 1:
		s.complain(c, "acted more than once")
	case told == refused && len(c.acted) > 0:
		s.complain(c, "was told that it was refused")
	case (told == succeeded || told == accepted) && acted == 0:
		s.complain(c, "was told that it acted")
	case told == succeeded && slices.Concat(c.acted, resumedActs(c))[0] != c.resource:
		s.complain(c, "got what another call made")
	}
	if c.op.keyed && len(c.keys) > 1 {
		s.complain(c, "sent %d idempotency keys", len(c.keys))
	}
}

func resumedActs(c *call) []uuid.UUID {
	if c.resumes == nil {
		return nil
	}
	return c.resumes.acted
}

// judgeLiveness is about calls that a healthy server, or one with a mild fault, got.
func (s *simulation) judgeLiveness(c *call) {
	switch {
	case c.unauthorized > 1 && s.isUpset(c.host, c.firstUnauthorized, c.ended): // its one repeat was spent on something else
		return
	case c.process != c.host.process: // it ended with its process
		return
	case s.isMisled(c):
		return
	case c.op.id == "cancel_portfolios_order" && errors.Is(c.err, upvest.ErrConflict) && (c.resumes != nil || c.verdict() == unknown && len(c.acted) == 1):
		// A cancellation that comes again finds nothing to cancel, or that it is too late.
	case c.err != nil:
		s.complain(c, "failed though the server is healthy")
	case c.sent > 2 && !c.op.many:
		s.complain(c, "took more than one extra attempt")
	}
	if c.err == nil && !c.op.many {
		s.figures.worst("extra attempts of a call to a healthy server", c.sent-1)
	}
}

// isMisled reports whether a call believed a wrong Date, as it must: of those that a revocation met, up to the first that ended.
func (s *simulation) isMisled(c *call) bool {
	if s.step.date == 0 || c.unauthorized < 2 {
		return false
	}
	for _, other := range s.calls {
		if other.host == c.host && other.unauthorized >= 2 && other.ended.Before(c.started) && !s.isUpset(c.host, other.ended, c.ended) {
			return false
		}
	}
	s.figures.misled++
	return true
}

// isUpset reports whether something happened to a host that makes calls need another attempt.
func (s *simulation) isUpset(h *host, from, to time.Time) bool {
	return slices.ContainsFunc(s.upset, func(u upset) bool { return (u.host == nil || u.host == h) && u.at.After(from) && u.at.Before(to) })
}

// needsNoToken reports whether nothing can have kept a call from success: there was a good token, and only tokens failed.
func (s *simulation) needsNoToken(c *call) bool {
	tokensFail := !slices.ContainsFunc(s.step.faults, func(f fault) bool { return f.on != tokens }) && !s.step.hanging
	return tokensFail && c.timeout == 0 && c.ended.Before(c.goodUntil) && !s.isUpset(c.host, time.Time{}, c.ended)
}

func (s *simulation) judgeBounds(c *call) {
	most := c.host.policy.MaxAttempts
	if most == 0 {
		most = 4
	}
	if c.sent > most+1 && !c.op.many {
		s.complain(c, "took too many attempts")
	}
	var failure *upvest.Error
	if errors.As(c.err, &failure) && !c.op.many && (len(failure.Attempts) < c.sent || len(failure.Attempts) > c.sent+1) {
		s.complain(c, "tells of %d attempts", len(failure.Attempts))
	}
	if took := c.ended.Sub(c.started); c.timeout > 0 && took > c.timeout {
		s.complain(c, "outlasted its deadline of %s", c.timeout)
	}
}

func (s *simulation) judgeShown(c *call) {
	if c.err == nil {
		return
	}
	shown := fmt.Sprintf("%v\n%+v\n%#v\n%s\n", c.err, c.err, c.err, c.err)
	var failure *upvest.Error
	if errors.As(c.err, &failure) {
		shown += fmt.Sprintf("%v\n%+v\n%#v\n%s\n", failure.Attempts, failure.Attempts, failure.Attempts, failure.RequestID)
	}
	if _, err := s.log.Write([]byte(shown)); err != nil {
		s.complain(c, "could not be written down: %v", err)
	}
}

// judgeTokens bounds the requests for tokens while only their number can have been wrong.
func (s *simulation) judgeTokens(before map[*process]int, took time.Duration) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	for _, h := range s.hosts {
		sent := h.process.tokenRequests - before[h.process]
		s.figures.worst("token requests of a host in a step", sent)
		needed := 2 + len(s.upset) + int(took/(s.life*3/4))
		tokensFail := slices.ContainsFunc(s.step.faults, func(f fault) bool { return f.on != calls && !f.slows })
		if s.step.mild && !tokensFail && sent > 2*needed {
			s.complain(nil, "host %s sent %d token requests, %d tokens were needed", h.name, sent, needed)
		}
	}
}

// retries that a client's budget holds; each second gives one back, and each success a fifth.
const budget = 100

// judgeBudget bounds all retries of a host during a step.
func (s *simulation) judgeBudget(took time.Duration) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	extra, sent, successes := map[*process]int{}, map[*process]int{}, map[*process]int{}
	for _, c := range s.calls {
		if c.op.many {
			continue
		}
		sent[c.process] += c.sent
		if extra[c.process] += max(c.sent-1, 0); c.unauthorized > 0 && c.sent > 1 {
			extra[c.process]--
		}
		if c.err == nil {
			successes[c.process]++
		}
	}
	for process, count := range extra {
		s.figures.worst("attempts of a host in a step", sent[process])
		s.figures.worst("retries of a host in a step", count)
		if allowed := budget + int(took/time.Second) + successes[process]/5 + 1; count > allowed {
			s.complain(nil, "host %s retried %d times, its budget was %d", process.host.name, count, allowed)
		}
	}
}

// judgeHanging bounds what is left behind by calls that gave up on something that hangs: eight goroutines for each key that knows no context.
func (s *simulation) judgeHanging() {
	s.network.mu.Lock()
	running := s.network.room
	s.network.mu.Unlock()
	const keys, slots, fetches = 3, 8, 2 * hosts
	left := goroutines()
	if most := running + keys*slots + fetches; len(left) > most && s.step.hanging {
		s.complain(nil, "%d goroutines while calls have %d connections", len(left), running)
	}
}

// judgeRest finds what is left when no call is under way.
func (s *simulation) judgeRest() {
	if left := goroutines(); len(left) > 0 {
		s.complain(nil, "%d goroutines are left:\n%s", len(left), strings.Join(left, "\n\n"))
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	if s.network.open != 0 {
		s.complain(nil, "%d connections are left open", s.network.open)
	}
	if s.network.unclaimed != 0 {
		s.complain(nil, "%d effects belong to no call", s.network.unclaimed)
	}
	if s.network.tooOpen > 0 {
		s.complain(nil, "%d connections more than there were requests to wait for", s.network.tooOpen)
	}
	s.figures.worst("connections open at once", s.network.mostOpen)
}

// judgeMonth looks at everything again: what arrived late may have acted.
func (s *simulation) judgeMonth() {
	s.step = &step{name: "end of the month", at: month}
	acts := map[*call]int{}
	for _, c := range s.all {
		first := c
		if c.resumes != nil {
			first = c.resumes
		}
		if acts[first] += len(c.acted); acts[first] > 1 {
			s.complain(c, "acted %d times in the end", acts[first])
		}
		if c.verdict() == refused && c.op.write && len(c.acted) > 0 {
			s.complain(c, "was told that it was refused")
		}
	}
	shown := ""
	for _, h := range s.hosts {
		shown += fmt.Sprintf("%+v %#v %+v", h.process.clients[0], h.process.clients[0], h.process.clients[0].TokenSource())
	}
	if shown = secretIn(shown); shown != "" {
		s.complain(nil, "a printed client shows a secret: …%s…", shown)
	}
	s.figures.read = s.log.read
	s.figures.months = 1
}

// goroutines returns the stacks of those of this bubble that no test started.
func goroutines() []string {
	all := make([]byte, 1<<20)
	stacks := strings.Split(string(all[:runtime.Stack(all, true)]), "\n\n")
	own, _, _ := strings.Cut(stacks[0], "\n")
	_, bubble, _ := strings.Cut(own, ", synctest bubble")
	return slices.DeleteFunc(stacks[1:], func(stack string) bool {
		head, rest, _ := strings.Cut(stack, "\n")
		return !strings.HasSuffix(head, ", synctest bubble"+bubble) || strings.HasPrefix(rest, "testing/") || strings.HasPrefix(rest, "internal/synctest")
	})
}
