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
	// fewMinutes is the time in which an order that was placed for a step can still be
	// cancelled.
	fewMinutes = 2 * time.Minute
	// farthest is the largest error of a host's clock.
	farthest = 10 * time.Hour
	// serverSkew is how far ahead a signature may be dated.
	serverSkew = 30 * time.Second
	// longestQueue is the longest life of a token that a queue outlasts.
	longestQueue = 30 * time.Minute
	// turnsPerLife is the number of turns of a slow limiter while a token lives.
	turnsPerLife = 8
)

// step is an episode with its calls, planned from the seed alone.
type step struct {
	name    string
	at      time.Duration // from the beginning of the month
	length  time.Duration // until the server is healthy again
	faults  []fault
	date    time.Duration // by which the Date header is wrong
	hanging bool          // the keys of all hosts hang
	limited bool          // the limiters of all hosts hang
	level   bool          // all clocks are right when it begins
	mild    bool          // calls have to succeed though it lasts
	refused bool          // the token endpoint refuses the client secret
	queued  bool          // the limiters of all hosts are slow
	chained bool          // writes are resumed while the faults last
	off     time.Duration // by which the one wrong Date is wrong
	deeds   []deed        // ordered by time
}

// deed is an action at an instant of a step.
type deed struct {
	at      time.Duration
	what    what
	host    int
	client  int
	op      *operation
	timeout time.Duration
	keyed   bool // with a key that the caller gives
	jump    time.Duration
}

type what string

const (
	calling    what = "call"
	revocation what = "revocation"
	jump       what = "clock jumps"
	restart    what = "client restarts"
	healing    what = "end of the episode"
)

// planner draws a plan.
type planner struct {
	random *rand.Rand
	step   step
}

func (p *planner) between(least, most time.Duration) time.Duration {
	return between(p.random, least, most)
}

// logBetween draws evenly on a logarithmic scale: short times are as likely as long ones.
func (p *planner) logBetween(least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), p.random.Float64()))
}

func (p *planner) chance(of float64) bool { return p.random.Float64() < of }

func pick[T any](p *planner, from []T) T { return from[p.random.IntN(len(from))] }

// call plans calls at random times.
func (p *planner) call(count int, from, to time.Duration) {
	for range count {
		d := deed{
			at: p.between(from, to), what: calling, host: p.anyHost(), client: p.random.IntN(2),
			op: pick(p, allOperations), keyed: p.chance(0.4),
		}
		if d.op.many && p.chance(0.5) { // each takes as long as many other calls
			d.op = pick(p, allOperations)
		}
		if d.op.id == "cancel_portfolios_order" && d.at > fewMinutes {
			d.op = operationNamed("create_portfolios_order")
		}
		p.step.deeds = append(p.step.deeds, d)
	}
}

// burst plans concurrent calls on one host.
func (p *planner) burst(count, host int, from, to time.Duration) {
	first := len(p.step.deeds)
	p.call(count, from, to)
	for i := range p.step.deeds[first:] {
		p.step.deeds[first+i].host = host
		if p.step.deeds[first+i].op.many {
			p.step.deeds[first+i].op = operationNamed("retrieve_portfolios_order")
		}
	}
}

func (p *planner) anyHost() int { return p.random.IntN(hosts) }

func (p *planner) happen(thing what, at time.Duration) {
	d := deed{at: at, what: thing, host: p.anyHost()}
	if thing == jump {
		d.jump = p.logBetween(35*time.Second, farthest)
		if p.chance(0.5) {
			d.jump = -d.jump
		}
	}
	p.step.deeds = append(p.step.deeds, d)
}

const hosts = 3

// kind is a kind of steps.
type kind struct {
	name   string
	weight int
	plan   func(p *planner)
}

// kinds are the kinds of steps, some more frequent than others.
var kinds = []kind{
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
		p.happen(jump, 0)
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
	p.happen(revocation, at)
	p.burst(20, p.anyHost(), at-time.Second, at)
	p.call(3, 0, p.step.length)
}

