package sandbox

import (
	"io"
	"net/http"
)

// healthPath is the path for container probes, which send no signature.
const healthPath = "/_sandbox/health"

// withHealth responds to GET and HEAD requests for the health path, and passes other
// requests to next. The journal does not contain health requests, and faults do not apply
// to them.
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
