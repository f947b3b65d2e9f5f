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

// network is the way between all clients and the sandbox, in process and in virtual time. The faults that are on meet the requests.
type network struct {
	server *sandbox.Sandbox

	mu        sync.Mutex
	seed      uint64
	faults    []*fault
	date      time.Duration // by which the Date of every answer is wrong
	sabotage  func(*http.Response)
	open      int // requests under way and bodies that nobody closed
	mostOpen  int
	room      int // that the calls under way have
	tooOpen   int // by how much they took more
	effects   int // that the sandbox has had
	unclaimed int // of them, those that no call made
}

// ofCall is the key under which a context carries the call that a request belongs to.
type ofCall struct{}

// line is how one client is connected.
type line struct {
	network *network
	process *process
}

// RoundTrip implements [http.RoundTripper].
func (l line) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	made, _ := ctx.Value(ofCall{}).(*call)
	asked := time.Now()
	meets, there, back := l.begin(req, made)
	resp, err := l.network.exchange(ctx, req, made, meets, there, back)
	if err != nil {
		l.network.end()
		return nil, err
	}
	l.network.mu.Lock()
	defer l.network.mu.Unlock()
	if reading, ok := resp.Body.(*body); ok && isToken(req) && reading.isToken {
		l.process.granted = asked
	}
	if resp.StatusCode == http.StatusUnauthorized && !isToken(req) {
		if made.unauthorized++; made.unauthorized == 1 {
			made.firstUnauthorized = time.Now()
		}
	}
	return resp, nil
}

// goodUntil is until when a process has a token.
func (n *network) goodUntil(p *process, life time.Duration) time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	return p.granted.Add(life)
}

func isToken(req *http.Request) bool { return req.URL.Path == "/auth/token" }

// begin counts a request and draws what it meets and how long it takes.
func (l line) begin(req *http.Request, made *call) (meets event, there, back time.Duration) {
	n := l.network
	n.mu.Lock()
	defer n.mu.Unlock()
	n.open++
	n.mostOpen, n.tooOpen = max(n.mostOpen, n.open), max(n.tooOpen, n.open-n.room-spare)
	number, luck := 0, fmt.Sprint(l.process.host.name, l.process.number)
	if isToken(req) {
		l.process.tokenRequests++
		number = l.process.tokenRequests
	} else {
		made.sent++
		made.requests[req.URL.RequestURI()]++
		made.keys[req.Header.Get("Idempotency-Key")] = true
		number, luck = made.sent, fmt.Sprint(made.number, req.URL.RequestURI(), made.requests[req.URL.RequestURI()])
	}
	random := n.randomFor(luck, number)
	latency := func() time.Duration { return between(random, 2*time.Millisecond, 40*time.Millisecond) }
	there, back = latency(), latency()
	for _, f := range n.faults {
		if f.meets(isToken(req), number, random) {
			return f.event(random), there, back
		}
	}
	return event{}, there, back
}

// randomFor is what a request draws from: nothing but the request decides, so that those of the same instant may come in any order.
func (n *network) randomFor(luck string, number int) *rand.Rand {
	hash := fnv.New64a()
	_, _ = fmt.Fprint(hash, luck, number) // a hash takes everything
	return rand.New(rand.NewPCG(n.seed, hash.Sum64()))
}

// spare are the connections for tokens: of each host one that is waited for and one that was given up, and those of a process that ended.
const spare = 3 * hosts

// enter makes room for the connections of a call.
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

// exchange takes a request to the server and its answer back, or not.
func (n *network) exchange(
	ctx context.Context, req *http.Request, made *call, meets event, there, back time.Duration,
) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(ctx)
	if trace != nil && trace.GetConn != nil {
		trace.GetConn(req.URL.Host)
	}
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	if meets.dial != nil {
		if err := pause(ctx, there+meets.before); err != nil {
			return nil, err
		}
		return nil, meets.dial
	}
	if trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if meets.late > 0 {
		go func() { // ends long before the month does
			time.Sleep(there + meets.late)
			n.serve(req, body, made)
		}()
	}
	if err := pause(ctx, there+meets.before); err != nil {
		return nil, err
	}
	answer := n.answerOf(req)
	if !meets.lost {
		answer = n.serve(req, body, made)
	}
	if meets.hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if err := pause(ctx, back+meets.after); err != nil {
		return nil, err
	}
	if meets.end != nil {
		return nil, meets.end(req)
	}
	if meets.spoil != nil {
		meets.spoil(req, answer)
	}
	return n.deliver(ctx, req, answer, meets), nil
}

