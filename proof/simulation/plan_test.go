package simulation_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	day   = 24 * time.Hour
	month = 30 * day
	// fewMinutes is a period at the beginning of a step. During this period, an order
	// that was placed for the step can still be cancelled.
	fewMinutes = 2 * time.Minute
	// farthest is the largest error of a host's clock.
	farthest = 10 * time.Hour
	// serverSkew is how far ahead of the server's clock a signature may be dated.
	serverSkew = 30 * time.Second
	// longestQueue is the largest token lifetime from which the interval of a slow
	// limiter is calculated. It replaces a longer token lifetime.
	longestQueue = 30 * time.Minute
	// callsPerTokenLifetime is the number of calls that a slow limiter admits during the
	// lifetime of a token.
	callsPerTokenLifetime = 8
)

// step is a period of the month, with its faults and calls. A step depends only on the
// seed.
type step struct {
	name    string
	at      time.Duration // time from the beginning of the month to the start of the step
	length  time.Duration // time until the server is healthy again
	faults  []fault
	date    time.Duration // error of the Date header of every response
	hanging bool          // the private keys of all hosts hang
	limited bool          // the limiters of all hosts hang
	level   bool          // all clocks are right when the step begins
	mild    bool          // calls must succeed during the step
	refused bool          // the token endpoint refuses the client secret
	queued  bool          // the limiters of all hosts are slow
	chained bool          // callers resume writes while the faults last
	off     time.Duration // error of the single wrong Date
	actions []action      // ordered by time
}

// action is something that happens at a certain time of a step, such as a call.
type action struct {
	at      time.Duration
	kind    actionKind
	host    int
	client  int
	op      *operation
	timeout time.Duration
	keyed   bool // the caller passes an idempotency key
	jump    time.Duration
}

type actionKind string

const (
	calling    actionKind = "call"
	revocation actionKind = "revocation"
	jump       actionKind = "clock jump"
	restart    actionKind = "client restart"
	healing    actionKind = "end of the faults"
)

// planner draws a random plan.
type planner struct {
	random *rand.Rand
	step   step
}

func (p *planner) between(least, most time.Duration) time.Duration {
	return between(p.random, least, most)
}

// logBetween draws a duration on a logarithmic scale, so that short durations are as
// likely as long ones.
func (p *planner) logBetween(least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), p.random.Float64()))
}

func (p *planner) chance(of float64) bool { return p.random.Float64() < of }

func pick[T any](p *planner, from []T) T { return from[p.random.IntN(len(from))] }

// call plans a number of calls at random times.
func (p *planner) call(count int, from, to time.Duration) {
	for range count {
		d := action{
			at: p.between(from, to), kind: calling, host: p.anyHost(), client: p.random.IntN(2),
			op: pick(p, allOperations), keyed: p.chance(0.4),
		}
		// Half of the time, replace an operation that sends many requests.
		if d.op.many && p.chance(0.5) {
			d.op = pick(p, allOperations)
		}
		if d.op.id == "cancel_portfolios_order" && d.at > fewMinutes {
			d.op = operationNamed("create_portfolios_order")
		}
		p.step.actions = append(p.step.actions, d)
	}
}

// burst plans calls on one host at random times. It replaces each operation that sends
// many requests with one that sends a single request.
func (p *planner) burst(count, host int, from, to time.Duration) {
	first := len(p.step.actions)
	p.call(count, from, to)
	for i := range p.step.actions[first:] {
		p.step.actions[first+i].host = host
		if p.step.actions[first+i].op.many {
			p.step.actions[first+i].op = operationNamed("retrieve_portfolios_order")
		}
	}
}

func (p *planner) anyHost() int { return p.random.IntN(hosts) }

func (p *planner) addAction(kind actionKind, at time.Duration) {
	d := action{at: at, kind: kind, host: p.anyHost()}
	if kind == jump {
		d.jump = p.logBetween(35*time.Second, farthest)
		if p.chance(0.5) {
			d.jump = -d.jump
		}
	}
	p.step.actions = append(p.step.actions, d)
}

const hosts = 3

// stepKind is a kind of step.
type stepKind struct {
	name   string
	weight int
	plan   func(p *planner)
}

