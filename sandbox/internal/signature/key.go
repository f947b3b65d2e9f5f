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

// CheckKey returns nil for a public key that can verify signatures: Ed25519, or ECDSA on
// P-521. P-256 and P-384 are not documented, but accepted because official samples use
// P-256.
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
		return errors.New("an ECDSA public key must be on the curve P-521")
	default:
		return fmt.Errorf("a public key of type %T cannot be used, expected Ed25519 or ECDSA on P-521", key)
	}
}

// checkSignature verifies the signature over the base. If the signature is wrong and
// diagnose is set, it tries common mistakes, so that the response can name the one that
// was made.
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
			return fail("the signature has %d bytes, expected the 64 of Ed25519", len(signature))
		}
	case *ecdsa.PublicKey:
		var parsed struct{ R, S *big.Int }
		if rest, err := asn1.Unmarshal(signature, &parsed); err != nil || len(rest) > 0 {
			return fail("the signature is not ASN.1 DER, the form that ECDSA signatures must have " +
				"(not raw r||s)")
		}
	}
	return fail("the signature does not verify: the signed text differs from the signature base, " +
		"or another private key was used")
}

// verifies checks a signature over a text: Ed25519 signs the text itself, ECDSA its
// SHA-512.
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
