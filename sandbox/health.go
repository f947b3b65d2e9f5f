package sandbox

import (
	"io"
	"net/http"
)

// healthPath responds without a signature, for the probes of containers.
const healthPath = "/_sandbox/health"

// withHealth responds to the health path. These requests are not in the journal, and
// faults do not apply to them.
func withHealth(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != healthPath || r.Method != http.MethodGet && r.Method != http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// The write fails if the client has disconnected.
		_, _ = io.WriteString(w, "{\"status\":\"ok\"}\n")
	})
}
