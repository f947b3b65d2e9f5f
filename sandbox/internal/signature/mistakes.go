package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"math/big"
)

// diagnosis returns a description of the mistake that explains a wrong signature, or ""
// if no known mistake explains it.
func diagnosis(key crypto.PublicKey, text string, signature []byte) string {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if detail := ecdsaDiagnosis(key, text, signature); detail != "" {
			return detail
		}
	case ed25519.PublicKey:
		digest := sha512.Sum512([]byte(text))
		if ed25519.Verify(key, digest[:], signature) {
			return "the Ed25519 signature is over a digest of the signature base, expected the base itself"
		}
	}
	for _, m := range textMistakes {
		if signed := m.signed(text); signed != text && verifies(key, signed, signature) {
			return m.detail
		}
	}
	return ""
}

func ecdsaDiagnosis(key *ecdsa.PublicKey, text string, signature []byte) string {
	if isRaw(key, text, signature) {
		return "the ECDSA signature is raw r||s, expected ASN.1 DER"
	}
	if digest := sha256.Sum256([]byte(text)); ecdsa.VerifyASN1(key, digest[:], signature) {
		return "the ECDSA signature is over a SHA-256 digest, expected SHA-512"
	}
	if digest := sha512.Sum384([]byte(text)); ecdsa.VerifyASN1(key, digest[:], signature) {
		return "the ECDSA signature is over a SHA-384 digest, expected SHA-512"
	}
	return ""
}

// isRaw reports whether the signature is correct except for its form. The form is raw (r
// followed by s), as generic libraries produce it, instead of ASN.1 DER.
func isRaw(key *ecdsa.PublicKey, text string, signature []byte) bool {
	size := (key.Curve.Params().BitSize + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r := new(big.Int).SetBytes(signature[:size])
	s := new(big.Int).SetBytes(signature[size:])
	digest := sha512.Sum512([]byte(text))
	return ecdsa.Verify(key, digest[:], r, s)
}
