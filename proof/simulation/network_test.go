package simulation_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// network carries the requests of all clients to the sandbox, within one process and in
// virtual time. The faults of the current step affect these requests.
type network struct {
	server *sandbox.Sandbox

	mu        sync.Mutex
	seed      uint64
	faults    []*fault
	date      time.Duration // error of the Date header of every response
	life      time.Duration // lifetime of tokens
	hanging   bool          // the private keys hang in this step
	sabotage  func(*http.Response)
	open      int // requests in progress and bodies that are not closed
	mostOpen  int
	room      int // connections that the calls in progress may have open
	tooOpen   int // the largest number of open connections above `room` plus `spare`
	effects   int // number of effects in the sandbox so far
	unclaimed int // number of effects that belong to no call
}

// ofCall is the context key for the call to which a request belongs.
type ofCall struct{}

// line is the transport that sends the requests of one process.
type line struct {
	network *network
	process *process
}

// RoundTrip implements [http.RoundTripper].
func (l line) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	made, _ := ctx.Value(ofCall{}).(*call)
	sent := l.process.host.clockReadingOf(req)
	meets, outbound, inbound := l.begin(req, made, sent)
	resp, err := l.network.exchange(ctx, req, made, meets, outbound, inbound)
	if err != nil {
		l.network.end()
		return nil, err
	}
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	reading, ok := resp.Body.(*body)
	if ok && isToken(req) && reading.isToken && sent.at.After(l.process.granted) {
		l.process.granted = sent.at
	}
	l.record(sent, made, resp)
	return resp, nil
}

// goodUntil returns the time at which the token of a process expires.
func (n *network) goodUntil(p *process) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return p.granted.Add(n.life)
}

func isToken(req *http.Request) bool { return req.URL.Path == "/auth/token" }

// begin counts a request. It chooses at random what happens to the request, and how long
// the request and the response travel.
func (l line) begin(
	req *http.Request, made *call, sent clockReading,
) (meets event, outbound, inbound time.Duration) {
	n := l.network
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	n.mostOpen = max(n.mostOpen, n.open)
	n.tooOpen = max(n.tooOpen, n.open-n.room-spare)
	if !isToken(req) {
		l.check(sent, made)
	}
	number, luck := l.count(req, made)
	random := n.randomFor(luck, number)
	outbound = between(random, 2*time.Millisecond, 40*time.Millisecond)
	inbound = between(random, 2*time.Millisecond, 40*time.Millisecond)
	for _, f := range n.faults {
		if f.meets(isToken(req), number, random) {
			f.met = true
			return f.event(random), outbound, inbound
		}
	}
	return event{}, outbound, inbound
}

// count counts a request. It returns the number of the request within its call or
// process, and a string that identifies the request in every simulation of the same
// month.
func (l line) count(req *http.Request, made *call) (number int, luck string) {
	if isToken(req) {
		l.process.tokenRequests++
		return l.process.tokenRequests, fmt.Sprint(l.process.host.name, l.process.number)
	}
	uri := req.URL.RequestURI()
	made.sent++
	made.requests[uri]++
	made.keys[req.Header.Get("Idempotency-Key")] = true
	return made.sent, fmt.Sprint(made.number, uri, made.requests[uri])
}

// randomFor returns the random source of a request. The source depends only on the
// request, so the order of simultaneous requests does not matter.
func (n *network) randomFor(luck string, number int) *rand.Rand {
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, luck, number) // writing to a hash does not fail
	return rand.New(rand.NewPCG(n.seed, hash.Sum64()))
}

// spare is the number of additional connections for token requests. Each host may have
// three: one for a request that it waits for, one for a request that it has abandoned,
// and one from a process that has ended.
const spare = 3 * hosts

// enter adds `room`, the number of connections that a call may have open, to the sum for
// all calls in progress.
func (n *network) enter(room int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.room += room
}

func (n *network) end() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open--
}

// exchange delivers a request to the server and returns the server's response, unless the
// event that was drawn for the request prevents the delivery or the response.
func (n *network) exchange(
	ctx context.Context, req *http.Request, made *call, meets event, outbound, inbound time.Duration,
) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(req.URL.Host)
	}
	body, err := readBody(req)
	if err != nil {
		return nil, err
	}
	if meets.dial != nil {
		if err := pause(ctx, outbound+meets.before); err != nil {
			return nil, err
		}
		return nil, meets.dial
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if meets.late > 0 {
		go func() { //nolint:contextcheck // the server carries out the request even if the client has gone
			time.Sleep(outbound + meets.late)
			n.serve(req, body, made)
		}()
	}
	if err := pause(ctx, outbound+meets.before); err != nil {
		return nil, err
	}
	response := n.emptyResponse(req)
	if !meets.lost {
		response = n.serve(req, body, made) //nolint:contextcheck // the server finishes every request
	}
	if meets.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := pause(ctx, inbound+meets.after); err != nil {
		return nil, err
	}
	if meets.end != nil {
		return nil, meets.end(req)
	}
	if meets.spoil != nil {
		meets.spoil(req, response)
	}
	return n.deliver(ctx, req, response, meets), nil
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(req.Body)
	return body, errors.Join(err, req.Body.Close())
}

