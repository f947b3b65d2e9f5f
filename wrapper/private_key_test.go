package wrapper_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const keyPassphrase = "correct-horse"

// p521Forms are files of one and the same key.
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
		t.Fatalf("p521-public.pem holds %T on another curve", public)
	}

	for _, name := range p521Forms {
		text := readKeyFile(t, name)
		for form, text := range map[string][]byte{
			"as openssl wrote it": text,
			"after a remark":      append([]byte("Key Attributes\n    friendlyName: upvest\n"), text...),
			// Line ends, a byte order mark and no newline at the end.
			"as Windows keeps it": append([]byte("\ufeff"), bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))...),
		} {
			t.Run(name+"/"+form, func(t *testing.T) {
				key, err := upvest.ParsePrivateKey(text, keyPassphrase)
				if err != nil {
					t.Fatal(err)
				}
				if !want.Equal(key.Public()) {
					t.Error("not the key of p521-public.pem")
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
		t.Errorf("plain file holds %T, not the Ed25519 key of the encrypted file", plain)
	}
	requireSigns(t, plain)

	p256, err := upvest.ParsePrivateKey(readKeyFile(t, "p256-pkcs8.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := p256.Public().(*ecdsa.PublicKey); !ok || public.Curve != elliptic.P256() {
		t.Errorf("got %T, want ECDSA on P-256", p256)
	}
	requireSigns(t, p256)
}

func TestParsePrivateKeyIgnoresPassphraseOfPlainKey(t *testing.T) {
	for _, name := range []string{"p521-sec1.pem", "p521-pkcs8.pem", "ed25519-pkcs8.pem"} {
		if _, err := upvest.ParsePrivateKey(readKeyFile(t, name), "unused"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParsePrivateKeyRefusesOtherInput(t *testing.T) {
	file := func(name string) []byte { return readKeyFile(t, name) }
	plain, encrypted := file("p521-sec1.pem"), file("p521-sec1-aes256.pem")
	sec1 := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}) }
	header := func(dek string) []byte {
		block, _ := pem.Decode(encrypted)
		block.Headers["DEK-Info"] = dek
		return pem.EncodeToMemory(block)
	}

	for name, test := range map[string]struct {
		text []byte
		want string
	}{
		"scrypt":                   {file("p521-pkcs8-scrypt.pem"), "openssl pkcs8 -topk8 -v2 aes-256-cbc"},
		"nothing":                  {nil, "not PEM"},
		"words":                    {[]byte("my key"), "not PEM"},
		"DER":                      {[]byte{0x30, 0x03, 0x02, 0x01, 0x01}, "not PEM"},
		"line breaks lost":         {bytes.ReplaceAll(plain, []byte("\n"), []byte(" ")), "line breaks"},
		"indented":                 {bytes.ReplaceAll(plain, []byte("\n"), []byte("\n  ")), "margin"},
		"cut off":                  {plain[:len(plain)/2], "line breaks"},
		"not base64 inside":        {bytes.Replace(plain, []byte("\n"), []byte("\n!!!!"), 1), "line breaks"},
		"not ASN.1 inside":         {sec1([]byte("not ASN.1")), "copy the file again"},
		"nothing inside":           {sec1(nil), "copy the file again"},
		"PKCS#8, not ASN.1 inside": {pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("not ASN.1")}), "copy the file again"},
		"Ed25519 of 31 bytes":      {shortEd25519(t), "copy the file again"},
		"PKCS#8 under SEC1 header": {bytes.ReplaceAll(file("p521-pkcs8.pem"), []byte(" PRIVATE"), []byte(" EC PRIVATE")), "copy the file again"},
		"two private keys":         {append(bytes.Clone(plain), file("ed25519-pkcs8.pem")...), "more than one private key"},
		"damaged second key":       {append(bytes.Clone(plain), plain[:len(plain)/2]...), "line breaks"},
		"public key":               {file("p521-public.pem"), "no private key"},
		"certificate":              {file("p521-certificate.pem"), "no private key"},
		"OpenSSH key":              {pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY"}), "OpenSSH"},
		"RSA, PKCS#1":              {file("rsa-pkcs1.pem"), "RSA: use ECDSA on P-521 or Ed25519"},
		"RSA, PKCS#8":              {file("rsa-pkcs8.pem"), "RSA: use ECDSA on P-521 or Ed25519"},
		"RSA, encrypted PKCS#8":    {file("rsa-pkcs8-aes256.pem"), "RSA: use ECDSA on P-521 or Ed25519"},
		"DSA":                      {file("dsa-traditional.pem"), "DSA: use ECDSA on P-521 or Ed25519"},
		"DSA, PKCS#8":              {file("dsa-pkcs8.pem"), "DSA: use ECDSA on P-521 or Ed25519"},
		"Ed448":                    {file("ed448-pkcs8.pem"), "of another algorithm: use ECDSA on P-521 or Ed25519"},
		"X25519":                   {file("x25519-pkcs8.pem"), "of another algorithm: use ECDSA on P-521 or Ed25519"},
		"secp256k1":                {file("secp256k1-sec1.pem"), "make a key on P-521"},
		"explicit parameters":      {file("p521-sec1-explicit.pem"), "make a key on P-521"},
		"PBES1":                    {file("p521-pkcs8-pbes1.pem"), "encrypt it again"},
		"unknown cipher in header": {header("CAMELLIA-256-CBC,00112233445566778899AABBCCDDEEFF"), "encrypt it again"},
		"short vector in header":   {header("AES-256-CBC,0011"), "encrypt it again"},
		"no vector in header":      {header("AES-256-CBC"), "encrypt it again"},
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

// One wrong passphrase in 256 decrypts a file of openssl ec -aes256 to bytes that end as if they were padded.
func TestParsePrivateKeyRefusesPassphraseThatLooksRight(t *testing.T) {
	text := readKeyFile(t, "p521-sec1-aes256.pem")
	block, _ := pem.Decode(text)
	found := 0
	for n := 0; found < 3 && n < 100_000; n++ {
		passphrase := "wrong-" + strconv.Itoa(n)
		//lint:ignore SA1019 the test needs passphrases that this function takes for right
		if _, err := x509.DecryptPEMBlock(block, []byte(passphrase)); err == nil {
			found++
			requireRefused(t, text, passphrase, "passphrase is wrong")
		}
	}
	if found == 0 {
		t.Error("no wrong passphrase was found that looks right")
	}
}

func TestParsePrivateKeySurvivesHostilePKCS8(t *testing.T) {
	var (
		pbes2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
		kdf2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
		scrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
		aes256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
		aesGCM = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 46}
		md5    = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 6}}
		salt   = make([]byte, 8)
		iv     = make([]byte, 16)
		data   = make([]byte, 32)
	)
	type rounds struct {
		Salt       []byte
		Iterations int
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
	type sizedRounds struct {
		Salt                  []byte
		Iterations, KeyLength int
		PRF                   pkix.AlgorithmIdentifier
	}
	type costs struct {
		Salt    []byte
		N, R, P int
	}
	type container struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	marshal := func(value any) []byte {
		der, err := asn1.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	algorithm := func(id asn1.ObjectIdentifier, parameters any) pkix.AlgorithmIdentifier {
		return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.RawValue{FullBytes: marshal(parameters)}}
	}
	envelope := func(derivation, encryption pkix.AlgorithmIdentifier, data []byte) []byte {
		parameters := struct{ Derivation, Encryption pkix.AlgorithmIdentifier }{derivation, encryption}
		return marshal(container{algorithm(pbes2, parameters), data})
	}
	good := algorithm(kdf2, rounds{Salt: salt, Iterations: 1})
	cbc := algorithm(aes256, iv)

	for name, test := range map[string]struct {
		der  []byte
		want string
	}{
		"control":                  {envelope(good, cbc, data), "passphrase is wrong"},
		"endless PBKDF2":           {envelope(algorithm(kdf2, rounds{Salt: salt, Iterations: math.MaxInt32}), cbc, data), "too much work"},
		"PBKDF2 just over limit":   {envelope(algorithm(kdf2, rounds{Salt: salt, Iterations: 10_000_001}), cbc, data), "too much work"},
		"no round of PBKDF2":       {envelope(algorithm(kdf2, rounds{Salt: salt}), cbc, data), "encrypt it again"},
		"negative PBKDF2":          {envelope(algorithm(kdf2, rounds{Salt: salt, Iterations: -1}), cbc, data), "encrypt it again"},
		"PBKDF2 of unknown hash":   {envelope(algorithm(kdf2, rounds{salt, 1, md5}), cbc, data), "encrypt it again"},
		"unknown hash after size":  {envelope(algorithm(kdf2, sizedRounds{salt, 1, 32, md5}), cbc, data), "encrypt it again"},
		"PBKDF2 without numbers":   {envelope(algorithm(kdf2, "text"), cbc, data), "encrypt it again"},
		"scrypt with any numbers":  {envelope(algorithm(scrypt, costs{salt, 1 << 30, 8, 1}), cbc, data), "openssl pkcs8 -topk8 -v2 aes-256-cbc"},
		"unknown key derivation":   {envelope(algorithm(aes256, iv), cbc, data), "encrypt it again"},
		"unknown cipher":           {envelope(good, algorithm(aesGCM, iv), data), "encrypt it again"},
		"short vector":             {envelope(good, algorithm(aes256, iv[:4]), data), "encrypt it again"},
		"data not in whole blocks": {envelope(good, cbc, data[:31]), "copy the file again"},
		"no data":                  {envelope(good, cbc, nil), "passphrase is wrong"},
		"bytes after the end":      {append(envelope(good, cbc, data), 0), "copy the file again"},
		"PBES2 without parameters": {marshal(container{algorithm(pbes2, "text"), data}), "encrypt it again"},
		"no ASN.1":                 {[]byte("no ASN.1"), "copy the file again"},
	} {
		t.Run(name, func(t *testing.T) {
			text := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: test.der})
			requireRefused(t, text, keyPassphrase, test.want)
		})
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

// shortEd25519 is a PKCS#8 key whose seed lacks its last byte.
func shortEd25519(t *testing.T) []byte {
	t.Helper()
	block, _ := pem.Decode(readKeyFile(t, "ed25519-pkcs8.pem"))
	der := block.Bytes[:len(block.Bytes)-1]
	for _, length := range []int{1, 13, 15} { // The lengths of the key, of the octets around the seed and of the seed.
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

// requireSigns proves that the key is whole: its signature is good under its own public key.
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
		t.Fatalf("public key is %T", public)
	}
	if !good {
		t.Error("its signature is not good under its own public key")
	}
}

func requireRefused(t *testing.T, text []byte, passphrase, want string) {
	t.Helper()
	key, err := upvest.ParsePrivateKey(text, passphrase)
	if err == nil {
		t.Fatalf("got a key, want an error with %q", want)
	}
	requireErrorText(t, key, err)
	if !strings.Contains(err.Error(), want) {
		t.Errorf("got %q, want it to hold %q", err, want)
	}
	if passphrase != "" && strings.Contains(err.Error(), passphrase) {
		t.Errorf("%q holds the passphrase", err)
	}
}

// requireErrorText checks what holds for every error: it names the field and, behind a second colon, what to do, in one line.
func requireErrorText(t *testing.T, key crypto.Signer, err error) {
	t.Helper()
	if key != nil {
		t.Error("got a key beside the error")
	}
	text := err.Error()
	if !strings.HasPrefix(text, "private key: ") || strings.Count(text, ": ") != 2 {
		t.Errorf("%q is not of the form private key: what is wrong: what to do", text)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("%q holds more than one line of plain text", text)
	}
}
