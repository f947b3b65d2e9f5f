package pemkey

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // keys that are encrypted with triple DES are read
	"crypto/pbkdf2"
	"crypto/sha1" //nolint:gosec // the default of PBKDF2
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

// The object identifiers of RFC 8018, and of scrypt (RFC 7914).
var (
	oidPBES2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidScrypt    = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}
	oidAES128CBC = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192CBC = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256CBC = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oidDES3CBC   = asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}
	oidHMACSHA1  = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 7}
	oidHMAC224   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 8}
	oidHMAC256   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidHMAC384   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 10}
	oidHMAC512   = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 11}
)

// The ASN.1 types of RFC 8018, appendix A.
type (
	encryptedPKCS8 struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	pbes2Params struct {
		KeyDerivation pkix.AlgorithmIdentifier
		Encryption    pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// decryptPKCS8 decrypts an encrypted PKCS#8 key, and returns the DER of the plain PKCS#8
// key. It does not use a library for this format, because a damaged key must not cause a
// panic, and the rounds of key derivation that a file can demand must be limited.
func decryptPKCS8(der []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errPassphraseMissing
	}
	var envelope encryptedPKCS8
	if rest, err := asn1.Unmarshal(der, &envelope); err != nil || len(rest) > 0 {
		return nil, errUnreadableKey()
	}
	if !envelope.Algorithm.Algorithm.Equal(oidPBES2) {
		return nil, errEncryption()
	}
	var params pbes2Params
	if _, err := asn1.Unmarshal(envelope.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, errEncryption()
	}
	padded, err := decryptCBC(envelope.Data, params, passphrase)
	if err != nil {
		return nil, err
	}

	var value asn1.RawValue
	padding, err := asn1.Unmarshal(padded, &value)
	if err != nil || !isPadding(padding) {
		return nil, errPassphraseWrong(passphrase)
	}
	return value.FullBytes, nil
}

// decryptCBC decrypts data with a key derived from the passphrase. The result includes
// the padding.
func decryptCBC(data []byte, params pbes2Params, passphrase string) ([]byte, error) {
	newBlock, keySize := cipherOf(params.Encryption.Algorithm)
	var vector []byte
	_, err := asn1.Unmarshal(params.Encryption.Parameters.FullBytes, &vector)
	if err != nil || newBlock == nil {
		return nil, errEncryption()
	}
	secret, err := deriveKey(params.KeyDerivation, passphrase, keySize)
	if err != nil {
		return nil, err
	}
	block, err := newBlock(secret)
	if err != nil || len(vector) != block.BlockSize() {
		return nil, errEncryption()
	}
	if len(data)%block.BlockSize() != 0 {
		return nil, errUnreadableKey()
	}
	padded := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(padded, data)
	return padded, nil
}

// isPadding reports whether the bytes are PKCS#7 padding: each byte equals the number of
// padding bytes.
func isPadding(padding []byte) bool {
	want := bytes.Repeat([]byte{byte(len(padding))}, len(padding))
	return len(padding) > 0 && bytes.Equal(padding, want)
}

// cipherOf returns the block cipher of an algorithm in CBC mode and the size of its key
// in bytes, or nil for an algorithm that is not supported.
func cipherOf(
	algorithm asn1.ObjectIdentifier,
) (newBlock func(key []byte) (cipher.Block, error), keySize int) {
	switch {
	case algorithm.Equal(oidAES128CBC):
		return aes.NewCipher, 16
	case algorithm.Equal(oidAES192CBC):
		return aes.NewCipher, 24
	case algorithm.Equal(oidAES256CBC):
		return aes.NewCipher, 32
	case algorithm.Equal(oidDES3CBC):
		return des.NewTripleDESCipher, 24
	}
	return nil, 0
}

// deriveKey derives the key of the cipher from the passphrase, within the limits that
// ParsePrivateKey documents.
func deriveKey(algorithm pkix.AlgorithmIdentifier, passphrase string, size int) ([]byte, error) {
	const maxIterations = 10_000_000
	switch {
	case algorithm.Algorithm.Equal(oidScrypt):
		return nil, errors.New("private key: it is encrypted with scrypt, which is not supported: " +
			"convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out converted.pem")
	case !algorithm.Algorithm.Equal(oidPBKDF2):
		return nil, errEncryption()
	}
	var params pbkdf2Params
	_, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &params)
	if err != nil || params.Iterations < 1 {
		return nil, errEncryption()
	}
	newHash := hashOf(params.PRF.Algorithm)
	if newHash == nil {
		return nil, errEncryption()
	}
	if params.Iterations > maxIterations {
		return nil, errors.New("private key: its key derivation has too many rounds: " +
			"encrypt it again with the defaults of openssl pkcs8 -topk8")
	}
	secret, err := pbkdf2.Key(newHash, passphrase, params.Salt, params.Iterations, size)
	if err != nil {
		return nil, errEncryption()
	}
	return secret, nil
}

// hashOf returns the hash of PBKDF2's pseudo-random function, or nil for a function that
// is not supported.
func hashOf(prf asn1.ObjectIdentifier) func() hash.Hash {
	switch {
	case len(prf) == 0, prf.Equal(oidHMACSHA1): // the default is HMAC with SHA-1
		return sha1.New
	case prf.Equal(oidHMAC224):
		return sha256.New224
	case prf.Equal(oidHMAC256):
		return sha256.New
	case prf.Equal(oidHMAC384):
		return sha512.New384
	case prf.Equal(oidHMAC512):
		return sha512.New
	}
	return nil
}
