package simulation_test

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// These limits are part of the client's documented rule about the Date header.
const (
	slowest   = 5 * time.Second // the client ignores the Date of a slower response
	exactness = time.Second     // up to this difference, a Date matches the local clock
	// At this difference or more, the client corrects its clock.
	largeSkew = 5 * time.Second
)

// clockReading contains the times of a request. From these times, the judge infers
// whether the client has corrected its clock.
type clockReading struct {
	at    time.Time
	local time.Time     // time by the host's clock
	ahead time.Duration // time of the signature minus `local`
}

// clockReadingOf returns the times of a request that the client is sending.
func (h *host) clockReadingOf(req *http.Request) clockReading {
	local := h.now()
	_, after, _ := strings.Cut(req.Header.Get("Signature-Input"), ";created=")
	created, _, _ := strings.Cut(after, ";")
	seconds, _ := strconv.ParseInt(created, 10, 64) // every request is signed
	return clockReading{at: time.Now(), local: local, ahead: time.Unix(seconds, 0).Sub(local)}
}

// isCorrected reports whether the client has corrected the local clock for this request.
// The limit allows for the rounding of signature times to whole seconds.
func (d clockReading) isCorrected() bool { return d.ahead.Abs() > largeSkew/2 }

// shows returns how far the Date of a response is outside the interval between sending
// the request and receiving the response. It returns false if the client must ignore the
// Date.
func (d clockReading) shows(header http.Header, local time.Time) (time.Duration, bool) {
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

// evidence is what the responses to a process have shown about the clock of its host. The
// network's lock guards the evidence.
type evidence struct {
	// agreed is the time at which a Date last matched the local clock. It is zero if a
	// corrected request has succeeded since.
	agreed time.Time
	// corrected is the time at which a corrected request succeeded. It is zero if a Date
	// has matched the local clock since.
	corrected time.Time
	// undated contains the times at which the server refused a token request in a
	// response without a usable Date.
	undated []time.Time
}

// record updates the evidence of the process after a response. After a 401 response to a
// request other than a token request, it also updates the call.
func (l line) record(d clockReading, made *call, response *http.Response) {
	evidence := &l.process.evidence
	ahead, isDated := d.shows(response.Header, l.process.host.now())
	switch {
	case isDated && ahead.Abs() <= exactness:
		evidence.corrected = time.Time{}
		// While a key hangs, the client may have read its clock long before it sends the
		// request.
		if !l.network.hanging {
			evidence.agreed = time.Now()
		}
	case response.StatusCode/100 == 2 && d.isCorrected():
		evidence.agreed = time.Time{}
		contradicts := isDated && (ahead-d.ahead).Abs() >= largeSkew
		if !contradicts && evidence.corrected.IsZero() && d.at.After(l.process.host.jumped) {
			evidence.corrected = time.Now()
		}
	}
	if response.StatusCode != http.StatusUnauthorized {
		return
	}
	if made == nil || isToken(response.Request) {
		if !isDated {
			evidence.undated = append(evidence.undated, time.Now())
		}
		return
	}
	made.unauthorized++
	if made.unauthorized == 1 {
		made.firstUnauthorized = time.Now()
	}
	if isDated && ahead.Abs() >= largeSkew {
		made.mayGuess = true
	}
	if !isDated && (made.unauthorized == 1 || made.op.many) {
		made.undated = true
	}
}

// check records whether a request that the client is sending has an expired token or a
// wrong date.
func (l line) check(d clockReading, made *call) {
	p := l.process
	if !p.granted.IsZero() && p.granted.After(p.host.jumped) && d.at.After(p.granted.Add(l.network.life)) {
		made.expired++
	}
	agreed := p.evidence.agreed
	if d.isCorrected() && !made.mayGuess && !agreed.IsZero() && agreed.Before(d.at) {
		made.misdated = d.ahead
	}
}

// hasCorrectedClock reports whether a process has corrected the clock of its host.
func (n *network) hasCorrectedClock(p *process) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return p.evidence.corrected.After(p.host.jumped)
}

// set sets how far the clock of a host is ahead of the actual time.
func (n *network) set(h *host, ahead time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ahead != time.Duration(h.ahead.Load()) {
		h.jumped = time.Now()
	}
	h.ahead.Store(int64(ahead))
}
