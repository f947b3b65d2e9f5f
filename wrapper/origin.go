package wrapper

import (
	"errors"
	"net/http"
	"time"
)

// origin identifies the request that a call sends. A call that resumes an earlier call
// must send the same request.
type origin struct {
	path   string
	digest string    // the content-digest of the body, or "" if there is no body
	first  time.Time // when the first attempt was sent; the zero time means never
}

// match records the first request that a call sends. If an earlier attempt, or the call
// that this call resumes, has already recorded a request, match refuses a request with a
// different path or body.
func (o *origin) match(req *http.Request) error {
	path := req.URL.EscapedPath()
	digest := req.Header.Get("Content-Digest")
	if o.path == "" {
		o.path = path
		o.digest = digest
		return nil
	}
	switch {
	case o.path != path:
		return errors.New("resume: the path differs from the path of the failed call: " +
			"use the same arguments")
	case o.digest != digest:
		return errors.New("resume: the body differs from the body of the failed call: " +
			"use the same arguments")
	}
	return nil
}
