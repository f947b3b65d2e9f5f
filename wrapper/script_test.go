package wrapper_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// synctestStart is the time at which the clock of a synctest bubble starts.
var synctestStart = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// script is a server that responds to each request with the next step, and repeats the
// last step for all further requests. It records each request and the time at which the
// request arrived.
type script struct {
	mu       sync.Mutex
	steps    []roundTrip
	requests []*http.Request
	bodies   []string
	at       []time.Time
}

func scripted(steps ...roundTrip) *script { return &script{steps: steps} }

func (s *script) serve(req *http.Request) (*http.Response, error) {
	next, err := s.record(req)
	if err != nil {
		return nil, err
	}
	return next(req)
}

// record records a request and returns the step that responds to it.
func (s *script) record(req *http.Request) (roundTrip, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if req.Body != nil {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		s.bodies = append(s.bodies, string(body))
	}
	next := s.steps[min(len(s.requests), len(s.steps)-1)]
	s.requests = append(s.requests, req)
	s.at = append(s.at, time.Now())
	return next, nil
}

// restart clears the recorded requests, and replaces the steps with the given ones.
func (s *script) restart(steps ...roundTrip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = steps
	s.requests = nil
	s.bodies = nil
	s.at = nil
}

// waits returns the time between each request and the next.
func (s *script) waits() []time.Duration {
	var waits []time.Duration
	for i := 1; i < len(s.at); i++ {
		waits = append(waits, s.at[i].Sub(s.at[i-1]))
	}
	return waits
}

// requireRequests checks how many requests the server received. Token requests do not
// count.
func (s *script) requireRequests(t testing.TB, want int) {
	t.Helper()
	if len(s.requests) != want {
		t.Errorf("the server received %d requests, want %d", len(s.requests), want)
	}
}

// respond returns a round trip that responds to every request with the given status,
// content type, body and headers.
func respond(status int, contentType, body string, header ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		return newResponse(status, contentType, body, header...), nil
	}
}

// success responds with 200 and a JSON body.
func success(body string, header ...string) roundTrip {
	return respond(http.StatusOK, "application/json", body, header...)
}

// problem responds with the given status, a problem document, and a request ID that
// contains the status.
func problem(status int, header ...string) roundTrip {
	return respond(status, "application/problem+json", problemBody(status),
		append([]string{"upvest-request-id", fmt.Sprintf("request-%d", status)}, header...)...)
}

func problemBody(status int) string {
	const form = `{"type": "some_type", "status": %d, "title": "Some title", "detail": "Some detail"}`
	return fmt.Sprintf(form, status)
}

// failing is a transport that always returns the given error.
func failing(err error) roundTrip {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// hang never responds. It returns when the context of the request ends.
func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// slow passes each request to next after the given delay.
func slow(after time.Duration, next roundTrip) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
			return next(req)
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

// cutOff responds with 200 and a body that breaks off.
func cutOff(*http.Request) (*http.Response, error) {
	resp := newResponse(http.StatusOK, "application/json", "", "upvest-request-id", "request-200")
	resp.Body = brokenBody(`{"id": `)
	return resp, nil
}

// brokenBody returns a body that breaks off after the given beginning.
func brokenBody(beginning string) io.ReadCloser {
	return io.NopCloser(io.MultiReader(strings.NewReader(beginning), errorReader{io.ErrUnexpectedEOF}))
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// fixedRandom is a source of random bytes that repeats the 8 bytes of a fixed number.
type fixedRandom uint64

func (r fixedRandom) Read(into []byte) (int, error) {
	pattern := binary.BigEndian.AppendUint64(nil, uint64(r))
	for i := range into {
		into[i] = pattern[i%len(pattern)]
	}
	return len(into), nil
}
