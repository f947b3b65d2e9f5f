package sandbox

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/answer"
)

// send writes the answer, in the manner of the fault if there is one.
func (s *Sandbox) send(w http.ResponseWriter, x *exchange, a *answer.Answer) {
	f := x.fault
	if f == nil {
		f = &Fault{}
	}
	if a.Status == 0 {
		reset(w)
	}
	header := w.Header()
	header.Set("Upvest-Request-Id", x.requestID)
	header.Set("Date", s.config.machine().Add(f.DateSkew).UTC().Format(http.TimeFormat))
	for name, values := range a.Header {
		header[name] = values
	}
	if hasBody(a.Status) && a.Stream == nil {
		header.Set("Content-Length", strconv.Itoa(len(a.Body)+f.Pad))
	}
	// A server without deadlines has none to set.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout + f.BodyDelay))
	w.WriteHeader(a.Status)
	if !hasBody(a.Status) || x.request.Method == http.MethodHead {
		return
	}
	if a.Stream != nil {
		// A client that went away reads no answer.
		_ = a.Stream(w)
		return
	}
	half := len(a.Body) / 2
	if f.BodyDelay > 0 || f.CutBody {
		_, _ = w.Write(a.Body[:half])
		_ = http.NewResponseController(w).Flush()
		if !s.pause(x.request.Context(), f.BodyDelay) || f.CutBody {
			panic(http.ErrAbortHandler)
		}
		a = &answer.Answer{Body: a.Body[half:]}
	}
	// A client that went away reads no answer.
	_, _ = w.Write(a.Body)
	pad(w, f.Pad)
}

// hasBody reports whether an answer of that status can have a body.
func hasBody(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
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
