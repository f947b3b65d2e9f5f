package sandbox

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"
)

// send writes the answer, in the manner of the fault if there is one.
func (s *Sandbox) send(w http.ResponseWriter, x *exchange, a *answer) {
	f := x.fault
	if f == nil {
		f = &Fault{}
	}
	if a.status == 0 {
		reset(w)
	}
	header := w.Header()
	header.Set("Upvest-Request-Id", x.requestID)
	header.Set("Date", s.config.clock.Now().Add(f.DateSkew).Format(http.TimeFormat))
	for name, values := range a.header {
		header[name] = values
	}
	hasBody := a.status != http.StatusNoContent && a.status != http.StatusNotModified
	if hasBody {
		header.Set("Content-Length", strconv.Itoa(len(a.body)+f.Pad))
	}
	// A server without deadlines has none to set.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout + f.BodyDelay))
	w.WriteHeader(a.status)
	if !hasBody || x.request.Method == http.MethodHead {
		return
	}
	half := len(a.body) / 2
	if f.BodyDelay > 0 || f.CutBody {
		_, _ = w.Write(a.body[:half])
		_ = http.NewResponseController(w).Flush()
		if !s.pause(x.request.Context(), f.BodyDelay) || f.CutBody {
			panic(http.ErrAbortHandler)
		}
		a = &answer{body: a.body[half:]}
	}
	// A client that went away reads no answer.
	_, _ = w.Write(a.body)
	pad(w, f.Pad)
}

// pad writes n spaces without holding them.
func pad(w http.ResponseWriter, n int) {
	spaces := bytes.Repeat([]byte(" "), min(n, 32<<10))
	for n > 0 {
		written, err := w.Write(spaces[:min(n, len(spaces))])
		if err != nil {
			return
		}
		n -= written
	}
}

// reset cuts the connection, so that the client sees a TCP reset. It does not return.
func reset(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			// What is not sent yet is thrown away with the connection: that makes the reset.
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}
