package simulation_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// orderDelay is how long an order stays NEW, and then PROCESSING.
const orderDelay = 5 * time.Minute

// simulation is one month. Its own goroutine is the only one that touches it while it runs, but for the calls that are under way.
type simulation struct {
	seed    uint64
	plan    []step
	random  *rand.Rand
	server  *sandbox.Sandbox
	network *network
	hosts   []*host
	log     *logbook
	defect  defect
	life    time.Duration // of tokens
	figures *figures

	step     *step
	calls    []*call // of this step
	all      []*call
	running  sync.WaitGroup
	upset    []upset
	problems []string
}

// upset is an instant from which on a call may need another attempt.
type upset struct {
	at   time.Time
	what what
	host *host // nil for all
}

// simulate runs the month of a seed, in the bubble of a synctest.
func simulate(seed uint64, defect defect) (*simulation, error) {
	s := &simulation{
		seed: seed, plan: planOf(seed), random: rand.New(rand.NewPCG(seed, 2)), log: &logbook{}, defect: defect, figures: newFigures(),
	}
	s.hosts = newHosts(s.random)
	s.life = []time.Duration{2 * time.Minute, 30 * time.Minute, 30 * time.Minute, day}[s.random.IntN(4)]
	var err error
	s.server, err = sandbox.New(sandbox.WithoutListener(), sandbox.WithClients(s.hosts[0].access, s.hosts[2].access), sandbox.WithSeed(seed),
		sandbox.WithOrderDelay(orderDelay), sandbox.WithTokenLifetime(s.life))
	if err != nil {
		return nil, err
	}
	s.network = &network{server: s.server, seed: seed, sabotage: defect.sabotage}
	for _, h := range s.hosts {
		if err := h.start(s.network, seed, s.log, defect); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	s.step = &step{name: "first calls"}
	for _, h := range []*host{s.hosts[0], s.hosts[2]} {
		s.settleIn(h)
	}
	for i := range s.plan {
		s.step = &s.plan[i]
		time.Sleep(time.Until(began.Add(s.step.at)))
		if s.live(); s.finds(defect) {
			break
		}
	}
	time.Sleep(day) // for whatever ends by itself
	s.judgeMonth()
	return s, s.server.Close()
}

// finds reports whether the judge has found a defect already.
func (s *simulation) finds(defect defect) bool {
	return defect.found != "" && slices.ContainsFunc(s.problems, func(problem string) bool { return strings.Contains(problem, defect.found) })
}

// settleIn makes what the calls of a host are about.
func (s *simulation) settleIn(h *host) {
	t := h.tenant
	t.account = newID(s.random)
	t.allocation = s.need(h, "create_portfolios_allocation", target{weight: "0.700"}).resource
	s.need(h, "create_portfolios_configuration", target{id: t.account, other: t.allocation})
	t.order = s.need(h, "create_portfolios_order", target{id: t.account, user: newID(s.random)}).resource
	t.execution = s.need(h, "trigger_portfolio_rebalancing", target{id: t.account}).resource
}

// need makes a call at a time when the server is healthy.
func (s *simulation) need(h *host, op string, t target) *call {
	c := s.make(&call{op: operationNamed(op), host: h, target: t, must: true})
	c.run()
	s.judge(c)
	return c
}

func (s *simulation) make(c *call) *call {
	c.number, c.process, c.keys, c.requests = len(s.all), c.host.process, map[string]bool{}, map[string]int{}
	s.calls, s.all = append(s.calls, c), append(s.all, c)
	return c
}

// live goes through a step: its deeds in their time, then the judgement, and then whatever is unknown is taken up again.
func (s *simulation) live() {
	s.calls, s.upset = nil, nil
	if s.step.level {
		for _, h := range s.hosts {
			h.ahead.Store(0)
			s.need(h, "retrieve_portfolios_order", target{id: h.tenant.order})
		}
	}
	planned := s.prepare()
	s.calls = nil
	before := s.countTokenRequests()
	began := time.Now()
	s.begin()
	for i, d := range s.step.deeds {
		time.Sleep(time.Until(began.Add(d.at)))
		s.act(d, planned[i])
	}
	s.wait()
	s.judgeTokens(before, time.Since(began))
	time.Sleep(15 * time.Minute) // for what goes on behind the calls' backs
	s.judgeRest()
	for _, c := range s.calls {
		s.judge(c)
	}
	s.judgeBudget(time.Since(began))
	s.resume()
	if shown := s.log.shows(); shown != "" {
		s.complain(nil, "the log shows a secret: …%s…", shown)
	}
	s.figures.steps[s.step.name]++
}

// prepare makes what the calls of a step are about.
func (s *simulation) prepare() []*call {
	planned := make([]*call, len(s.step.deeds))
	for i, d := range s.step.deeds {
		if d.what != calling {
			continue
		}
		h := s.hosts[d.host]
		h.tenant.fresh = uuid.Nil
		c := &call{op: d.op, host: h, client: d.client, timeout: d.timeout, target: h.tenant.aim(d.op, s.random)}
		if d.keyed {
			c.key = marked(s.random)
		}
		switch d.op.id {
		case "update_portfolios_allocation":
			c.target.id = s.need(h, "create_portfolios_allocation", target{weight: "0.700"}).resource
		case "cancel_portfolios_order", "Orders.Wait":
			c.target.id = s.need(h, "create_portfolios_order", target{id: h.tenant.account, user: newID(s.random)}).resource
		}
		planned[i] = c
	}
	return planned
}

func (s *simulation) begin() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.network.faults, s.network.date = nil, s.step.date
	for i := range s.step.faults {
		s.network.faults = append(s.network.faults, &s.step.faults[i])
		s.figures.faults[s.step.faults[i].name]++
	}
	if s.step.hanging {
		s.hosts[0].key.hang()
		s.hosts[1].key.hang()
		s.hosts[2].key.hang()
	}
	if s.step.date != 0 {
		s.figures.faults["wrong Date"]++
	}
}

