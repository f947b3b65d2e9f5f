package simulation_test

import (
	"time"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
)

// runStep performs the actions of a step, judges the calls, and then resumes each write
// with an unknown outcome or an unusable response.
func (s *simulation) runStep() {
	s.calls = nil
	s.disturbances = nil
	if s.step.level {
		for _, h := range s.hosts {
			s.network.set(h, 0)
			s.need(h, "retrieve_portfolios_order", operations.Subject{Order: h.tenant.order})
		}
	}
	planned := s.prepare()
	s.calls = nil
	before := s.countTokenRequests()
	began := time.Now()
	s.begin()
	for i, d := range s.step.actions {
		time.Sleep(time.Until(began.Add(d.at)))
		s.perform(d, planned[i])
	}
	s.wait()
	s.judgeTokens(before, time.Since(began))
	time.Sleep(15 * time.Minute) // until background work has ended
	s.judgeRest()
	for _, c := range s.calls {
		s.judge(c)
	}
	s.judgeBudget(time.Since(began))
	s.resume()
	if shown := s.log.shows(); shown != "" {
		s.addProblemf(nil, "the log contains a secret: …%s…", shown)
	}
	s.figures.steps[s.step.name]++
}

// prepare creates the calls of a step and the resources that they need.
func (s *simulation) prepare() []*call {
	planned := make([]*call, len(s.step.actions))
	for i, d := range s.step.actions {
		if d.kind != calling {
			continue
		}
		h := s.hosts[d.host]
		c := &call{
			op: d.op, host: h, client: d.client, timeout: d.timeout,
			target: h.tenant.aim(d.op, s.random),
		}
		if d.keyed {
			c.key = markedKey(s.random)
		}
		switch d.op.id {
		case "update_portfolios_allocation":
			about := operations.Subject{Weights: weights(700)}
			c.target.Allocation = s.need(h, "create_portfolios_allocation", about).resource
		case "cancel_portfolios_order", "Orders.Wait":
			about := operations.Subject{Account: h.tenant.account, User: newID(s.random)}
			c.target.Order = s.need(h, "create_portfolios_order", about).resource
		}
		planned[i] = c
	}
	return planned
}

func (s *simulation) begin() {
	s.startFaults()
	for _, h := range s.hosts {
		if s.step.hanging {
			h.key.hang()
		}
		if s.step.limited {
			h.limiter.hang()
		}
		if s.step.queued {
			h.limiter.slow(min(s.life, longestQueue) / callsPerTokenLifetime)
		}
	}
	for _, f := range s.step.faults {
		s.figures.faults[f.name]++
	}
	if s.step.date != 0 {
		s.figures.faults["wrong Date"]++
	}
}

// startFaults makes the faults of the step affect requests.
func (s *simulation) startFaults() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.network.faults = nil
	s.network.date = s.step.date
	s.network.hanging = s.step.hanging
	for i := range s.step.faults {
		s.network.faults = append(s.network.faults, &s.step.faults[i])
	}
}

// endFaults makes the server, the private keys and the limiters healthy again.
func (s *simulation) endFaults() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.network.faults = nil
	s.network.date = 0
	for _, h := range s.hosts {
		if s.step.hanging {
			h.key.heal()
		}
		if s.step.limited {
			h.limiter.heal()
		}
		h.limiter.slow(0)
	}
}

func (s *simulation) perform(d action, c *call) {
	h := s.hosts[d.host]
	u := disturbance{at: time.Now(), kind: d.kind}
	switch d.kind {
	case calling:
		c.mustSucceed = s.step.mild || d.at >= s.step.length
		c.target.existing = s.rows(c)
		s.make(c)
		c.goodUntil = s.network.goodUntil(h.process)
		c.hasCorrected = s.network.hasCorrectedClock(h.process)
		s.running.Go(c.run)
		return
	case healing:
		s.judgeHanging()
		s.endFaults()
		return
	case revocation:
		s.server.RevokeTokens()
	case jump:
		u.host = h
		s.network.set(h, d.jump)
	case restart:
		u.host = h
		h.process.kill()
		if err := h.start(s.network, s.seed, s.log, s.defect); err != nil {
			s.addProblemf(nil, "start a process: %v", err)
		}
	}
	s.disturbances = append(s.disturbances, u)
	s.figures.faults[string(d.kind)]++
}

// wait waits for all calls of the step. If calls are still running after six hours, wait
// reports each of them and ends all processes.
func (s *simulation) wait() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.running.Wait()
	}()
	select {
	case <-done:
		return
	case <-time.After(6 * time.Hour):
	}
	for _, c := range s.calls {
		if c.ended.IsZero() {
			s.addProblemf(c, "did not end within six hours")
		}
	}
	for _, h := range s.hosts {
		h.process.kill()
	}
	<-done
}