// stepKinds are all kinds of steps. A kind with a greater weight occurs more often.
var stepKinds = []stepKind{
	{name: "quiet", weight: 1, plan: (*planner).planQuiet},
	{name: "mild fault", weight: 3, plan: (*planner).planMildFault},
	{name: "revocation", weight: 2, plan: (*planner).planRevocation},
	{name: "clocks", weight: 2, plan: (*planner).planClocks},
	{name: "wrong Date", weight: 2, plan: (*planner).planWrongDate},
	{name: "outage", weight: 7, plan: (*planner).planOutage},
	{name: "server restarts under load", weight: 2, plan: (*planner).planRestart},
	{name: "key hangs", weight: 1, plan: (*planner).planHangingKey},
	{name: "limiter hangs", weight: 1, plan: (*planner).planHangingLimiter},
	{name: "lost renewals", weight: 1, plan: (*planner).planLostRenewals},
	{name: "refused secret", weight: 1, plan: (*planner).planRefusedSecret},
	{name: "slow limiter", weight: 1, plan: (*planner).planSlowLimiter},
	{name: "single wrong Date", weight: 1, plan: (*planner).planSingleWrongDate},
	{name: "resume chains", weight: 1, plan: (*planner).planResumeChains},
}

func (p *planner) planQuiet() {
	p.step.mild = true
	p.step.length = p.logBetween(time.Minute, 5*time.Hour)
	p.call(6, 0, p.step.length)
}

func (p *planner) planMildFault() {
	p.step.mild = true
	p.step.length = p.logBetween(time.Minute, 5*time.Hour)
	p.step.faults = []fault{pick(p, mildFaults)}
	if p.step.faults[0].slows && p.chance(0.5) {
		p.addAction(jump, 0)
	}
	p.call(5, 0, p.step.length)
	at := p.between(0, p.step.length)
	p.burst(6, p.anyHost(), at, at+time.Second)
}

func (p *planner) planRevocation() {
	p.step.mild = true
	p.step.length = 5 * time.Minute
	if p.chance(0.7) {
		p.step.faults = []fault{mildFaults[p.random.IntN(2)]}
	}
	at := p.between(5*time.Second, 20*time.Second)
	p.addAction(revocation, at)
	p.burst(20, p.anyHost(), at-time.Second, at)
	p.call(3, 0, p.step.length)
}

func (p *planner) planClocks() {
	p.step.mild = true
	p.step.length = p.logBetween(10*time.Minute, 5*time.Hour)
	for range 1 + p.random.IntN(3) {
		p.addAction(jump, p.between(0, p.step.length))
	}
	if p.chance(0.5) {
		p.addAction(revocation, p.between(0, p.step.length))
	}
	p.call(8, 0, p.step.length)
	at := p.between(0, p.step.length)
	p.burst(5, p.anyHost(), at, at+time.Second)
}

func (p *planner) planWrongDate() {
	p.step.mild = true
	p.step.level = true
	p.step.length = p.logBetween(10*time.Minute, 12*time.Hour)
	p.step.date = p.logBetween(35*time.Second, 20*time.Hour)
	if p.chance(0.5) {
		p.step.date = -p.step.date
	}
	for range 1 + p.random.IntN(2) {
		at := p.between(0, p.step.length)
		p.addAction(revocation, at)
		p.call(6, at, at+p.between(time.Minute, 10*time.Minute))
	}
	p.call(4, 0, p.step.length)
}

func (p *planner) planOutage() {
	p.step.length = p.logBetween(5*time.Second, 5*time.Hour)
	for range 1 + p.random.IntN(2) {
		f := pick(p, hardFaults)
		if f.on == everything {
			f.on = pick(p, []scope{everything, everything, calls, tokens})
		}
		if p.chance(0.4) {
			f.share = 0.3 + 0.6*p.random.Float64()
		}
		p.step.faults = append(p.step.faults, f)
	}
	for _, thing := range []actionKind{revocation, jump, restart} {
		if p.chance(0.25) {
			p.addAction(thing, p.between(0, p.step.length))
		}
	}
	p.call(6, 0, p.step.length)
	p.call(4, 0, min(p.step.length, 30*time.Second))
	p.call(4, max(0, p.step.length-30*time.Second), p.step.length)
	p.addTimeouts()
	if p.chance(0.4) {
		p.addAction(revocation, p.step.length)
	}
}

func (p *planner) planRestart() {
	p.step.length = p.logBetween(5*time.Second, 2*time.Minute)
	p.step.faults = []fault{pick(p, hardFaults)}
	host := p.anyHost()
	p.burst(40, host, 0, time.Second)
	p.burst(10, host, max(0, p.step.length-3*time.Second), p.step.length)
	p.addTimeouts()
	p.addAction(revocation, p.step.length)
	p.burst(20, host, p.step.length, p.step.length+200*time.Millisecond)
}

func (p *planner) planHangingKey() {
	p.step.hanging = true
	p.planHang()
}

