// Package control serves the control endpoint. With this endpoint, tests in other
// languages can do most of what Go tests do with the methods of a sandbox.Sandbox.
package control

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/openapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/world"
)

// Prefix is the beginning of every path of the control endpoint.
const Prefix = "/_sandbox/"

// Endpoint serves the control endpoint of a sandbox.
type Endpoint struct {
	Contract *openapi.Contract
	// World returns the world that the endpoint reads and changes.
	World func() *world.World
	// FirstClient is the API client to which a request applies if the request names no
	// client.
	FirstClient uuid.UUID
	// Worlds manages the additional worlds for parallel test workers. It is nil in the
	// control endpoint of an additional world.
	Worlds       Worlds
	Clock        Clock
	Reset        func()
	RevokeTokens func()
	PlaceOrder   func(ledger.UpvestOrder) (uuid.UUID, error)
	Dump         func(io.Writer) error
	Load         func(io.Reader) error
	CancelOrder  func(orderID uuid.UUID, reason string) error
	BodyLimit    int64
	// Host is a host name under which the endpoint accepts requests, besides localhost
	// and loopback addresses. It is empty if there is no such name.
	Host string
	// AnyHost makes the endpoint accept requests under any host name.
	AnyHost bool
}

// Clock is the clock of the sandbox.
type Clock interface {
	Now() time.Time
	Set(to time.Time)
	Advance(by time.Duration)
}

// Handler returns the handler of all paths that begin with [Prefix].
func (e *Endpoint) Handler() http.Handler { return e.refuseBrowsers(e.routes()) }

// route is one operation of the endpoint. path is the part of the URL's path after
// [Prefix].
type route struct {
	method, path string
	handle       http.HandlerFunc
}

// table returns the operations. control.yaml describes each of them.
func (e *Endpoint) table() []route {
	routes := []route{
		{method: http.MethodGet, path: "{$}", handle: e.getPage},
		{method: http.MethodGet, path: "openapi.yaml", handle: getDescription},
		{method: http.MethodGet, path: "faults", handle: e.getFaults},
		{method: http.MethodPost, path: "faults", handle: e.postFault},
		{method: http.MethodDelete, path: "faults", handle: do(func() { e.World().Faults.Clear() })},
		{method: http.MethodGet, path: "latency", handle: e.getLatency},
		{method: http.MethodPut, path: "latency", handle: e.putLatency},
		{method: http.MethodGet, path: "requests", handle: e.getRequests},
		{method: http.MethodGet, path: "effects", handle: e.getEffects},
		{method: http.MethodGet, path: "portfolio", handle: e.getPortfolio},
		{method: http.MethodPost, path: "clock", handle: e.postClock},
		{method: http.MethodPost, path: "prices", handle: e.postPrices},
		{method: http.MethodPost, path: "orders", handle: e.postOrder},
		{method: http.MethodPost, path: "cancellations", handle: e.postCancellation},
		{method: http.MethodGet, path: "state", handle: e.getState},
		{method: http.MethodPut, path: "state", handle: e.putState},
		{method: http.MethodPost, path: "reset", handle: do(e.Reset)},
		{method: http.MethodDelete, path: "tokens", handle: do(e.RevokeTokens)},
	}
	if e.Worlds == nil {
		return routes
	}
	return append(routes,
		route{method: http.MethodPost, path: "worlds", handle: e.postWorld},
		route{method: http.MethodGet, path: "worlds", handle: e.getWorlds},
		route{method: http.MethodDelete, path: "worlds/{client}", handle: e.deleteWorld},
	)
}

func (e *Endpoint) routes() http.Handler {
	mux := http.NewServeMux()
	var known []string
	for _, one := range e.table() {
		mux.HandleFunc(one.method+" "+Prefix+one.path, one.handle)
		known = append(known, one.method+" "+strings.TrimSuffix(one.path, "{$}"))
	}
	if e.Worlds != nil {
		mux.HandleFunc(Prefix+"worlds/{client}/{rest...}", e.inWorld)
	}
	mux.HandleFunc(Prefix, func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("the control endpoint has no operation %s %s; it has %s",
			r.Method, strings.TrimPrefix(r.URL.Path, Prefix), strings.Join(known, ", ")))
	})
	return mux
}

// do returns a handler that runs an action, which cannot fail, and responds with 204. The
// handler refuses a request with a query or a body.
func do(action func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !bare(w, r) {
			return
		}
		action()
		w.WriteHeader(http.StatusNoContent)
	}
}

// refuseBrowsers refuses requests from web pages of other origins. Unless AnyHost is set,
// it also refuses requests whose Host header names neither this machine nor Host, because
// an attacker can point a host name to this machine (DNS rebinding).
func (e *Endpoint) refuseBrowsers(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil {
			r = r.Clone(r.Context())
			r.Body = http.NoBody
		}
		// [http.CrossOriginProtection.Check] accepts every read, because a read changes
		// nothing. The endpoint refuses reads too, so it checks them as if they were
		// writes. A request from the endpoint's own page has the same origin.
		asWrite := *r
		asWrite.Method = http.MethodPost
		if !e.AnyHost && !e.accepts(r.Host) || crossOrigin.Check(&asWrite) != nil {
			refuse(w, http.StatusForbidden,
				errors.New("the control endpoint refuses requests from web pages of other origins, "+
					"and requests whose Host is not localhost, a loopback address or the host of -url"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// accepts reports whether a Host header names this machine or the endpoint's Host.
func (e *Endpoint) accepts(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	return IsLoopback(host) || e.Host != "" && hostName(host) == hostName(e.Host)
}

// hostName returns a host name in lower case and without a dot at the end, so that all
// spellings of the name become the same string.
func hostName(name string) string { return strings.TrimSuffix(strings.ToLower(name), ".") }

// IsLoopback reports whether a host is localhost or a loopback address.
func IsLoopback(host string) bool {
	ip := net.ParseIP(host)
	return hostName(host) == "localhost" || ip != nil && ip.IsLoopback()
}
