package wire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ErrTooLarge is the error of a body that is larger than the limit once it is unpacked.
var ErrTooLarge = errors.New("the unpacked body is too large")

// gzipMark begins every gzip body.
const gzipMark = "\x1f\x8b"

// Unpack returns a body without its content encoding. It supports gzip and
// identity, and returns an error for any other encoding of a body that is not empty. If
// the encoding is gzip and the body does not begin with gzipMark, it returns the body
// unchanged, because some proxies unpack a body but leave its content-encoding header in
// place.
func Unpack(body []byte, encoding string, limit int) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
	default:
		if len(body) == 0 {
			return body, nil
		}
		return nil, fmt.Errorf("the body has the content encoding %q: the client supports only gzip: "+
			"find the transport or proxy that requests a different encoding", Line(encoding))
	}
	if !bytes.HasPrefix(body, []byte(gzipMark)) {
		return body, nil
	}
	unpacked, err := gunzip(body, limit)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, ErrCutOff
	case err != nil:
		return nil, fmt.Errorf("unpack the gzip body: %w", err)
	}
	return unpacked, nil
}

func gunzip(body []byte, limit int) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	unpacked, err := io.ReadAll(io.LimitReader(reader, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(unpacked) > limit {
		return nil, ErrTooLarge
	}
	return unpacked, reader.Close()
}
