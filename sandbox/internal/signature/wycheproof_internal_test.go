package signature

import (
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// wycheproof is a file of test vectors. Each vector has a message and a signature, which
// may be invalid.
type wycheproof struct {
	TestGroups []struct {
		PublicKeyPem string
		Tests        []struct {
			ID     int `json:"tcId"`
			Msg    string
			Sig    string
			Result string
		}
	}
}

// wycheproofFiles are the files with vectors for the documented kinds of keys. ECDSA
// signatures must be ASN.1 DER, so every raw signature (P1363) must be refused.
var wycheproofFiles = []struct {
	file    string
	cases   int
	refused bool // whether every vector must be refused, even a valid one
}{
	{file: "ed25519_test.json", cases: 151},
	{file: "ecdsa_secp521r1_sha512_test.json", cases: 542},
	{file: "ecdsa_secp521r1_sha512_p1363_test.json", cases: 318, refused: true},
}

// TestWycheproof requires that the verifier accepts the valid signatures of the
// Wycheproof test vectors, except raw ECDSA signatures, and no other signatures. The
// environment variable SUITES names the folder with the suites.
func TestWycheproof(t *testing.T) {
	if os.Getenv("SUITES") == "" {
		t.Skip("this test needs the files of Wycheproof; run it with `make suites`")
	}
	folder := filepath.Join(os.Getenv("SUITES"), "wycheproof")
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the suite wycheproof is missing: %v: set SUITES to the folder that contains it", err)
		}
		t.Skipf("the suite wycheproof is missing in %s: set SUITES to the folder that contains it", folder)
	}
	for _, vectors := range wycheproofFiles {
		text, err := os.ReadFile(filepath.Join(folder, vectors.file))
		if err != nil {
			t.Fatal(err)
		}
		var file wycheproof
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatalf("read %s: %v", vectors.file, err)
		}
		cases := 0
		hold := 0
		for _, group := range file.TestGroups {
			key := publicKey(t, group.PublicKeyPem)
			for _, vector := range group.Tests {
				cases++
				got := verifies(key, string(unhex(t, vector.Msg)), unhex(t, vector.Sig))
				if want := vector.Result == "valid" && !vectors.refused; got != want {
					t.Errorf("%s, case %d: verifies returned %t, want %t", vectors.file, vector.ID, got, want)
					continue
				}
				hold++
			}
		}
		fmt.Printf("%-55s %5d cases, %5d hold\n", "wycheproof "+vectors.file, cases, hold)
		if cases != vectors.cases {
			t.Errorf("%s has %d cases, want %d: update wycheproofFiles", vectors.file, cases, vectors.cases)
		}
	}
}

func publicKey(t *testing.T, text string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("the public key %q is not PEM", text)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	bytes, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
