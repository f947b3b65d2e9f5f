package wrapper_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const keyPassphrase = "correct-horse"

// p521Forms are files that contain the same key in different forms.
var p521Forms = []string{
	"p521-sec1.pem",
	"p521-sec1-aes256.pem",
	"p521-sec1-parameters.pem",
	"p521-pkcs8.pem",
	"p521-pkcs8-aes256-sha256.pem",
	"p521-pkcs8-aes256-sha512.pem",
	"p521-pkcs8-aes192-sha384.pem",
	"p521-pkcs8-aes128-sha1.pem",
	"p521-pkcs8-des3-sha224.pem",
	"p521-bag-attributes.pem",
}

// encryptedForms are files that contain an encrypted key.
var encryptedForms = []string{
	"p521-sec1-aes256.pem",
	"p521-pkcs8-aes256-sha256.pem",
	"p521-pkcs8-aes256-sha512.pem",
	"p521-pkcs8-aes192-sha384.pem",
	"p521-pkcs8-aes128-sha1.pem",
	"p521-pkcs8-des3-sha224.pem",
	"ed25519-pkcs8-aes256.pem",
}

func TestParsePrivateKeyReadsEveryFormOfOneKey(t *testing.T) {
	block, _ := pem.Decode(readKeyFile(t, "p521-public.pem"))
	if block == nil {
		t.Fatal("p521-public.pem is not PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	want, ok := public.(*ecdsa.PublicKey)
	if !ok || want.Curve != elliptic.P521() {
		t.Fatalf("p521-public.pem contains a %T, want a key on P-521", public)
	}

	for _, name := range p521Forms {
		text := string(readKeyFile(t, name))
		for form, text := range map[string]string{
			"as openssl wrote it": text,
			"after a remark":      "Key Attributes\n    friendlyName: upvest\n" + text,
			// This form has a byte order mark, and no line break at the end.
			"as Windows keeps it": "\ufeff" + strings.TrimSpace(strings.ReplaceAll(text, "\n", "\r\n")),
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				key, err := upvest.ParsePrivateKey([]byte(text), keyPassphrase)
				if err != nil {
					t.Fatal(err)
				}
				if !want.Equal(key.Public()) {
					t.Error("the key does not belong to p521-public.pem, want the private half of this key")
				}
				requireSigns(t, key)
			})
		}
	}
}

