package pemkey

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
)

// The ASN.1 of RFC 8018, appendix A.
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

// decryptPKCS8 returns the DER of the PKCS#8 key inside. It reads the envelope itself: the libraries that do so panic on a damaged key and
// derive a key at whatever cost the file asks for.
func decryptPKCS8(der []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, ErrPassphraseMissing
	}
	var envelope encryptedPKCS8
	if rest, err := asn1.Unmarshal(der, &envelope); err != nil || len(rest) > 0 {
		return nil, errUnreadableKey()
	}
	if !envelope.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) { // PBES2
		return nil, errEncryption()
	}
	var params pbes2Params
	if _, err := asn1.Unmarshal(envelope.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, errEncryption()
	}
	newBlock, keySize := cipherOf(params.Encryption.Algorithm)
	var vector []byte
	if _, err := asn1.Unmarshal(params.Encryption.Parameters.FullBytes, &vector); err != nil || newBlock == nil {
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
	if len(envelope.Data)%block.BlockSize() != 0 {
		return nil, errUnreadableKey()
	}
	padded := make([]byte, len(envelope.Data))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(padded, envelope.Data)

	var value asn1.RawValue
	padding, err := asn1.Unmarshal(padded, &value)
	if err != nil || len(padding) == 0 || !bytes.Equal(padding, bytes.Repeat([]byte{byte(len(padding))}, len(padding))) {
		return nil, ErrPassphraseWrong
	}
	return value.FullBytes, nil
}

// cipherOf returns the block cipher of an algorithm in CBC mode and the size of its key, or nil if it is not known.
func cipherOf(algorithm asn1.ObjectIdentifier) (newBlock func(key []byte) (cipher.Block, error), keySize int) {
	aesCBC := func(last int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, last} }
	switch {
	case algorithm.Equal(aesCBC(2)):
		return aes.NewCipher, 16
	case algorithm.Equal(aesCBC(22)):
		return aes.NewCipher, 24
	case algorithm.Equal(aesCBC(42)):
		return aes.NewCipher, 32
	case algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}):
		return des.NewTripleDESCipher, 24
	}
	return nil, 0
}

// deriveKey derives the key of the cipher from the passphrase, within the limits that ParsePrivateKey
// documents.
func deriveKey(algorithm pkix.AlgorithmIdentifier, passphrase string, size int) ([]byte, error) {
	const maxIterations = 10_000_000
	switch {
	case algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}):
		return nil, errors.New("private key: it is encrypted with scrypt, which this package does not read: " +
			"convert it with openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out converted.pem")
	case !algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}): // PBKDF2
		return nil, errEncryption()
	}
	var params pbkdf2Params
	if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &params); err != nil || params.Iterations < 1 {
		return nil, errEncryption()
	}
	newHash := hashOf(params.PRF.Algorithm)
	if newHash == nil {
		return nil, errEncryption()
	}
	if params.Iterations > maxIterations {
		return nil, errors.New("private key: its key derivation asks for too much work: " +
			"encrypt it again with the defaults of openssl pkcs8 -topk8")
	}
	secret, err := pbkdf2.Key(newHash, passphrase, params.Salt, params.Iterations, size)
	if err != nil {
		return nil, errEncryption()
	}
	return secret, nil
}

// hashOf returns the hash of PBKDF2's pseudo-random function, or nil if it is not known.
func hashOf(prf asn1.ObjectIdentifier) func() hash.Hash {
	hmacWith := func(last int) asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 2, last} }
	switch {
	case len(prf) == 0, prf.Equal(hmacWith(7)): // RFC 8018: HMAC with SHA-1 is the default.
		return sha1.New
	case prf.Equal(hmacWith(8)):
		return sha256.New224
	case prf.Equal(hmacWith(9)):
		return sha256.New
	case prf.Equal(hmacWith(10)):
		return sha512.New384
	case prf.Equal(hmacWith(11)):
		return sha512.New
	}
	return nil
}
