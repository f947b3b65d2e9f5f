package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestKeysOfClients(t *testing.T) {
	directory := t.TempDir()
	const ecID = "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01"
	const smallID = "6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a02"
	p521 := ecKey(t, elliptic.P521())
	p256 := ecKey(t, elliptic.P256())
	program := start(t,
		"-client", "",
		"-client", "id="+ecID+",secret=one,key-id=ec-521,key="+publicFile(t, directory, "p521.pem", p521),
		"-client", "id="+smallID+",secret=two,key-id=ec-256,key="+publicFile(t, directory, "p256.pem", p256),
	)
	ed := program.loggedIn(t)
	ec := &caller{
		address: ed.address, clientID: ecID, secret: "one", keyID: "ec-521", key: p521, now: time.Now,
	}
	ec.login(t, "portfolios:admin")
	small := &caller{
		address: ed.address, clientID: smallID, secret: "two", keyID: "ec-256", key: p256, now: time.Now,
	}
	small.login(t, "portfolios:admin")

	check(t, ec, []rule{
		{
			rule: "a signature by ECDSA on P-521 is ASN.1 DER", source: signatures,
			keeps:  signed(post, asIs),
			breaks: signed(post, signs(func(_ *caller, base string) []byte { return raw(t, p521, base) })),
			status: 401,
			detail: "Signature is incorrect: the ECDSA signature is raw r||s, expected ASN.1 DER",
		},
		{
			rule: "ECDSA signs a SHA-512 digest", source: signatures,
			breaks: signed(get, signs(func(_ *caller, base string) []byte {
				sum := sha256.Sum256([]byte(base))
				signature, _ := ecdsa.SignASN1(rand.Reader, p521, sum[:])
				return signature
			})),
			status: 401,
			detail: "Signature is incorrect: the ECDSA signature is over a SHA-256 digest, expected SHA-512",
		},
		{
			rule: "alg names the algorithm of the curve", source: choice,
			keeps:  signed(get, parameter("alg", `"ecdsa-p521-sha512"`)),
			breaks: signed(get, parameter("alg", `"ecdsa-p256-sha256"`)),
			status: 401, detail: `alg is "ecdsa-p256-sha256", expected ecdsa-p521-sha512`,
		},
		{
			rule: "an invalid ECDSA signature in raw form is reported as not ASN.1 DER", source: signatures,
			breaks: signed(get, signs(func(*caller, string) []byte { return make([]byte, 132) })),
			status: 401, detail: "is not ASN.1 DER",
		},
		{
			rule: "the key belongs to the client", source: signatures,
			breaks: signed(get, func(r *request) {
				r.setParameter("keyid", `"`+ed.keyID+`"`)
				r.signer = ed.sign
			}),
			status: 401, detail: "is not a key of the client in upvest-client-id",
		},
		{
			rule: "the token belongs to the client", source: auth,
			breaks: signed(get, with("authorization", "Bearer "+ed.token)),
			status: 401, detail: "the access token belongs to a different client",
		},
	})
	check(t, small, []rule{{
		rule: "two keys may use the same nonce", source: choice,
		keeps: func(c *caller) *request {
			used := ed.get().sign()
			if a := ed.send(t, used); a.status != 200 {
				t.Errorf("the first use of the nonce got %d %s, want 200", a.status, a.body)
			}
			r := c.get()
			r.setParameter("nonce", strings.TrimPrefix(used.parameters[3], "nonce="))
			return r.sign()
		},
	}})
	check(t, small, []rule{{rule: "the curve P-256 is accepted", source: choice, keeps: signed(post, asIs)}})

	made := ed.send(t, ed.post().sign()).object(t)["id"].(string)
	if a := ed.send(t, at("/portfolios/allocations/"+made)(ed).sign()); a.status != 200 {
		t.Errorf("the owner's request for the allocation got %d %s, want 200", a.status, a.body)
	}
	if a := ec.send(t, at("/portfolios/allocations/"+made)(ec).sign()); a.status != 404 {
		t.Errorf("another client's request for the allocation got %d %s, want 404", a.status, a.body)
	}
}

// TestKeyFiles requires that the program reads key files that openssl wrote.
// wrapper/testdata/keys/README.md lists the commands.
func TestKeyFiles(t *testing.T) {
	for _, name := range []string{
		"ed25519-pkcs8", "p521-pkcs8", "p521-sec1", "p521-sec1-parameters", "p521-public",
	} {
		file, err := filepath.Abs("../../wrapper/testdata/keys/" + name + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		// start needs a first client whose private key is in a file, so the tested key
		// belongs to a second client.
		start(t, "-client", "", "-client", "key="+file)
	}
}

func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func publicFile(t *testing.T, directory, name string, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(directory, name)
	content := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// raw returns a signature in the form that some libraries produce: r followed by s.
func raw(t *testing.T, key *ecdsa.PrivateKey, base string) []byte {
	t.Helper()
	sum := sha512.Sum512([]byte(base))
	der, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	var parsed struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &parsed); err != nil {
		t.Fatal(err)
	}
	return append(parsed.R.FillBytes(make([]byte, 66)), parsed.S.FillBytes(make([]byte, 66))...)
}

// TestKeyForms requires that the sandbox writes key files in each form that Upvest's
// official signers read, and accepts signatures made with each of these keys.
func TestKeyForms(t *testing.T) {
	directory := t.TempDir()
	for form, want := range map[string]struct{ block, passphrase string }{
		"ed25519": {
			block: "PRIVATE KEY",
		}, "p521": {
			block: "EC PRIVATE KEY",
		}, "p521-encrypted": {
			block: "EC PRIVATE KEY", passphrase: "upvest-sandbox",
		},
	} {
		p := start(t, "-keys", directory, "-client",
			"id=6b4e5d2a-5ea1-4f07-9d1a-0d3f6f5e8a01,secret=one,key-id=k", "-key-form", form)
		content, err := os.ReadFile(p.variables["HTTP_SIGN_PRIVATE_KEY_FILENAME"])
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(content)
		encrypted := strings.HasPrefix(block.Headers["Proc-Type"], "4,ENCRYPTED")
		if passphrase := p.variables["HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"]; block.Type != want.block ||
			passphrase != want.passphrase ||
			encrypted != (passphrase != "") {
			t.Errorf("%s: got the block %s with the headers %v and the passphrase %q, want %s and %q",
				form, block.Type, block.Headers, passphrase, want.block, want.passphrase)
		}
		if a := p.loggedIn(t); a.send(t, a.get().sign()).status != 200 {
			t.Errorf("%s: a request that is signed with the key was refused", form)
		}
	}
	files, err := os.ReadDir(directory)
	if err != nil || len(files) != 6 {
		t.Errorf("the directory has %v (error %v), want a key file and a file with variables for each form",
			files, err)
	}
}

func decrypted(t testing.TB, block *pem.Block, passphrase string) []byte {
	t.Helper()
	if passphrase == "" {
		return block.Bytes
	}
	//nolint:staticcheck // Upvest's instructions produce this form
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return der
}
