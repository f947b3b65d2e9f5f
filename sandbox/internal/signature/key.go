package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
)

// CheckKey returns nil for a public key that signatures can be checked with: Ed25519, or ECDSA on P-521. P-256 and P-384 are not
// documented, but official samples use the first, so they are tolerated.
func CheckKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return nil
		}
		return fmt.Errorf("an Ed25519 public key has %d bytes, this one %d", ed25519.PublicKeySize, len(key))
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P521(), elliptic.P384(), elliptic.P256():
			return nil
		}
		return fmt.Errorf("an ECDSA public key must be on the curve P-521")
	default:
		return fmt.Errorf("a public key of type %T cannot be used, expected Ed25519 or ECDSA on P-521", key)
	}
}

// checkSignature verifies the signature over the base. When it is wrong, it can be held against the mistakes that are made in practice, so
// that the answer can name the one that was made.
func checkSignature(key crypto.PublicKey, b base, signature []byte, diagnose bool) *Failure {
	sum := sha512.Sum512([]byte(b.text))
	if verify(key, []byte(b.text), sum[:], signature) {
		return nil
	}
	for _, m := range mistakes {
		if diagnose && m.made(key, b.text, signature) {
			return fail("%s", m.says)
		}
	}
	switch key.(type) {
	case ed25519.PublicKey:
		if len(signature) != ed25519.SignatureSize {
			return fail("the signature has %d bytes, expected the 64 of Ed25519", len(signature))
		}
	case *ecdsa.PublicKey:
		var parsed struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(signature, &parsed); err != nil || len(rest) > 0 {
			return fail("the signature is not ASN.1 DER, the form that ECDSA signatures must have (not raw r||s)")
		}
	}
	return fail("the signature does not verify: the signed text differs from the signature base, or another private key was used")
}

// verify takes the text for Ed25519, which hashes by itself, and the digest for ECDSA.
func verify(key crypto.PublicKey, text, digest, signature []byte) bool {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, text, signature)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, digest, signature)
	default:
		return false
	}
}

type mistake struct {
	says string
	made func(key crypto.PublicKey, text string, signature []byte) bool
}

var mistakes = []mistake{
	{
		says: "the ECDSA signature is raw r||s, expected ASN.1 DER",
		made: func(key crypto.PublicKey, text string, signature []byte) bool {
			ec, ok := key.(*ecdsa.PublicKey)
			if !ok || len(signature)%2 != 0 || len(signature) != 2*((ec.Curve.Params().BitSize+7)/8) {
				return false
			}
			half := len(signature) / 2
			sum := sha512.Sum512([]byte(text))
			return ecdsa.Verify(ec, sum[:], new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
		},
	},
	{
		says: "the ECDSA signature is over a SHA-256 digest, expected SHA-512",
		made: func(key crypto.PublicKey, text string, signature []byte) bool {
			sum := sha256.Sum256([]byte(text))
			return isECDSA(key) && verify(key, nil, sum[:], signature)
		},
	},
	{
		says: "the ECDSA signature is over a SHA-384 digest, expected SHA-512",
		made: func(key crypto.PublicKey, text string, signature []byte) bool {
			sum := sha512.Sum384([]byte(text))
			return isECDSA(key) && verify(key, nil, sum[:], signature)
		},
	},
	{
		says: "the Ed25519 signature is over a digest of the signature base, expected the base itself",
		made: func(key crypto.PublicKey, text string, signature []byte) bool {
			sum := sha512.Sum512([]byte(text))
			return !isECDSA(key) && verify(key, sum[:], nil, signature)
		},
	},
	{
		says: "the signed text ends with a newline, expected none after the last line",
		made: signedText(func(text string) string { return text + "\n" }),
	},
	{
		says: `the signed text lacks the line "@signature-params"`,
		made: signedText(func(text string) string { return text[:strings.LastIndex(text, "\n")+1] }),
	},
	{
		says: `the signed text lacks the line "@signature-params"`,
		made: signedText(func(text string) string { return strings.TrimSuffix(text[:strings.LastIndex(text, "\n")+1], "\n") }),
	},
	{
		says: `the signed text has "@query" without its leading question mark`,
		made: signedText(func(text string) string { return strings.Replace(text, `"@query": ?`, `"@query": `, 1) }),
	},
}

func isECDSA(key crypto.PublicKey) bool {
	_, ok := key.(*ecdsa.PublicKey)
	return ok
}

func signedText(wrong func(string) string) func(crypto.PublicKey, string, []byte) bool {
	return func(key crypto.PublicKey, text string, signature []byte) bool {
		other := wrong(text)
		sum := sha512.Sum512([]byte(other))
		return other != text && verify(key, []byte(other), sum[:], signature)
	}
}
