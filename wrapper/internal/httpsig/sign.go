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
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// maxSigning limits how many signatures a key makes at the same time if it is not from
// the standard library and takes no context, see [refresh.Within].
const maxSigning = 8

// SignFunc returns the signature of a message.
type SignFunc func(ctx context.Context, message []byte) ([]byte, error)

// contextSigner is implemented by keys that take a context, such as those of a key
// service.
type contextSigner interface {
	SignContext(ctx context.Context, random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error)
}

// digestFunc signs a digest, or a message if hash is 0.
type digestFunc func(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error)

// Signing returns a function that signs with the key: Ed25519 signs the message itself,
// and ECDSA signs its SHA-512 digest. If the key is not from the standard library, the
// function verifies the signatures until one has been valid.
func Signing(key crypto.Signer) (SignFunc, error) {
	if !isComplete(key) {
		return nil, errors.New("PrivateKey is missing or incomplete: " +
			"set an Ed25519 or ECDSA P-521 key, for instance from ParsePrivateKey")
	}
	sign := withContext(key)
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize {
			return nil, errIncompletePublic()
		}
		signMessage := func(ctx context.Context, message []byte) ([]byte, error) {
			return sign(ctx, message, crypto.Hash(0))
		}
		return verifyFirst(key, signMessage, verifyEd25519(public)), nil
	case *ecdsa.PublicKey:
		//nolint:staticcheck // nothing else reports that one of these is missing
		if public == nil || public.Curve == nil || public.X == nil || public.Y == nil {
			return nil, errIncompletePublic()
		}
		signMessage := func(ctx context.Context, message []byte) ([]byte, error) {
			digest := sha512.Sum512(message)
			return sign(ctx, digest[:], crypto.SHA512)
		}
		return verifyFirst(key, signMessage, verifyECDSA(public)), nil
	case *rsa.PublicKey:
		return nil, errors.New("PrivateKey: an RSA key cannot sign for Upvest: use ECDSA on P-521 or Ed25519")
	}
	return nil, errors.New("PrivateKey: a key of this kind cannot sign for Upvest: " +
		"use ECDSA on P-521 or Ed25519")
}

func errIncompletePublic() error {
	return errors.New("PrivateKey: the public key that its method Public returns is missing or incomplete: " +
		"return an ed25519.PublicKey of 32 bytes or an *ecdsa.PublicKey")
}

// withContext returns the signing function of a key. A key of the standard library signs
// directly. A key with SignContext receives the context. Any other key signs in
// [refresh.Within]: if the context can end, in a goroutine, which outlives the context if
// the key does not return.
func withContext(key crypto.Signer) digestFunc {
	switch key := key.(type) {
	case ed25519.PrivateKey, *ed25519.PrivateKey, *ecdsa.PrivateKey:
		return func(_ context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
			return key.Sign(rand.Reader, digest, hash)
		}
	case contextSigner:
		return func(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
			return key.SignContext(ctx, rand.Reader, digest, hash)
		}
	}
	slots := make(refresh.Slots, maxSigning)
	return func(ctx context.Context, digest []byte, hash crypto.Hash) ([]byte, error) {
		return refresh.Within(ctx, slots, func() ([]byte, error) {
			return key.Sign(rand.Reader, digest, hash)
		})
	}
}

// isComplete returns false for keys that would panic when used: nil pointers, and
// incomplete keys of the standard library.
func isComplete(key crypto.Signer) bool {
	switch key := key.(type) {
	case nil:
		return false
	case ed25519.PrivateKey:
		return len(key) == ed25519.PrivateKeySize
	case *ed25519.PrivateKey:
		return key != nil && len(*key) == ed25519.PrivateKeySize
	case *ecdsa.PrivateKey:
		//nolint:staticcheck // only the deprecated X and D show whether the key is complete
		return key != nil && key.Curve != nil && key.X != nil && key.D != nil && key.D.Sign() > 0
	}
	return !validate.IsNil(key)
}
