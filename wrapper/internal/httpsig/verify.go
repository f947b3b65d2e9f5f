package httpsig

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"math/big"
	"sync/atomic"
)

// verifyFunc returns an error if the signature of a message is wrong.
type verifyFunc func(message, signature []byte) error

// verifyFirst returns a function that signs messages, and verifies each signature until
// one has been valid. Signatures of the standard library's keys are not verified.
func verifyFirst(key crypto.Signer, sign SignFunc, verify verifyFunc) SignFunc {
	switch key.(type) {
	case ed25519.PrivateKey, *ed25519.PrivateKey, *ecdsa.PrivateKey:
		return sign
	}
	var valid atomic.Bool
	return func(ctx context.Context, message []byte) ([]byte, error) {
		signature, err := sign(ctx, message)
		if err != nil || valid.Load() {
			return signature, err
		}
		if err := verify(message, signature); err != nil {
			return nil, err
		}
		valid.Store(true)
		return signature, nil
	}
}

func verifyEd25519(public ed25519.PublicKey) verifyFunc {
	return func(message, signature []byte) error {
		if !ed25519.Verify(public, message, signature) {
			return errMismatch()
		}
		return nil
	}
}

func verifyECDSA(public *ecdsa.PublicKey) verifyFunc {
	return func(message, signature []byte) error {
		digest := sha512.Sum512(message)
		twice := sha512.Sum512(digest[:])
		switch {
		case ecdsa.VerifyASN1(public, digest[:], signature):
			return nil
		case isRaw(public, digest[:], signature):
			return errors.New("PrivateKey: it returns raw signatures, r and s side by side, " +
				"but crypto.Signer requires ASN.1: configure the key service for ASN.1 (DER), or encode them")
		case ecdsa.VerifyASN1(public, twice[:], signature):
			return errors.New("PrivateKey: it hashes the digest that it receives: " +
				"configure the key service to sign a digest")
		}
		return errMismatch()
	}
}

// isRaw reports whether a signature is valid but raw: r and s side by side, each as long
// as the order of the curve.
func isRaw(public *ecdsa.PublicKey, digest, signature []byte) bool {
	size := (public.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*size {
		return false
	}
	r := new(big.Int).SetBytes(signature[:size])
	s := new(big.Int).SetBytes(signature[size:])
	return ecdsa.Verify(public, digest, r, s)
}

func errMismatch() error {
	return errors.New("PrivateKey: its signature does not match its public key: " +
		"check that the method Public returns the key that belongs to it")
}
