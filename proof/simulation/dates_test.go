package simulation_test

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The limits of the client's documented rule about the Date of a response.
const (
	slowest   = 5 * time.Second // a response that took longer shows no time
	exactness = time.Second     // to which a Date agrees with the local clock
	largeSkew = 5 * time.Second // from which on the client corrects its clock
)

// dating is what a request shows of the clock that its client goes by.
type dating struct {
	at    time.Time
	local time.Time     // by the host's clock
	ahead time.Duration // how far the signature is dated ahead of that
}

// datingOf reads a request that is sent now.
func (h *host) datingOf(req *http.Request) dating {
	local := h.now()
	_, after, _ := strings.Cut(req.Header.Get("Signature-Input"), ";created=")
	created, _, _ := strings.Cut(after, ";")
	seconds, _ := strconv.ParseInt(created, 10, 64) // every request is signed
	return dating{at: time.Now(), local: local, ahead: time.Unix(seconds, 0).Sub(local)}
}

// isCorrected reports whether the client has corrected the local clock. The time of a
// signature has whole seconds.
func (d dating) isCorrected() bool { return d.ahead.Abs() > largeSkew/2 }

// shows returns how far the Date of a response that is received now lies outside the time
// from sending to receiving. It returns false if the Date shows nothing.
func (d dating) shows(header http.Header, local time.Time) (time.Duration, bool) {
	date, err := http.ParseTime(header.Get("Date"))
	took := local.Sub(d.local)
	switch {
	case err != nil, header.Get("Age") != "", took < 0, took > slowest:
		return 0, false
	case date.Before(d.local):
		return date.Sub(d.local), true
	case date.After(local):
		return date.Sub(local), true
	}
	return 0, true
}

// knowledge is what a process can know of the time. Guarded by the network's lock.
type knowledge struct {
	// agreed is when a Date agreed with the local clock, unless a corrected request has
	// succeeded since; then it is zero.
	agreed time.Time
	// corrected is when a corrected request succeeded, unless a Date has agreed with the
	// local clock since; then it is zero.
	corrected time.Time
	// untaught are the times when a token request was refused by a response that shows no
	// time.
	untaught []time.Time
}

// learn records what a response shows of the time.
func (l line) learn(d dating, made *call, response *http.Response) {
	known := &l.process.known
	ahead, taught := d.shows(response.Header, l.process.host.now())
	switch {
	case taught && ahead.Abs() <= exactness:
		known.corrected = time.Time{}
		if !l.network.hanging { // otherwise the client may have begun earlier
			known.agreed = time.Now()
		}
	case response.StatusCode/100 == 2 && d.isCorrected():
		known.agreed = time.Time{}
		contradicts := taught && (ahead-d.ahead).Abs() >= largeSkew
		if !contradicts && known.corrected.IsZero() && d.at.After(l.process.host.jumped) {
			known.corrected = time.Now()
		}
	}
	if response.StatusCode != http.StatusUnauthorized {
		return
	}
	if made == nil || isToken(response.Request) {
		if !taught {
			known.untaught = append(known.untaught, time.Now())
		}
		return
	}
	made.unauthorized++
	if made.unauthorized == 1 {
		made.firstUnauthorized = time.Now()
	}
	if taught && ahead.Abs() >= largeSkew {
		made.guesses = true
	}
	if !taught && (made.unauthorized == 1 || made.op.many) {
		made.untaught = true
	}
}

// check records what is wrong with a request of a call that is sent now.
func (l line) check(d dating, made *call) {
	p := l.process
	if !p.granted.IsZero() && p.granted.After(p.host.jumped) && d.at.After(p.granted.Add(l.network.life)) {
		made.expired++
	}
	agreed := p.known.agreed
	if d.isCorrected() && !made.guesses && !agreed.IsZero() && agreed.Before(d.at) {
		made.misdated = d.ahead
	}
}

// knows reports whether a process has corrected the clock of its host.
func (n *network) knows(p *process) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return p.known.corrected.After(p.host.jumped)
}

// set sets the clock of a host.
func (n *network) set(h *host, ahead time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ahead != time.Duration(h.ahead.Load()) {
		h.jumped = time.Now()
	}
	h.ahead.Store(int64(ahead))
}
