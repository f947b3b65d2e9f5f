package simulation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/proof/internal/operations"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// orderDelay is the time that an order spends in each of the states NEW and PROCESSING.
const orderDelay = 5 * time.Minute

// simulation is one simulated month. Apart from the calls in progress, only the goroutine
// that runs the simulation accesses it.
type simulation struct {
	seed    uint64
	plan    []step
	random  *rand.Rand
	server  *sandbox.Sandbox
	network *network
	hosts   []*host
	log     *logbook
	defect  defect
	life    time.Duration // lifetime of tokens
	figures *figures

	step         *step
	calls        []*call // the calls of this step
	all          []*call
	running      sync.WaitGroup
	disturbances []disturbance
	problems     []string
}

// disturbance is an event after which calls may need an additional attempt.
type disturbance struct {
	at   time.Time
	kind actionKind
	host *host // nil for all hosts
}

// simulate runs the month of a seed. It must run in a synctest bubble.
func simulate(seed uint64, defect defect) (*simulation, error) {
	s, err := newSimulation(seed, defect)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	s.step = &step{name: "first calls"}
	for _, h := range []*host{s.hosts[0], s.hosts[2]} {
		s.createResources(h)
	}
	for i := range s.plan {
		s.step = &s.plan[i]
		time.Sleep(time.Until(began.Add(s.step.at)))
		s.runStep()
		if s.finds(defect) {
			break
		}
	}
	time.Sleep(day) // until all background work has ended
	s.judgeMonth()
	return s, s.server.Close()
}

func newSimulation(seed uint64, defect defect) (*simulation, error) {
	s := &simulation{
		seed: seed, plan: planOf(seed, defect.in), random: rand.New(rand.NewPCG(seed, 2)),
		log: &logbook{}, defect: defect, figures: newFigures(),
	}
	s.hosts = newHosts(s.random)
	lives := []time.Duration{2 * time.Minute, 30 * time.Minute, 30 * time.Minute, day}
	s.life = lives[s.random.IntN(len(lives))]
	var err error
	s.server, err = sandbox.New(
		sandbox.WithoutListener(),
		sandbox.WithClients(s.hosts[0].access, s.hosts[2].access),
		sandbox.WithSeed(seed),
		sandbox.WithOrderDelay(orderDelay),
		sandbox.WithTokenLifetime(s.life))
	if err != nil {
		return nil, err
	}
	s.network = &network{server: s.server, seed: seed, life: s.life, sabotage: defect.sabotage}
	for _, h := range s.hosts {
		if err := h.start(s.network, seed, s.log, defect); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// finds reports whether the judge has found the given defect.
func (s *simulation) finds(defect defect) bool {
	return defect.found != "" && slices.ContainsFunc(s.problems, func(problem string) bool {
		return strings.Contains(problem, defect.found)
	})
}

// createResources creates the resources that the calls of a host use.
func (s *simulation) createResources(h *host) {
	t := h.tenant
	t.account = newID(s.random)
	about := operations.Subject{Account: t.account, NewAccount: t.account, Weights: weights(700)}
	t.allocation = s.need(h, "create_portfolios_allocation", about).resource
	about.Allocation = t.allocation
	s.need(h, "create_portfolios_configuration", about)
	about.User = newID(s.random)
	t.order = s.need(h, "create_portfolios_order", about).resource
	t.execution = s.need(h, "trigger_portfolio_rebalancing", about).resource
}

// need makes a call, which must succeed because the server is healthy.
func (s *simulation) need(h *host, op string, about operations.Subject) *call {
	c := s.make(&call{op: operationNamed(op), host: h, target: target{Subject: about}, mustSucceed: true})
	c.run()
	s.judge(c)
	return c
}

func (s *simulation) make(c *call) *call {
	c.number = len(s.all)
	c.process = c.host.process
	c.keys = map[string]bool{}
	c.requests = map[string]int{}
	s.calls = append(s.calls, c)
	s.all = append(s.all, c)
	return c
}

func (s *simulation) addProblemf(c *call, format string, args ...any) {
	var text strings.Builder
	fmt.Fprintf(&text, "seed %d, day %.1f, %s", s.seed, s.step.at.Hours()/24, s.step.name)
	for _, f := range s.step.faults {
		fmt.Fprintf(&text, ", %s on %s", f.name, f.on)
	}
	if c != nil {
		fmt.Fprintf(&text, ": %s from host %s", c.op.id, c.host.name)
	}
	fmt.Fprintf(&text, ": "+format, args...)
	if c != nil {
		fmt.Fprintf(&text,
			"; the call reported %s (%v) after %s, with %d requests, %d 401 responses and %d effects",
			c.verdict(), c.err, c.ended.Sub(c.started), c.sent, c.unauthorized, len(c.effects))
	}
	s.problems = append(s.problems, text.String())
}

// rows returns the ids of the resources that a list call must return. These are all
// resources that exist when the call starts.
func (s *simulation) rows(c *call) map[uuid.UUID]bool {
	made := map[string]sandbox.Operation{
		"Allocations.All":    sandbox.CreateAllocation,
		"Configurations.All": sandbox.CreateConfiguration,
		"Orders.All":         sandbox.CreateOrder,
	}[c.op.id]
	rows := map[uuid.UUID]bool{}
	effects, _ := s.server.Effects() // only a filter can cause an error
	for _, effect := range effects {
		if effect.ClientID == c.host.access.ID && effect.Operation == made {
			rows[effect.ResourceID] = true
		}
	}
	return rows
}

func (s *simulation) countTokenRequests() map[*process]int {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	counts := map[*process]int{}
	for _, h := range s.hosts {
		counts[h.process] = h.process.tokenRequests
	}
	return counts
}