func (p *planner) planClocks() {
	p.step.mild = true
	p.step.length = p.logBetween(10*time.Minute, 5*time.Hour)
	for range 1 + p.random.IntN(3) {
		p.happen(jump, p.between(0, p.step.length))
	}
	if p.chance(0.5) {
		p.happen(revocation, p.between(0, p.step.length))
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
		p.happen(revocation, at)
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
	for _, thing := range []what{revocation, jump, restart} {
		if p.chance(0.25) {
			p.happen(thing, p.between(0, p.step.length))
		}
	}
	p.call(6, 0, p.step.length)
	p.call(4, 0, min(p.step.length, 30*time.Second))
	p.call(4, max(0, p.step.length-30*time.Second), p.step.length)
	p.limit()
	if p.chance(0.4) {
		p.happen(revocation, p.step.length)
	}
}

func (p *planner) planRestart() {
	p.step.length = p.logBetween(5*time.Second, 2*time.Minute)
	p.step.faults = []fault{pick(p, hardFaults)}
	host := p.anyHost()
	p.burst(40, host, 0, time.Second)
	p.burst(10, host, max(0, p.step.length-3*time.Second), p.step.length)
	p.limit()
	p.happen(revocation, p.step.length)
	p.burst(20, host, p.step.length, p.step.length+200*time.Millisecond)
}

func (p *planner) planHangingKey() {
	p.step.hanging = true
	p.planHang()
}

// planHang plans calls that hang in large numbers, and some over the whole step.
func (p *planner) planHang() {
	p.step.length = p.logBetween(time.Minute, time.Hour)
	p.call(8, 0, p.step.length)
	p.burst(40, p.anyHost(), 0, time.Second)
	p.limit()
}

// planLostRenewals plans calls of one caller that are too far apart to share a token
// renewal.
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
	p.happen(revocation, 0)
	p.burst(300, p.anyHost(), time.Second, p.step.length)
	p.limit()
}

func (p *planner) planHangingLimiter() {
	p.step.limited = true
	p.planHang()
}

// planSlowLimiter has more calls than the limiter lets through while a token lives.
func (p *planner) planSlowLimiter() {
	p.step.mild = true
	p.step.queued = true
	p.step.length = p.logBetween(2*time.Hour, 5*time.Hour)
	p.burst(4, p.anyHost(), 0, p.step.length/2)
	p.burst(20, p.anyHost(), 0, time.Minute)
	// An order is filled before a cancellation has its turn.
	p.place(func(op *operation) bool { return op.id == "cancel_portfolios_order" })
}

// place places orders in place of some of the calls so far.
func (p *planner) place(of func(op *operation) bool) {
	for i, d := range p.step.deeds {
		if d.what == calling && of(d.op) {
			p.step.deeds[i].op = operationNamed("create_portfolios_order")
		}
	}
}

// planSingleWrongDate has one wrong Date, by which the client may date the calls until it
// sees one that agrees with its clock.
func (p *planner) planSingleWrongDate() {
	p.step.mild = true
	p.step.level = true
	p.step.length = p.logBetween(10*time.Minute, 5*time.Hour)
	p.step.off = pick(p, []time.Duration{-45 * time.Second, 20 * time.Second, 45 * time.Second})
	p.step.faults = []fault{wrongDate(p.step.off), staleDates}
	p.burst(20, p.anyHost(), 0, p.step.length)
}

// planResumeChains has writes whose outcome is unknown, and that are resumed while the
// server still fails.
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
	p.place(func(op *operation) bool { return !op.write })
	p.limit()
}

// limit gives some of the planned calls a context that ends.
func (p *planner) limit() {
	for i := range p.step.deeds {
		if p.step.deeds[i].what == calling && p.chance(0.3) {
			p.step.deeds[i].timeout = p.logBetween(10*time.Millisecond, 2*time.Minute)
		}
	}
}

// planOf draws the month of a seed, from the steps of one kind if only names it.
func planOf(seed uint64, only string) []step {
	p := &planner{random: rand.New(rand.NewPCG(seed, 1))}
	kinds := slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool {
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
		p.step.deeds = append(p.step.deeds, deed{at: p.step.length, what: healing})
		p.call(3, p.step.length, p.step.length+2*time.Second)
		p.call(2, p.step.length, p.step.length+time.Minute)
		slices.SortStableFunc(p.step.deeds, func(a, b deed) int { return int(a.at - b.at) })
		plan = append(plan, p.step)
	}
	return plan
}
