package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/rfc3339"
)

const controlPrefix = "/_sandbox/"

// newHandler puts the control endpoint, if asked for, beside the pipeline.
func (s *Sandbox) newHandler() http.Handler {
	pipeline := http.HandlerFunc(s.serveHTTP)
	if !s.config.control {
		return pipeline
	}
	control := s.forNoBrowser(s.newControl())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Not a mux: that would clean the paths that the pipeline is to see as they came.
		if strings.HasPrefix(r.URL.Path, controlPrefix) {
			control.ServeHTTP(w, r)
			return
		}
		pipeline(w, r)
	})
}

// forNoBrowser keeps the pages of other sites out: what they send across origins, and what they send as if from here, under a name of theirs
// that they have made lead to this machine (DNS rebinding).
func (s *Sandbox) forNoBrowser(control http.Handler) http.Handler {
	deny := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuseControl(w, http.StatusForbidden, errors.New("the control endpoint answers no page of a browser"))
	})
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(deny)
	protected := crossOrigin.Handler(control)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		// A read across origins changes nothing, but is no business of a page either.
		site := r.Header.Get("Sec-Fetch-Site")
		if s.url == serverless || s.config.expose || isLoopback(strings.Trim(host, "[]")) && (site == "" || site == "none") {
			protected.ServeHTTP(w, r)
			return
		}
		deny(w, r)
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
	mux.HandleFunc("GET "+controlPrefix+"requests", getHistory(s.requestsAfter))
	mux.HandleFunc("GET "+controlPrefix+"effects", getHistory(s.effectsAfter))
	mux.HandleFunc("POST "+controlPrefix+"clock", s.postClock)
	mux.HandleFunc("POST "+controlPrefix+"prices", s.postPrices)
	mux.HandleFunc("POST "+controlPrefix+"reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE "+controlPrefix+"tokens", func(w http.ResponseWriter, _ *http.Request) {
		s.RevokeTokens()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc(controlPrefix, func(w http.ResponseWriter, r *http.Request) {
		refuseControl(w, http.StatusNotFound, fmt.Errorf(
			"the control endpoint has no %s %s, but POST and DELETE faults, GET requests, GET effects, POST clock, POST prices, POST reset, DELETE tokens",
			r.Method, strings.TrimPrefix(r.URL.Path, controlPrefix)))
	})
	return mux
}

// historyJSON is a page of requests or effects. Those after the last of Data come with ?after= its number; Total is how many there ever
// were, Dropped how many of them are not remembered any more.
type historyJSON[T any] struct {
	Total   uint64 `json:"total"`
	Dropped uint64 `json:"dropped"`
	Data    []T    `json:"data"`
}

const historyPage = 1000

func getHistory[T any](after func(filter, int) ([]T, uint64, uint64)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, limit, err := readFilter(r.URL.Query())
		if err != nil {
			refuseControl(w, http.StatusBadRequest, err)
			return
		}
		data, total, dropped := after(f, limit)
		writeJSON(w, historyJSON[T]{Total: total, Dropped: dropped, Data: data})
	}
}

func readFilter(query url.Values) (f filter, limit int, err error) {
	limit = historyPage
	for name := range query {
		text := query.Get(name)
		switch name {
		case "operation":
			f.operation = text
		case "account":
			f.account, err = ids.Parse(text)
		case "after":
			f.after, err = strconv.ParseUint(text, 10, 64)
		case "limit":
			if limit, err = strconv.Atoi(text); err == nil && (limit < 1 || limit > historyPage) {
				err = strconv.ErrRange
			}
		default:
			return f, limit, fmt.Errorf("query parameter %q is not known, expected after, limit, operation or account", name)
		}
		if err != nil {
			return f, limit, fmt.Errorf("query parameter %s: expected a number from 0 for after, 1 to %d for limit, a UUID for account", name, historyPage)
		}
	}
	return f, limit, nil
}

// faultJSON is a Fault with durations like "250ms" and with the body as text.
type faultJSON struct {
	Operation   string            `json:"operation"`
	Count       int               `json:"count"`
	After       bool              `json:"after"`
	Delay       string            `json:"delay"`
	Reset       bool              `json:"reset"`
	Status      int               `json:"status"`
	Header      map[string]string `json:"header"`
	Body        *string           `json:"body"`
	ContentType string            `json:"content_type"`
	Pad         int               `json:"pad"`
	CutBody     bool              `json:"cut_body"`
	BodyDelay   string            `json:"body_delay"`
	DateSkew    string            `json:"date_skew"`
}

