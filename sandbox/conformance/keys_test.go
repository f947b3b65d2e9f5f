package conformance_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"
	"time"
)

// Each form of a client's key is one that an official signer reads, and each works.
func TestKeyForms(t *testing.T) {
	directory := t.TempDir()
	for form, want := range map[string]struct{ block, passphrase string }{
		"ed25519": {"PRIVATE KEY", ""}, "p521": {"EC PRIVATE KEY", ""}, "p521-encrypted": {"EC PRIVATE KEY", "upvest-sandbox"},
	} {
		p := start(t, "-keys", directory, "-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=one,key-id=k", "-key-form", form)
		content, err := os.ReadFile(p.variables["HTTP_SIGN_PRIVATE_KEY_FILENAME"])
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		encrypted := strings.HasPrefix(block.Headers["Proc-Type"], "4,ENCRYPTED")
		if passphrase := p.variables["HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"]; block.Type != want.block || passphrase != want.passphrase ||
			encrypted != (passphrase != "") {
			t.Errorf("%s: %s, %v, passphrase %q", form, block.Type, block.Headers, passphrase)
		}
		if a := p.loggedIn(t); a.send(t, a.get().sign()).status != 200 {
			t.Errorf("%s: refused", form)
		}
	}
	files, err := os.ReadDir(directory)
	if err != nil || len(files) != 6 {
		t.Errorf("%v %v, want a key and variables for each of the three forms", files, err)
	}
}

// A signature for each of two keys makes no second request of one that is replayed.
func TestReplayWithSeveralSignatures(t *testing.T) {
	p := start(t)
	c := p.loggedIn(t)
	r := c.get().sign()
	input, signature := r.get("signature-input"), r.get("signature")
	r.label = "sig2"
	r.setParameter("nonce", `"`+nonce()+`"`)
	r.sign()
	r.set("signature-input", input+", "+r.get("signature-input"))
	r.set("signature", signature+", "+r.get("signature"))
	if a := c.send(t, r); a.status != 200 {
		t.Fatalf("first: %d %s", a.status, a.body)
	}
	again := rule{source: choice, status: 401, says: "nonce was used before"}
	again.refused(t, c, c.send(t, r))
	r.set("signature-input", strings.TrimPrefix(r.get("signature-input"), input+", "))
	again.refused(t, c, c.send(t, r))
}

// A nonce belongs to a client and to its key: two clients may name theirs alike.
func TestNonceOfAnotherClient(t *testing.T) {
	p := start(t, "-client", "key-id=same", "-client", "id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=two,key-id=same")
	one := p.loggedIn(t)
	two := &caller{address: one.address, clientID: "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01", secret: "two", keyID: "same", now: time.Now}
	two.key = keyBeside(t, p, two.clientID)
	two.login(t, "portfolios:admin")
	for _, c := range []*caller{one, two} {
		r := c.get()
		r.setParameter("nonce", `"the same"`)
		if a := c.send(t, r.sign()); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
}

func decrypted(t testing.TB, block *pem.Block, passphrase string) []byte {
	t.Helper()
	if passphrase == "" {
		return block.Bytes
	}
	//lint:ignore SA1019 it is the form that Upvest's own instruction makes
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