// answerOf is the empty answer of something that is not the server.
func (n *network) answerOf(req *http.Request) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Body: http.NoBody,
		Header: http.Header{"Date": {n.server.Clock().Now().Format(http.TimeFormat)}},
	}
}

// serve lets the sandbox act, one request at a time, so that what it did belongs to this one.
func (n *network) serve(req *http.Request, body []byte, made *call) *http.Response {
	arriving := req.Clone(context.Background()) // a server acts though the client has left
	arriving.Body, arriving.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	n.mu.Lock()
	defer n.mu.Unlock()
	recorder := httptest.NewRecorder()
	n.server.Handler().ServeHTTP(recorder, arriving)
	effects := n.server.Effects()
	for _, effect := range effects[n.effects:] {
		if made == nil || effect.Operation != made.op.id {
			n.unclaimed++
			continue
		}
		made.acted = append(made.acted, effect.Resource)
	}
	n.effects = len(effects)
	return recorder.Result()
}

// deliver hands an answer out, with the Date that the network makes of it.
func (n *network) deliver(ctx context.Context, req *http.Request, answer *http.Response, meets event) *http.Response {
	n.mu.Lock()
	defer n.mu.Unlock()
	if date, err := http.ParseTime(answer.Header.Get("Date")); err == nil {
		answer.Header.Set("Date", date.Add(n.date).Format(http.TimeFormat))
	}
	if n.sabotage != nil {
		n.sabotage(answer)
	}
	text, _ := io.ReadAll(answer.Body)
	reading := &body{ctx: ctx, text: bytes.NewReader(text), end: io.EOF, close: sync.OnceFunc(n.end)}
	if meets.cut {
		reading.text, reading.end = bytes.NewReader(text[:len(text)/2]), io.ErrUnexpectedEOF
	}
	reading.isToken = answer.StatusCode == http.StatusOK && !meets.lost && !meets.cut && meets.spoil == nil
	answer.Request, answer.Body = req, reading
	return answer
}

// body is that of an answer. Until it is closed its connection counts as open.
type body struct {
	ctx   context.Context
	text  *bytes.Reader
	end   error
	close func()

	isToken bool // if it is the answer to a token request
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

// pause is the time that something takes on the network, unless the client leaves.
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

// secretsOf are all that a request carries and nobody may see: for servers that quote what they were sent.
func secretsOf(req *http.Request) string {
	text := req.Header.Get("Authorization") + " " + req.Header.Get("Signature") + " " + req.Header.Get("Idempotency-Key")
	if isToken(req) {
		text += " client_secret=" + url.QueryEscape(secret)
	}
	return text
}

// mark is how every idempotency key begins, so that the judge recognizes it anywhere, in any form.
const (
	mark      = "5eed5eed"
	markBytes = "\x5e\xed\x5e\xed"
)

func marked(random *rand.Rand) (key uuid.UUID) {
	fill(random, key[:])
	copy(key[:], markBytes)
	key[6], key[8] = key[6]&0x0f|0x40, key[8]&0x3f|0x80
	return key
}

func fill(random *rand.Rand, bytes []byte) {
	for i := range bytes {
		bytes[i] = byte(random.Uint32())
	}
}

// randomness is a client's source of it. Jitter is drawn from the time, so that goroutines of the same instant may come in any order.
type randomness struct {
	mu     sync.Mutex
	random *rand.Rand
}

// Read fills in 18 bytes for a nonce, 16 for a key and 8 for jitter.
func (r *randomness) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch fill(r.random, p); len(p) {
	case len(uuid.Nil):
		copy(p, markBytes)
	case binary.Size(uint64(0)):
		fill(rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)), p)
	}
	return len(p), nil
}
