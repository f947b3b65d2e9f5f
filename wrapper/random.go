package wrapper

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
)

// randomSource makes nonces, idempotency keys and jitter from the bytes of a reader.
type randomSource struct{ reader io.Reader }

// nonce returns 144 random bits as text that a signature can carry.
func (r randomSource) nonce() (string, error) {
	var bytes [18]byte
	if _, err := io.ReadFull(r.reader, bytes[:]); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(bytes[:]), nil
}

// key returns an idempotency key, a UUID of version 4.
func (r randomSource) key() (uuid.UUID, error) { return uuid.NewRandomFromReader(r.reader) }

// upTo returns a duration from 0 to limit. If the reader fails, it returns limit, because
// a wait must not fail.
func (r randomSource) upTo(limit time.Duration) time.Duration {
	var bytes [8]byte
	if _, err := io.ReadFull(r.reader, bytes[:]); err != nil || limit <= 0 {
		return max(limit, 0)
	}
	return time.Duration(binary.BigEndian.Uint64(bytes[:]) % uint64(limit+1))
}