func (s *Sandbox) postFault(w http.ResponseWriter, r *http.Request) {
	var in faultJSON
	if !s.readJSON(w, r, &in) {
		return
	}
	f, err := in.fault()
	if err == nil {
		err = s.Inject(f)
	}
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (in faultJSON) fault() (Fault, error) {
	f := Fault{
		Operation: in.Operation, Count: in.Count, After: in.After, Reset: in.Reset, Status: in.Status, Header: http.Header{},
		ContentType: in.ContentType, Pad: in.Pad, CutBody: in.CutBody,
	}
	for name, value := range in.Header {
		f.Header.Set(name, value)
	}
	if in.Body != nil {
		f.Body = []byte(*in.Body)
	}
	var err1, err2, err3 error
	f.Delay, err1 = readDuration("delay", in.Delay)
	f.BodyDelay, err2 = readDuration("body_delay", in.BodyDelay)
	f.DateSkew, err3 = readDuration("date_skew", in.DateSkew)
	return f, errors.Join(err1, err2, err3)
}

// postClock moves the clock, and answers with what it then shows.
func (s *Sandbox) postClock(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string `json:"advance"`
		Set     string `json:"set"`
	}
	if !s.readJSON(w, r, &in) {
		return
	}
	set, err := readTime("set", in.Set, s.config.clock.Now())
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	advance, err := readDuration("advance", in.Advance)
	if err != nil {
		refuseControl(w, http.StatusBadRequest, err)
		return
	}
	if year := set.Add(advance).UTC().Year(); year < minYear || year > maxYear {
		refuseControl(w, http.StatusBadRequest,
			fmt.Errorf("set and advance: the clock would show the year %d, expected %d to %d", year, minYear, maxYear))
		return
	}
	if in.Set != "" {
		s.config.clock.Set(set)
	}
	s.config.clock.Advance(advance)
	writeJSON(w, map[string]time.Time{"now": s.config.clock.Now()})
}

// postPrices sets the prices of instruments.
func (s *Sandbox) postPrices(w http.ResponseWriter, r *http.Request) {
	var in map[api.InstrumentID]api.Decimal
	if !s.readJSON(w, r, &in) {
		return
	}
	for instrument, price := range in {
		if err := s.SetPrice(instrument, price); err != nil {
			refuseControl(w, http.StatusBadRequest, err)
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// Signatures are dated in seconds since 1970. RFC 3339 ends with the year 9999, and some things lie ahead of the clock.
const (
	minYear = 1970
	maxYear = 9000
)

func readTime(field, text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	t, err := rfc3339.Parse(text)
	if err != nil {
		return t, fmt.Errorf("%s: expected a time such as 2026-01-02T03:04:05Z, not %q", field, text)
	}
	return t, nil
}

func readDuration(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a duration such as 1.5s, not %q", field, text)
	}
	return d, nil
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
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		// Its own text speaks of Go's types.
		err = fmt.Errorf("%s: expected %s, not a JSON %s", cmp.Or(wrongType.Field, "the body"), kind(wrongType.Type), wrongType.Value)
	}
	switch {
	case err == nil:
		return true
	case errors.Is(err, io.EOF):
		err = errors.New("the body is missing, expected a JSON object")
	default:
		// No names of Go's packages.
		err = errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	refuseControl(w, http.StatusBadRequest, err)
	return false
}

// kind is what a type is called in JSON.
func kind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "a boolean"
	case reflect.Int:
		return "a whole number"
	case reflect.Struct, reflect.Map:
		return "an object"
	default:
		return "a " + t.Kind().String()
	}
}

// refuseControl answers in the form that all errors have.
func refuseControl(w http.ResponseWriter, status int, err error) {
	id := uuid.NewString()
	a := answer.Refuse(status, "%s", err).Answer(id)
	w.Header().Set("Upvest-Request-Id", id)
	w.Header().Set("Content-Type", a.Header.Get("Content-Type"))
	w.WriteHeader(a.Status)
	// A client that went away reads no answer.
	_, _ = w.Write(a.Body)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", answer.JSON)
	// A client that went away reads no answer.
	_ = json.NewEncoder(w).Encode(value)
}
