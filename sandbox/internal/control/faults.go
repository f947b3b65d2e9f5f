package control

import (
	"errors"
	"net/http"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
)

// faultJSON is a fault with durations like "250ms" and with the body as text.
type faultJSON struct {
	Operation   contract.Operation `json:"operation"`
	Count       int                `json:"count"`
	After       bool               `json:"after"`
	Delay       duration           `json:"delay"`
	Reset       bool               `json:"reset"`
	Status      int                `json:"status"`
	Header      map[string]string  `json:"header"`
	Body        *string            `json:"body"`
	ContentType string             `json:"content_type"`
	Pad         int                `json:"pad"`
	CutBody     bool               `json:"cut_body"`
	BodyDelay   duration           `json:"body_delay"`
	DateSkew    duration           `json:"date_skew"`
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

func (in faultJSON) fault() (fault.Fault, error) {
	f := fault.Fault{
		Operation:   in.Operation,
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
		f.Header.Set(name, value)
	}
	if in.Body != nil {
		f.Body = []byte(*in.Body)
	}
	var errs [3]error
	f.Delay, errs[0] = in.Delay.read("delay")
	f.BodyDelay, errs[1] = in.BodyDelay.read("body_delay")
	f.DateSkew, errs[2] = in.DateSkew.read("date_skew")
	return f, errors.Join(errs[:]...)
}

// duration is the text of a duration, such as 1.5s.
type duration string

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
