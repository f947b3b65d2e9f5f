package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// CheckKey returns nil for a public key that the sandbox can use to verify signatures,
// and an error for any other key. Upvest documents Ed25519, and ECDSA on P-521. CheckKey
// also accepts ECDSA on P-256 and P-384, because official samples use P-256.
func CheckKey(key crypto.PublicKey) error {
	switch key := key.(type) {
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return nil
		}
		return fmt.Errorf("an Ed25519 public key has %d bytes, but this key has %d",
			ed25519.PublicKeySize, len(key))
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P521(), elliptic.P384(), elliptic.P256():
			return nil
		}
		return errors.New("an ECDSA public key must be on the curve P-521, P-384 or P-256")
	default:
		return fmt.Errorf("a public key of type %T cannot be used, expected Ed25519 or ECDSA on P-521", key)
	}
}

// checkSignature verifies the signature over the base. If the signature is wrong and
// diagnose is set, checkSignature tries common mistakes, so that the response can name
// the mistake that the client made.
func checkSignature(key crypto.PublicKey, b base, signature []byte, diagnose bool) *Failure {
	if verifies(key, b.text, signature) {
		return nil
	}
	if diagnose {
		if detail := diagnosis(key, b.text, signature); detail != "" {
			return fail("%s", detail)
		}
	}
	switch key.(type) {
	case ed25519.PublicKey:
		if len(signature) != ed25519.SignatureSize {
			return fail("the signature has %d bytes, but an Ed25519 signature has 64", len(signature))
		}
	case *ecdsa.PublicKey:
		var parsed struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(signature, &parsed); err != nil || len(rest) > 0 {
			return fail("the signature is not ASN.1 DER, the form that ECDSA signatures must have " +
				"(not raw r||s)")
		}
	}
	return fail("the signature does not verify: the signed text differs from the signature base, " +
		"or a different private key was used")
}

// verifies reports whether a signature over a text is correct. Ed25519 signs the text
// itself, and ECDSA signs the SHA-512 digest of the text.
func verifies(key crypto.PublicKey, text string, signature []byte) bool {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(key, []byte(text), signature)
	case *ecdsa.PublicKey:
		digest := sha512.Sum512([]byte(text))
		return ecdsa.VerifyASN1(key, digest[:], signature)
	default:
		return false
	}
}
