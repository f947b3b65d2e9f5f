package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

const controlPrefix = "/_sandbox/"

// newHandler puts the control endpoint, if asked for, beside the pipeline.
func (s *Sandbox) newHandler() http.Handler {
	pipeline := http.HandlerFunc(s.serveHTTP)
	if !s.config.control {
		return pipeline
	}
	control := s.newControl()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Not a mux: that would clean the paths that the pipeline is to see as they came.
		if strings.HasPrefix(r.URL.Path, controlPrefix) {
			control.ServeHTTP(w, r)
			return
		}
		pipeline(w, r)
	})
}

// newControl serves what Go code can do with a Sandbox to everybody else.
func (s *Sandbox) newControl() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+controlPrefix+"faults", s.postFault)
	mux.HandleFunc("DELETE "+controlPrefix+"faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET "+controlPrefix+"requests", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Requests()) })
	mux.HandleFunc("GET "+controlPrefix+"effects", func(w http.ResponseWriter, _ *http.Request) {
		effects := []effectJSON{}
		for _, effect := range s.Effects() {
			effects = append(effects, effectJSON(effect))
		}
		writeJSON(w, effects)
	})
	mux.HandleFunc("POST "+controlPrefix+"clock", s.postClock)
	mux.HandleFunc("DELETE "+controlPrefix+"tokens", func(w http.ResponseWriter, _ *http.Request) {
		s.RevokeTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

type effectJSON struct {
	At        time.Time `json:"at"`
	ClientID  uuid.UUID `json:"client_id"`
	Operation string    `json:"operation"`
	Resource  uuid.UUID `json:"resource"`
}

// faultJSON is a Fault with durations like "250ms" and with the body as text.
type faultJSON struct {
	Operation   string            `json:"operation"`
	Count       int               `json:"count"`
	After       bool              `json:"after"`
	Delay       duration          `json:"delay"`
	Reset       bool              `json:"reset"`
	Status      int               `json:"status"`
	Header      map[string]string `json:"header"`
	Body        *string           `json:"body"`
	ContentType string            `json:"content_type"`
	Pad         int               `json:"pad"`
	CutBody     bool              `json:"cut_body"`
	BodyDelay   duration          `json:"body_delay"`
	DateSkew    duration          `json:"date_skew"`
}

func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var in faultJSON
	if !s.readJSON(w, r, &in) {
		return
	}
	f := Fault{
		Operation: in.Operation, Count: in.Count, After: in.After, Delay: time.Duration(in.Delay), Reset: in.Reset, Status: in.Status,
		Header: http.Header{}, ContentType: in.ContentType, Pad: in.Pad, CutBody: in.CutBody, BodyDelay: time.Duration(in.BodyDelay),
		DateSkew: time.Duration(in.DateSkew),
	}
	for name, value := range in.Header {
		f.Header.Set(name, value)
	}
	if in.Body != nil {
		f.Body = []byte(*in.Body)
	}
	if err := s.Inject(f); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// postClock moves the clock, and answers with what it then shows.
func (s *Sandbox) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance duration   `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if !s.readJSON(w, r, &in) {
		return
	}
	if in.Set != nil {
		s.config.clock.Set(*in.Set)
	}
	s.config.clock.Advance(time.Duration(in.Advance))
	writeJSON(w, map[string]time.Time{"now": s.config.clock.Now()})
}

// duration reads and writes as text, such as "1.5s".
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`expected a duration such as "1.5s": %w`, err)
	}
	*d = duration(parsed)
	return nil
}

func (s *Sandbox) readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, s.config.bodyLimit))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); more != io.EOF {
			err = fmt.Errorf("expected one JSON object")
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return err == nil
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", jsonType)
	// A client that went away reads no answer.
	_ = json.NewEncoder(w).Encode(value)
}