// heal makes the server healthy again.
func (s *simulation) heal() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.network.faults, s.network.date = nil, 0
	if s.step.hanging {
		for _, h := range s.hosts {
			h.key.heal()
		}
	}
}

func (s *simulation) act(d deed, c *call) {
	h := s.hosts[d.host]
	u := upset{at: time.Now(), what: d.what}
	switch d.what {
	case calling:
		c.must = s.step.mild || d.at >= s.step.length
		c.target.there = s.rows(c)
		s.make(c)
		c.goodUntil = s.network.goodUntil(h.process, s.life)
		s.running.Go(c.run)
		return
	case healing:
		s.judgeHanging()
		s.heal()
		return
	case revocation:
		s.server.RevokeTokens()
	case jump:
		u.host = h
		h.ahead.Store(int64(d.jump))
	case restart:
		u.host = h
		h.process.kill()
		if err := h.start(s.network, s.seed, s.log, s.defect); err != nil {
			s.complain(nil, "start a process: %v", err)
		}
	}
	s.upset = append(s.upset, u)
	s.figures.faults[string(d.what)]++
}

// rows are those that a list of the call has to have: what calls made so far.
func (s *simulation) rows(c *call) map[uuid.UUID]bool {
	made := map[string]string{
		"Allocations.All": "create_portfolios_allocation", "Configurations.All": "create_portfolios_configuration",
		"Orders.All": "create_portfolios_order",
	}[c.op.id]
	rows := map[uuid.UUID]bool{}
	for _, effect := range s.server.Effects() {
		if effect.ClientID == c.host.access.ID && effect.Operation == made {
			rows[effect.Resource] = true
		}
	}
	return rows
}

// wait waits for all calls of the step. None may take as long as this.
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
			s.complain(c, "hangs")
		}
	}
	for _, h := range s.hosts {
		h.process.kill()
	}
	<-done
}

// resume takes up every write of the step whose caller was not told that it succeeded, or that it was refused.
func (s *simulation) resume() {
	for _, c := range s.calls {
		if told := c.verdict(); told != unknown && told != accepted {
			continue
		}
		again := s.make(&call{op: c.op, host: c.host, client: c.client, target: c.target, must: true, resumes: c})
		var failure *upvest.Error
		if errors.As(c.err, &failure) && !s.defect.newKeys {
			again.key = failure.IdempotencyKey
		}
		again.run()
		s.judge(again)
		if acted := slices.Concat(c.acted, again.acted); len(acted) != 1 && (c.op.id != "cancel_portfolios_order" || len(acted) > 1) {
			s.complain(again, "was taken up again and acted %d times in all", len(acted))
		}
	}
}

func (s *simulation) complain(c *call, format string, args ...any) {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d, day %.1f, %s", s.seed, s.step.at.Hours()/24, s.step.name)
	for _, f := range s.step.faults {
		fmt.Fprintf(&text, ", %s on %d", f.name, f.on)
	}
	if c != nil {
		fmt.Fprintf(&text, ": %s from host %s", c.op.id, c.host.name)
	}
	fmt.Fprintf(&text, ": "+format, args...)
	if c != nil {
		fmt.Fprintf(&text, "; it was told %s (%v), %d requests, %d times 401, acted %d times, took %s", c.verdict(), c.err, c.sent, c.unauthorized,
			len(c.acted), c.ended.Sub(c.started))
	}
	s.problems = append(s.problems, text.String())
}

func (s *simulation) countTokenRequests() map[*process]int {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	counts := map[*process]int{}
	for _, h := range s.hosts {
		counts[h.process] = h.process.tokenRequests
	}
	return maps.Clone(counts)
}
