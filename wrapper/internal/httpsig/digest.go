package httpsig

import (
	"bytes"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
)

// DigestBody reads the body into memory, and sets the header content-digest and the field
// ContentLength to match the body. If the body is empty, it removes the header
// content-digest instead. It removes GetBody from the request, because net/http would
// otherwise repeat a request with its old nonce if a kept-alive connection turns out to
// be dead.
func DigestBody(req *http.Request) error {
	req.GetBody = nil
	delete(req.Header, "Content-Digest")
	if req.Body == nil || req.Body == http.NoBody {
		return nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return fmt.Errorf("read the body: %w", err)
	}
	if err := req.Body.Close(); err != nil {
		return fmt.Errorf("close the body: %w", err)
	}
	if len(body) == 0 {
		req.Body = http.NoBody
		req.ContentLength = 0
		return nil
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	req.ContentLength = int64(len(body))
	digest := sha512.Sum512(body)
	encoded := base64.StdEncoding.EncodeToString(digest[:])
	req.Header["Content-Digest"] = []string{"sha-512=:" + encoded + ":"}
	return nil
}
