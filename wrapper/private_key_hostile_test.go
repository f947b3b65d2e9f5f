package wrapper_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math"
	"testing"
)

// Object identifiers (OIDs) that occur in encrypted PKCS#8 files.
var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidAES256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidAESGCM = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 46}
	oidMD5    = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 6}
)

// pbkdf2 contains the parameters of PBKDF2, without the optional length of the key.
type pbkdf2 struct {
	Salt       []byte
	Iterations int
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// sizedPBKDF2 contains the parameters of PBKDF2, with the length of the key.
type sizedPBKDF2 struct {
	Salt       []byte
	Iterations int
	KeyLength  int
	PRF        pkix.AlgorithmIdentifier
}

// scryptCosts contains the parameters of scrypt.
type scryptCosts struct {
	Salt    []byte
	N, R, P int
}

// pkcs8 is the ASN.1 structure of an encrypted PKCS#8 key (EncryptedPrivateKeyInfo).
type pkcs8 struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 contains the parameters of PBES2.
type pbes2 struct{ Derivation, Encryption pkix.AlgorithmIdentifier }

func marshal(t *testing.T, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func algorithm(t *testing.T, id asn1.ObjectIdentifier, parameters any) pkix.AlgorithmIdentifier {
	t.Helper()
	raw := asn1.RawValue{FullBytes: marshal(t, parameters)}
	return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: raw}
}

// encrypted returns an encrypted PKCS#8 file with the given key derivation and cipher.
func encrypted(t *testing.T, derivation, cipher pkix.AlgorithmIdentifier, data []byte) []byte {
	t.Helper()
	parameters := pbes2{Derivation: derivation, Encryption: cipher}
	return marshal(t, pkcs8{Algorithm: algorithm(t, oidPBES2, parameters), Data: data})
}

// requirePKCS8Refused requires that ParsePrivateKey refuses a PEM file with the given
// DER, and that the error contains want.
func requirePKCS8Refused(t *testing.T, der []byte, want string) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
	requireRefused(t, text, keyPassphrase, want)
}

func TestParsePrivateKeySurvivesHostileKeyDerivations(t *testing.T) {
	salt := make([]byte, 8)
	cipher := algorithm(t, oidAES256, make([]byte, 16))
	md5 := pkix.AlgorithmIdentifier{Algorithm: oidMD5}
	for name, test := range map[string]struct {
		id         asn1.ObjectIdentifier
		parameters any
		want       string
	}{
		"valid parameters and a wrong passphrase": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt, Iterations: 1},
			want:       "passphrase is wrong",
		},
		"an endless number of iterations": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt, Iterations: math.MaxInt32},
			want:       "too many rounds",
		},
		"one iteration over the limit": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt, Iterations: 10_000_001},
			want:       "too many rounds",
		},
		"no iterations": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt},
			want:       "encrypt it again",
		},
		"negative iterations": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt, Iterations: -1},
			want:       "encrypt it again",
		},
		"unknown hash": {
			id:         oidPBKDF2,
			parameters: pbkdf2{Salt: salt, Iterations: 1, PRF: md5},
			want:       "encrypt it again",
		},
		"unknown hash after a key length": {
			id:         oidPBKDF2,
			parameters: sizedPBKDF2{Salt: salt, Iterations: 1, KeyLength: 32, PRF: md5},
			want:       "encrypt it again",
		},
		"text instead of numbers": {
			id:         oidPBKDF2,
			parameters: "text",
			want:       "encrypt it again",
		},
		"scrypt": {
			id:         oidScrypt,
			parameters: scryptCosts{Salt: salt, N: 1 << 30, R: 8, P: 1},
			want:       "openssl pkcs8 -topk8 -v2 aes-256-cbc",
		},
		"unknown derivation": {
			id:         oidAES256,
			parameters: make([]byte, 16),
			want:       "encrypt it again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			derivation := algorithm(t, test.id, test.parameters)
			requirePKCS8Refused(t, encrypted(t, derivation, cipher, make([]byte, 32)), test.want)
		})
	}
}

func TestParsePrivateKeySurvivesHostileCiphers(t *testing.T) {
	derivation := algorithm(t, oidPBKDF2, pbkdf2{Salt: make([]byte, 8), Iterations: 1})
	vector := make([]byte, 16)
	cipher := algorithm(t, oidAES256, vector)
	data := make([]byte, 32)
	noParameters := pkcs8{Algorithm: algorithm(t, oidPBES2, "text"), Data: data}
	for name, test := range map[string]struct {
		der  []byte
		want string
	}{
		"unknown cipher": {
			der:  encrypted(t, derivation, algorithm(t, oidAESGCM, vector), data),
			want: "encrypt it again",
		},
		"short vector": {
			der:  encrypted(t, derivation, algorithm(t, oidAES256, vector[:4]), data),
			want: "encrypt it again",
		},
		"data not in whole blocks": {
			der:  encrypted(t, derivation, cipher, data[:31]),
			want: "copy the file again",
		},
		"no data": {
			der:  encrypted(t, derivation, cipher, nil),
			want: "passphrase is wrong",
		},
		"bytes after the end": {
			der:  append(encrypted(t, derivation, cipher, data), 0),
			want: "copy the file again",
		},
		"PBES2 without parameters": {der: marshal(t, noParameters), want: "encrypt it again"},
		"no ASN.1":                 {der: []byte("no ASN.1"), want: "copy the file again"},
	} {
		t.Run(name, func(t *testing.T) { requirePKCS8Refused(t, test.der, test.want) })
	}
}