func TestParsePrivateKeyReadsEd25519AndOtherCurves(t *testing.T) {
	plain, err := upvest.ParsePrivateKey(readKeyFile(t, "ed25519-pkcs8.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := upvest.ParsePrivateKey(readKeyFile(t, "ed25519-pkcs8-aes256.pem"), keyPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := plain.Public().(ed25519.PublicKey); !ok || !public.Equal(encrypted.Public()) {
		t.Errorf("the plain file contains a %T, want the same Ed25519 key as the encrypted file", plain)
	}
	requireSigns(t, plain)

	p256, err := upvest.ParsePrivateKey(readKeyFile(t, "p256-pkcs8.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := p256.Public().(*ecdsa.PublicKey); !ok || public.Curve != elliptic.P256() {
		t.Errorf("got a %T, want an ECDSA key on P-256", p256)
	}
	requireSigns(t, p256)
}

func TestParsePrivateKeyIgnoresPassphraseOfPlainKey(t *testing.T) {
	for _, name := range []string{"p521-sec1.pem", "p521-pkcs8.pem", "ed25519-pkcs8.pem"} {
		if _, err := upvest.ParsePrivateKey(readKeyFile(t, name), "unused"); err != nil {
			t.Errorf("%s: got the error %v, want the passphrase to be ignored", name, err)
		}
	}
}

func TestParsePrivateKeyRefusesUnsupportedInput(t *testing.T) {
	file := func(name string) []byte { return readKeyFile(t, name) }
	plain := file("p521-sec1.pem")
	encrypted := file("p521-sec1-aes256.pem")
	sec1 := func(der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	}
	header := func(dek string) []byte {
		block, _ := pem.Decode(encrypted)
		block.Headers["DEK-Info"] = dek
		return pem.EncodeToMemory(block)
	}

	for name, test := range map[string]struct {
		text []byte
		want string
	}{
		"scrypt": {
			text: file("p521-pkcs8-scrypt.pem"),
			want: "openssl pkcs8 -topk8 -v2 aes-256-cbc",
		},
		"no input":    {want: "not PEM"},
		"plain words": {text: []byte("my key"), want: "not PEM"},
		"DER":         {text: []byte{0x30, 0x03, 0x02, 0x01, 0x01}, want: "not PEM"},
		"without line breaks": {
			text: bytes.ReplaceAll(plain, []byte("\n"), []byte(" ")),
			want: "line breaks",
		},
		"indented": {
			text: bytes.ReplaceAll(plain, []byte("\n"), []byte("\n  ")),
			want: "margin",
		},
		"cut off": {text: plain[:len(plain)/2], want: "line breaks"},
		"not base64 inside": {
			text: bytes.Replace(plain, []byte("\n"), []byte("\n!!!!"), 1),
			want: "line breaks",
		},
		"not ASN.1 inside":   {text: sec1([]byte("not ASN.1")), want: "copy the file again"},
		"an empty PEM block": {text: sec1(nil), want: "copy the file again"},
		"PKCS#8, not ASN.1 inside": {
			text: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not ASN.1")}),
			want: "copy the file again",
		},
		"Ed25519 of 31 bytes": {text: shortEd25519(t), want: "copy the file again"},
		"PKCS#8 under SEC1 header": {
			text: bytes.ReplaceAll(file("p521-pkcs8.pem"), []byte(" PRIVATE"), []byte(" EC PRIVATE")),
			want: "copy the file again",
		},
		"two private keys": {
			text: append(bytes.Clone(plain), file("ed25519-pkcs8.pem")...),
			want: "more than one private key",
		},
		"a damaged second key": {
			text: append(bytes.Clone(plain), plain[:len(plain)/2]...),
			want: "line breaks",
		},
		"public key":  {text: file("p521-public.pem"), want: "no private key"},
		"certificate": {text: file("p521-certificate.pem"), want: "no private key"},
		"OpenSSH key": {
			text: pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY"}),
			want: "OpenSSH",
		},
		"RSA, PKCS#1": {text: file("rsa-pkcs1.pem"), want: "RSA: use ECDSA on P-521 or Ed25519"},
		"RSA, PKCS#8": {text: file("rsa-pkcs8.pem"), want: "RSA: use ECDSA on P-521 or Ed25519"},
		"RSA, encrypted PKCS#8": {
			text: file("rsa-pkcs8-aes256.pem"),
			want: "RSA: use ECDSA on P-521 or Ed25519",
		},
		"DSA": {
			text: file("dsa-traditional.pem"),
			want: "DSA: use ECDSA on P-521 or Ed25519",
		},
		"DSA, PKCS#8": {text: file("dsa-pkcs8.pem"), want: "DSA: use ECDSA on P-521 or Ed25519"},
		"Ed448": {
			text: file("ed448-pkcs8.pem"),
			want: "of an unsupported algorithm: use ECDSA on P-521 or Ed25519",
		},
		"X25519": {
			text: file("x25519-pkcs8.pem"),
			want: "of an unsupported algorithm: use ECDSA on P-521 or Ed25519",
		},
		"secp256k1":           {text: file("secp256k1-sec1.pem"), want: "make a key on P-521"},
		"explicit parameters": {text: file("p521-sec1-explicit.pem"), want: "make a key on P-521"},
		"PBES1":               {text: file("p521-pkcs8-pbes1.pem"), want: "encrypt it again"},
		"unknown cipher in header": {
			text: header("CAMELLIA-256-CBC,00112233445566778899AABBCCDDEEFF"),
			want: "encrypt it again",
		},
		"short vector in header": {text: header("AES-256-CBC,0011"), want: "encrypt it again"},
		"no vector in header":    {text: header("AES-256-CBC"), want: "encrypt it again"},
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, test.text, keyPassphrase, test.want) })
	}
}

func TestParsePrivateKeyNeedsTheRightPassphrase(t *testing.T) {
	for _, name := range encryptedForms {
		t.Run(name, func(t *testing.T) {
			text := readKeyFile(t, name)
			requireRefused(t, text, "", "no passphrase is given")
			requireRefused(t, text, "battery-staple", "passphrase is wrong")
			requireRefused(t, text, keyPassphrase+"\n", "passphrase is wrong")
		})
	}
}

