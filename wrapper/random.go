// Package random makes everything random that a client needs.
package wrapper

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// randomSource makes nonces, idempotency keys and jitter of the bytes of a reader.
type randomSource struct{ Reader io.Reader }

// Nonce returns 144 random bits as text that a signature can carry.
func (r randomSource) Nonce() (string, error) {
	var bytes [18]byte
	if _, err := io.ReadFull(r.Reader, bytes[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes[:]), nil
}

// Key returns an idempotency key, a UUID of version 4.
func (r randomSource) Key() (uuid.UUID, error) { return uuid.NewRandomFromReader(r.Reader) }

// UpTo returns a duration from 0 to limit. Where randomness fails it returns limit: waiting is never an error.
func (r randomSource) UpTo(limit time.Duration) time.Duration {
	var bytes [8]byte
	if _, err := io.ReadFull(r.Reader, bytes[:]); err != nil || limit <= 0 {
		return max(limit, 0)
	}
	return time.Duration(binary.BigEndian.Uint64(bytes[:]) % uint64(limit+1))
}