// planHang plans a burst of calls that hang, and a few calls over the whole step.
func (p *planner) planHang() {
	p.step.length = p.logBetween(time.Minute, time.Hour)
	p.call(8, 0, p.step.length)
	p.burst(40, p.anyHost(), 0, time.Second)
	p.addTimeouts()
}

// planLostRenewals plans calls from one host, at random times of the whole step, so that
// few calls share a token renewal.
func (p *planner) planLostRenewals() {
	p.step.mild = true
	p.step.length = p.logBetween(30*time.Minute, 5*time.Hour)
	p.step.faults = []fault{lostRenewal}
	p.burst(20, p.anyHost(), 0, p.step.length)
}

func (p *planner) planRefusedSecret() {
	p.step.refused = true
	p.step.length = time.Minute
	p.step.faults = []fault{refusedSecret}
	p.addAction(revocation, 0)
	p.burst(300, p.anyHost(), time.Second, p.step.length)
	p.addTimeouts()
}

func (p *planner) planHangingLimiter() {
	p.step.limited = true
	p.planHang()
}

// planSlowLimiter plans more calls than the limiter admits during the lifetime of a
// token.
func (p *planner) planSlowLimiter() {
	p.step.mild = true
	p.step.queued = true
	p.step.length = p.logBetween(2*time.Hour, 5*time.Hour)
	p.burst(4, p.anyHost(), 0, p.step.length/2)
	p.burst(20, p.anyHost(), 0, time.Minute)
	// The limiter would admit a cancellation only after the order is filled.
	p.replaceWithOrders(func(op *operation) bool { return op.id == "cancel_portfolios_order" })
}

// replaceWithOrders changes the operation of each planned call for which `matches`
// returns true. Such a call then places an order.
func (p *planner) replaceWithOrders(matches func(op *operation) bool) {
	for i, d := range p.step.actions {
		if d.kind == calling && matches(d.op) {
			p.step.actions[i].op = operationNamed("create_portfolios_order")
		}
	}
}

// planSingleWrongDate plans a single response with a wrong Date. The client may date its
// calls by this Date until it receives a Date that matches its clock.
func (p *planner) planSingleWrongDate() {
	p.step.mild = true
	p.step.level = true
	p.step.length = p.logBetween(10*time.Minute, 5*time.Hour)
	p.step.off = pick(p, []time.Duration{-45 * time.Second, 20 * time.Second, 45 * time.Second})
	p.step.faults = []fault{wrongDate(p.step.off), staleDates}
	p.burst(20, p.anyHost(), 0, p.step.length)
}

// planResumeChains plans writes, of which many end with an unknown outcome. Callers
// resume these writes while the server still fails.
func (p *planner) planResumeChains() {
	p.step.chained = true
	p.step.length = p.logBetween(5*time.Second, 10*time.Minute)
	f := pick(p, hardFaults)
	f.share = 0.5 + 0.5*p.random.Float64()
	if f.on == everything {
		f.on = calls
	}
	p.step.faults = []fault{f}
	p.burst(12, p.anyHost(), 0, p.step.length)
	p.replaceWithOrders(func(op *operation) bool { return !op.write })
	p.addTimeouts()
}

// addTimeouts gives some of the planned calls a deadline.
func (p *planner) addTimeouts() {
	for i := range p.step.actions {
		if p.step.actions[i].kind == calling && p.chance(0.3) {
			p.step.actions[i].timeout = p.logBetween(10*time.Millisecond, 2*time.Minute)
		}
	}
}

// planOf returns the steps of the month that the seed determines. If `only` is not empty,
// all steps are of the kind with this name.
func planOf(seed uint64, only string) []step {
	p := &planner{random: rand.New(rand.NewPCG(seed, 1))}
	kinds := slices.DeleteFunc(slices.Clone(stepKinds), func(k stepKind) bool {
		return only != "" && k.name != only
	})
	total := 0
	for _, kind := range kinds {
		total += kind.weight
	}
	var plan []step
	for at := p.between(time.Hour, day); at < month; at += 12*time.Hour + p.logBetween(12*time.Hour, 8*day) {
		p.step = step{at: at}
		drawn := p.random.IntN(total)
		for _, kind := range kinds {
			drawn -= kind.weight
			if drawn < 0 {
				p.step.name = kind.name
				kind.plan(p)
				break
			}
		}
		p.step.actions = append(p.step.actions, action{at: p.step.length, kind: healing})
		p.call(3, p.step.length, p.step.length+2*time.Second)
		p.call(2, p.step.length, p.step.length+time.Minute)
		slices.SortStableFunc(p.step.actions, func(a, b action) int { return int(a.at - b.at) })
		plan = append(plan, p.step)
	}
	return plan
}
