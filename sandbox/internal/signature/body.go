package signature

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"strconv"

	"github.com/dunglas/httpsfv"
)

// checkBody compares the headers content-length and content-digest with the bytes of the
// body that arrived (draft-ietf-httpbis-digest-headers-10; docs.upvest.co requires
// SHA-512). It does not check a header that was not sent.
func checkBody(r *Request) *Failure {
	if length, failure := componentValue(r, "content-length"); failure == nil &&
		length != strconv.Itoa(len(r.Body)) {
		return fail("content-length is %q, but the body has %d bytes", length, len(r.Body))
	}
	if !sent(r, "content-digest") {
		return nil
	}
	digests, failure := dictionary(r, "Content-Digest")
	if failure != nil {
		return failure
	}
	if _, ok := digests.Get("sha-512"); !ok {
		return fail("content-digest has no member sha-512")
	}
	for _, name := range digests.Names() {
		var want []byte
		switch name {
		case "sha-512":
			sum := sha512.Sum512(r.Body)
			want = sum[:]
		case "sha-256":
			sum := sha256.Sum256(r.Body)
			want = sum[:]
		default:
			continue
		}
		member, _ := digests.Get(name)
		item, _ := member.(httpsfv.Item)
		got, ok := item.Value.([]byte)
		if !ok {
			return fail("content-digest member %s is not a byte sequence, expected %s=:<standard base64>:",
				name, name)
		}
		if !bytes.Equal(got, want) {
			return fail("content-digest member %s does not match the %d bytes of the body, expected %s",
				name, len(r.Body), digestText(name, want))
		}
	}
	return nil
}

func digestText(name string, sum []byte) string {
	d := httpsfv.NewDictionary()
	d.Add(name, httpsfv.NewItem(sum))
	text, err := httpsfv.Marshal(d)
	if err != nil {
		return name
	}
	return text
}
