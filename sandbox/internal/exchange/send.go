package exchange

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/fault"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/response"
)

const writeTimeout = 30 * time.Second

// send writes the response, in the manner of the fault if there is one.
func (h *Handler) send(w http.ResponseWriter, x *exchange, given *response.Response) {
	f := x.fault
	if f == nil {
		f = &fault.Fault{}
	}
	if given.Status == 0 {
		reset(w)
	}
	h.sendHeader(w, x, given, f)
	if !response.CanHaveBody(given.Status) || x.request.Method == http.MethodHead {
		return
	}
	if given.Stream != nil {
		// A client that is gone reads no response.
		_ = given.Stream(w)
		return
	}
	rest := given.Body
	if f.BodyDelay > 0 || f.CutBody {
		half := len(given.Body) / 2
		_, _ = w.Write(given.Body[:half])
		_ = http.NewResponseController(w).Flush()
		if !h.pause(x.request.Context(), f.BodyDelay) || f.CutBody {
			panic(http.ErrAbortHandler)
		}
		rest = given.Body[half:]
	}
	// A client that is gone reads no response.
	_, _ = w.Write(rest)
	pad(w, f.Pad)
}

func (h *Handler) sendHeader(w http.ResponseWriter, x *exchange, given *response.Response, f *fault.Fault) {
	header := w.Header()
	header.Set("Upvest-Request-Id", x.requestID)
	header.Set("Date", h.MachineTime().Add(f.DateSkew).UTC().Format(http.TimeFormat))
	maps.Copy(header, given.Header)
	if response.CanHaveBody(given.Status) && given.Stream == nil {
		header.Set("Content-Length", strconv.Itoa(len(given.Body)+f.Pad))
	}
	// A server that supports no deadlines returns an error, which changes nothing.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout + f.BodyDelay))
	w.WriteHeader(given.Status)
}

// pad writes n spaces without holding all of them in memory.
func pad(w io.Writer, n int) {
	spaces := bytes.Repeat([]byte(" "), min(n, 32<<10))
	for n > 0 {
		written, err := w.Write(spaces[:min(n, len(spaces))])
		if err != nil {
			return
		}
		n -= written
	}
}

// reset cuts the connection with a TCP reset. It does not return.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			// Discarding what is not sent yet makes the close a reset.
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}
