package httpsig

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"errors"
	"io"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
)

// maxSigning is how many signatures are asked at once of a key that knows no context.
const maxSigning = 8

// SignFunc signs a message.
type SignFunc func(ctx context.Context, message []byte) ([]byte, error)

// contextSigner is what keys in a KMS offer beside crypto.Signer.
type contextSigner interface {
	SignContext(ctx context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// Signing returns how a key signs: Ed25519 the message itself, ECDSA its SHA-512. Without SignContext a key that is not one of the
// standard library's signs in a goroutine that is left behind when the context ends.
func Signing(key crypto.Signer) (SignFunc, error) {
	if !isComplete(key) {
		return nil, errors.New("PrivateKey is missing or incomplete: set an Ed25519 or ECDSA P-521 key, for instance from ParsePrivateKey")
	}
	sign := func(_ context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
		return key.Sign(rand.Reader, digest, hash)
	}
	switch foreignKey := key.(type) {
	case ed25519.PrivateKey, *ed25519.PrivateKey, *ecdsa.PrivateKey:
	case contextSigner:
		sign = func(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
			return foreignKey.SignContext(ctx, rand.Reader, digest, hash)
		}
	default:
		slots := make(refresh.Slots, maxSigning)
		sign = func(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
			return refresh.Within(ctx, slots, func() ([]byte, error) { return key.Sign(rand.Reader, digest, hash) })
		}
	}
	switch key.Public().(type) {
	case ed25519.PublicKey:
		return func(ctx context.Context, message []byte) ([]byte, error) { return sign(ctx, message, crypto.Hash(0)) }, nil
	case *ecdsa.PublicKey:
		return func(ctx context.Context, message []byte) ([]byte, error) {
			digest := sha512.Sum512(message)
			return sign(ctx, digest[:], crypto.SHA512)
		}, nil
	case *rsa.PublicKey:
		return nil, errors.New("PrivateKey: an RSA key cannot sign for Upvest: use ECDSA on P-521 or Ed25519")
	}
	return nil, errors.New("PrivateKey: this kind of key cannot sign for Upvest: use ECDSA on P-521 or Ed25519")
}

// isComplete finds the keys of the standard library that would panic when used.
func isComplete(key crypto.Signer) bool {
	switch key := key.(type) {
	case nil:
		return false
	case ed25519.PrivateKey:
		return len(key) == ed25519.PrivateKeySize
	case *ed25519.PrivateKey:
		return key != nil && len(*key) == ed25519.PrivateKeySize
	case *ecdsa.PrivateKey:
		//lint:ignore SA1019 a key that lacks one of these cannot be asked in another way
		return key != nil && key.Curve != nil && key.X != nil && key.D != nil && key.D.Sign() > 0
	case *rsa.PrivateKey:
		return key != nil
	}
	return true
}
