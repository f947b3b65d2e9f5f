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

// wycheproof is a file of test vectors. A vector is a signature over a message.
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

// wycheproofFiles are the vectors for the documented keys. ECDSA signatures must be ASN.1
// DER, so every raw one (P1363) is refused.
var wycheproofFiles = []struct {
	file    string
	cases   int
	refused bool // even if the vector is valid
}{
	{file: "ed25519_test.json", cases: 151},
	{file: "ecdsa_secp521r1_sha512_test.json", cases: 542},
	{file: "ecdsa_secp521r1_sha512_p1363_test.json", cases: 318, refused: true},
}

// TestWycheproof verifies the signatures of Wycheproof, in the folder that SUITES names.
func TestWycheproof(t *testing.T) {
	if os.Getenv("SUITES") == "" {
		t.Skip("make suites runs this test, which needs the files of Wycheproof")
	}
	folder := filepath.Join(os.Getenv("SUITES"), "wycheproof")
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the suite wycheproof is missing: %v: set SUITES to the folder that has it", err)
		}
		t.Skipf("the suite wycheproof is missing in %s: set SUITES to the folder that has it", folder)
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
					t.Errorf("%s, case %d: verifies is %t, want %t", vectors.file, vector.ID, got, want)
					continue
				}
				hold++
			}
		}
		fmt.Printf("%-55s %5d cases, %5d hold\n", "wycheproof "+vectors.file, cases, hold)
		if cases != vectors.cases {
			t.Errorf("%s has %d cases, want %d: correct wycheproofFiles", vectors.file, cases, vectors.cases)
		}
	}
}

func publicKey(t *testing.T, text string) crypto.PublicKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("%q is not PEM", text)
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
