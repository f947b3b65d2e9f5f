package exchange

import (
	"bytes"
	"crypto/tls"
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

// send records the exchange and writes the response.
func (h *Handler) send(w http.ResponseWriter, x *exchange, given *response.Response) {
	switch {
	case given.Status == 0:
		h.record(x, given, nil, false)
		reset(w)
	case given.Stream != nil:
		h.sendStream(w, x, given)
	case x.fault != nil:
		h.sendFaulty(w, x, given, x.fault)
	default:
		h.sendWhole(w, x, given)
	}
}

// sendWhole sends a response whose body is in memory.
func (h *Handler) sendWhole(w http.ResponseWriter, x *exchange, given *response.Response) {
	hasBody := response.CanHaveBody(given.Status) && x.request.Method != http.MethodHead
	if !hasBody {
		h.record(x, given, nil, false)
		h.sendHeader(w, x, given, &fault.Fault{})
		return
	}
	h.record(x, given, given.Body, false)
	h.sendHeader(w, x, given, &fault.Fault{})
	// The write fails if the client has disconnected.
	_, _ = w.Write(given.Body)
}

// sendStream sends a response while its body is being generated. A short body is
// generated completely before anything is sent.
func (h *Handler) sendStream(w http.ResponseWriter, x *exchange, given *response.Response) {
	body := &bufferedWriter{to: w, release: func(begun []byte) {
		h.record(x, given, begun, false)
		h.sendHeader(w, x, given, &fault.Fault{})
	}}
	err := given.Stream(body)
	if body.release == nil {
		// The header has been sent, so the response can no longer report an error.
		return
	}
	whole := &response.Response{Status: given.Status, Header: given.Header, Body: body.begun}
	if err != nil {
		failed := response.Refuse(http.StatusInternalServerError, "the sandbox failed: %s", err)
		whole = failed.Response(x.requestID)
	}
	h.sendWhole(w, x, whole)
}

// sendFaulty sends a response that a fault changes, delays or cuts.
func (h *Handler) sendFaulty(w http.ResponseWriter, x *exchange, given *response.Response, f *fault.Fault) {
	first := given.Body
	var rest []byte
	if f.BodyDelay > 0 || f.CutBody {
		half := len(given.Body) / 2
		first = given.Body[:half]
		rest = given.Body[half:]
	}
	sent := given.Body
	if f.CutBody {
		sent = first
	}
	if !response.CanHaveBody(given.Status) {
		sent = nil
	}
	h.record(x, given, sent, f.CutBody)
	h.sendHeader(w, x, given, f)
	if !response.CanHaveBody(given.Status) {
		return
	}
	// The write fails if the client has disconnected.
	_, _ = w.Write(first)
	if rest != nil {
		_ = http.NewResponseController(w).Flush()
		if !h.pause(x.request.Context(), f.BodyDelay) || f.CutBody {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(rest)
	}
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
	// A response writer that does not support deadlines returns an error here, which is
	// harmless.
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

// reset cuts the connection with a TCP reset. It never returns: it panics with
// [http.ErrAbortHandler].
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		if encrypted, ok := connection.(*tls.Conn); ok {
			connection = encrypted.NetConn()
		}
		if tcp, ok := connection.(*net.TCPConn); ok {
			// With a linger of 0, Close discards unsent data and sends a reset.
			_ = tcp.SetLinger(0)
		}
		_ = connection.Close()
	}
	panic(http.ErrAbortHandler)
}