// With about one in 256 wrong passphrases, a file that `openssl ec -aes256` wrote
// decrypts to bytes with valid padding. ParsePrivateKey must refuse these passphrases,
// too.
func TestParsePrivateKeyRefusesAWrongPassphraseWithValidPadding(t *testing.T) {
	text := readKeyFile(t, "p521-sec1-aes256.pem")
	block, _ := pem.Decode(text)
	found := 0
	for n := 0; found < 3 && n < 100_000; n++ {
		passphrase := "wrong-" + strconv.Itoa(n)
		//nolint:staticcheck // the test needs wrong passphrases that this function accepts
		if _, err := x509.DecryptPEMBlock(block, []byte(passphrase)); err == nil {
			found++
			requireRefused(t, text, passphrase, "passphrase is wrong")
		}
	}
	if found == 0 {
		t.Error("no wrong passphrase led to valid padding, want at least one such passphrase")
	}
}

func FuzzParsePrivateKey(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "keys", "*.pem"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no keys in testdata: %v", err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, keyPassphrase)
		f.Add(text, "")
	}
	f.Fuzz(func(t *testing.T, text []byte, passphrase string) {
		key, err := upvest.ParsePrivateKey(text, passphrase)
		if err != nil {
			requireErrorText(t, key, err)
			return
		}
		requireSigns(t, key)
	})
}

// shortEd25519 returns a PKCS#8 file with an Ed25519 key of 31 bytes instead of 32.
func shortEd25519(t *testing.T) []byte {
	t.Helper()
	block, _ := pem.Decode(readKeyFile(t, "ed25519-pkcs8.pem"))
	der := block.Bytes[:len(block.Bytes)-1]
	// The bytes at these indexes are the lengths of the whole key, of the outer octet
	// string and of the inner octet string.
	for _, length := range []int{1, 13, 15} {
		der[length]--
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func readKeyFile(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// requireSigns signs a message with the key, and verifies the signature with the public
// half of the key.
func requireSigns(t *testing.T, key crypto.Signer) {
	t.Helper()
	message := []byte("signature base")
	digest := sha512.Sum512(message)
	good := false
	switch public := key.Public().(type) {
	case *ecdsa.PublicKey:
		signature, err := key.Sign(nil, digest[:], crypto.SHA512)
		if err != nil {
			t.Fatal(err)
		}
		good = ecdsa.VerifyASN1(public, digest[:], signature)
	case ed25519.PublicKey:
		signature, err := key.Sign(nil, message, crypto.Hash(0))
		if err != nil {
			t.Fatal(err)
		}
		good = ed25519.Verify(public, message, signature)
	default:
		t.Fatalf("the public key is a %T, want ECDSA or Ed25519", public)
	}
	if !good {
		t.Error("the public half of the key refuses the signature, want a valid signature")
	}
}

func requireRefused(t *testing.T, text []byte, passphrase, want string) {
	t.Helper()
	key, err := upvest.ParsePrivateKey(text, passphrase)
	if err == nil {
		t.Fatalf("ParsePrivateKey returned a key, want an error that contains %q", want)
	}
	requireErrorText(t, key, err)
	if !strings.Contains(err.Error(), want) {
		t.Errorf("the error is %q, want it to contain %q", err, want)
	}
	if passphrase != "" && strings.Contains(err.Error(), passphrase) {
		t.Errorf("the error %q contains the passphrase, want no passphrase in it", err)
	}
}

// requireErrorText checks the form of an error: one line with the field, the cause and
// the remedy, separated by colons.
func requireErrorText(t *testing.T, key crypto.Signer, err error) {
	t.Helper()
	if key != nil {
		t.Error("ParsePrivateKey returned a key and an error, want only the error")
	}
	text := err.Error()
	if !strings.HasPrefix(text, "private key: ") || strings.Count(text, ": ") != 2 {
		t.Errorf("the error is %q, want the form \"private key: CAUSE: REMEDY\"", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("the error is %q, want only printable ASCII characters", text)
	}
}
