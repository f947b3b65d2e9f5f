package control

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// faultJSON is the JSON form of a fault. Its durations are strings such as "250ms", and
// its body is a string.
type faultJSON struct {
	Operation   contract.Operation `json:"operation,omitempty"`
	ClientID    string             `json:"client_id,omitempty"`
	AccountID   string             `json:"account_id,omitempty"`
	Nth         int                `json:"nth,omitempty"`
	Count       int                `json:"count,omitempty"`
	After       bool               `json:"after,omitempty"`
	Delay       duration           `json:"delay,omitempty"`
	Reset       bool               `json:"reset,omitempty"`
	Status      int                `json:"status,omitempty"`
	Header      map[string]string  `json:"header,omitempty"`
	Body        *string            `json:"body,omitempty"`
	ContentType string             `json:"content_type,omitempty"`
	Pad         int                `json:"pad,omitempty"`
	CutBody     bool               `json:"cut_body,omitempty"`
	BodyDelay   duration           `json:"body_delay,omitempty"`
	DateSkew    duration           `json:"date_skew,omitempty"`
}

// pendingJSON is the JSON form of a waiting fault. Matching requests have already reduced
// the Nth and the Count of Fault, except a negative Count. Met is the number of requests
// to which the fault has been applied.
type pendingJSON struct {
	Fault faultJSON `json:"fault"`
	Met   int       `json:"met"`
}

func (e *Endpoint) postFault(w http.ResponseWriter, r *http.Request) {
	var in faultJSON
	if !e.readJSON(w, r, &in) {
		return
	}
	f, err := in.fault()
	if err == nil {
		err = e.World().Faults.Add(f)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// getFaults responds with the waiting faults.
func (e *Endpoint) getFaults(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	pending := []pendingJSON{}
	for _, one := range e.World().Faults.Pending() {
		pending = append(pending, pendingJSON{Fault: newFaultJSON(one.Fault), Met: one.Met})
	}
	writeJSON(w, map[string][]pendingJSON{"data": pending})
}

func (in faultJSON) fault() (fault.Fault, error) {
	f := fault.Fault{
		Operation:   in.Operation,
		Nth:         in.Nth,
		Count:       in.Count,
		After:       in.After,
		Reset:       in.Reset,
		Status:      in.Status,
		Header:      http.Header{},
		ContentType: in.ContentType,
		Pad:         in.Pad,
		CutBody:     in.CutBody,
	}
	for name, value := range in.Header {
		if f.Header.Values(name) != nil {
			return f, fmt.Errorf("header: %q appears twice, in two spellings", name)
		}
		f.Header.Set(name, value)
	}
	if in.Body != nil {
		f.Body = []byte(*in.Body)
	}
	var errs [5]error
	f.Delay, errs[0] = in.Delay.read("delay")
	f.BodyDelay, errs[1] = in.BodyDelay.read("body_delay")
	f.DateSkew, errs[2] = in.DateSkew.read("date_skew")
	f.ClientID, errs[3] = readID("client_id", in.ClientID)
	f.AccountID, errs[4] = readID("account_id", in.AccountID)
	return f, errors.Join(errs[:]...)
}

func newFaultJSON(f fault.Fault) faultJSON {
	out := faultJSON{
		Operation:   f.Operation,
		ClientID:    idText(f.ClientID),
		AccountID:   idText(f.AccountID),
		Nth:         f.Nth,
		Count:       f.Count,
		After:       f.After,
		Delay:       newDuration(f.Delay),
		Reset:       f.Reset,
		Status:      f.Status,
		ContentType: f.ContentType,
		Pad:         f.Pad,
		CutBody:     f.CutBody,
		BodyDelay:   newDuration(f.BodyDelay),
		DateSkew:    newDuration(f.DateSkew),
	}
	for name := range f.Header {
		if out.Header == nil {
			out.Header = map[string]string{}
		}
		out.Header[name] = f.Header.Get(name)
	}
	if f.Body != nil {
		body := string(f.Body)
		out.Body = &body
	}
	return out
}

// readID reads an optional id, and returns the zero UUID for an empty string. It refuses
// text that spells the zero UUID, because no client or account has this id.
func readID(field, text string) (uuid.UUID, error) {
	if text == "" {
		return uuid.Nil, nil
	}
	id, err := strict.UUID(text)
	if err != nil || id == uuid.Nil {
		return uuid.Nil, fieldError(field, "a UUID that is not zero", text)
	}
	return id, nil
}

func idText(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return id.String()
}

// duration is a duration as a string, such as "1.5s".
type duration string

func newDuration(d time.Duration) duration {
	if d == 0 {
		return ""
	}
	return duration(d.String())
}

func (d duration) read(field string) (time.Duration, error) {
	if d == "" {
		return 0, nil
	}
	read, err := time.ParseDuration(string(d))
	if err != nil {
		return 0, fieldError(field, "a duration such as 1.5s", string(d))
	}
	return read, nil
}