// emptyResponse returns the response of a proxy that does not forward the request.
func (n *network) emptyResponse(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Date": {n.server.Clock().Now().Format(http.TimeFormat)}},
		Body:    http.NoBody,
		Request: req,
	}
}

// serve passes a request to the sandbox. It holds the lock of the network until the
// sandbox has responded, so each new effect results from this request. An effect of a
// different operation than that of the call is counted as unclaimed.
func (n *network) serve(req *http.Request, body []byte, made *call) *http.Response {
	// A server finishes a request even if the client has gone.
	arriving := req.Clone(context.Background())
	arriving.Body = io.NopCloser(bytes.NewReader(body))
	arriving.ContentLength = int64(len(body))
	n.mu.Lock()
	defer n.mu.Unlock()
	recorder := httptest.NewRecorder()
	n.server.Handler().ServeHTTP(recorder, arriving)
	effects, _ := n.server.Effects() // only a filter can cause an error
	for _, effect := range effects[n.effects:] {
		if made == nil || string(effect.Operation) != made.op.id {
			n.unclaimed++
			continue
		}
		made.effects = append(made.effects, effect.ResourceID)
	}
	n.effects = len(effects)
	return recorder.Result()
}

// deliver returns the response that the client receives. It adds the error in n.date to
// the Date of the response, and cuts the body if the event requires this.
func (n *network) deliver(
	ctx context.Context, req *http.Request, response *http.Response, meets event,
) *http.Response {
	n.mu.Lock()
	defer n.mu.Unlock()
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		response.Header.Set("Date", date.Add(n.date).Format(http.TimeFormat))
	}
	if n.sabotage != nil {
		n.sabotage(response)
	}
	text, _ := io.ReadAll(response.Body) // reading from memory does not fail
	reading := &body{ctx: ctx, text: bytes.NewReader(text), end: io.EOF, close: sync.OnceFunc(n.end)}
	if meets.cut {
		reading.text = bytes.NewReader(text[:len(text)/2])
		reading.end = io.ErrUnexpectedEOF
	}
	isWhole := !meets.lost && !meets.cut && meets.spoil == nil
	reading.isToken = response.StatusCode == http.StatusOK && isWhole
	response.Request = req
	response.Body = reading
	return response
}

// body is the body of a response. Its connection counts as open until the body is closed.
type body struct {
	ctx   context.Context
	text  *bytes.Reader
	end   error
	close func()

	isToken bool // whether the response contains a complete token
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	count, err := b.text.Read(p)
	if errors.Is(err, io.EOF) {
		err = b.end
	}
	return count, err
}

func (b *body) Close() error {
	b.close()
	return nil
}

// pause waits for the duration d, or until the context ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// secretsOf returns the secrets in a request, which logs and errors must not contain.
// Faulty servers quote these secrets in their responses.
func secretsOf(req *http.Request) string {
	text := req.Header.Get("Authorization") + " " + req.Header.Get("Signature") + " " +
		req.Header.Get("Idempotency-Key")
	if isToken(req) {
		text += " client_secret=" + url.QueryEscape(secret)
	}
	return text
}

// Every idempotency key begins with `mark`, so that the judge can find the key in logs
// and errors.
const (
	mark      = "5eed5eed"
	markBytes = "\x5e\xed\x5e\xed"
)

func markedKey(random *rand.Rand) (key uuid.UUID) {
	fill(random, key[:])
	copy(key[:], markBytes)
	key[6] = key[6]&0x0f | 0x40
	key[8] = key[8]&0x3f | 0x80
	return key
}

func fill(random *rand.Rand, text []byte) {
	for i := range text {
		text[i] = byte(random.Uint32())
	}
}

// randomness is the random source of a client. The bytes for jitter depend only on the
// time, so the order of simultaneous goroutines does not matter.
type randomness struct {
	mu     sync.Mutex
	random *rand.Rand
}

// Read fills p with random bytes. The client reads 18 bytes for a nonce, 16 for an
// idempotency key and 8 for jitter.
func (r *randomness) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fill(r.random, p)
	switch len(p) {
	case len(uuid.Nil):
		copy(p, markBytes)
	case binary.Size(uint64(0)):
		fill(rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), p)
	}
	return len(p), nil
}
