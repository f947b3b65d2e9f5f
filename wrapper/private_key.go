package wrapper

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"hash"
	"strings"

	"golang.org/x/crypto/scrypt"
)

// Texts of errors are fixed: what x509 and asn1 say can quote bytes of what they read, which is a key.
var (
	errPassphraseMissing = errors.New("private key: it is encrypted, and no passphrase is given: give the passphrase that it was made with")
	errPassphraseWrong   = errors.New("private key: the passphrase is wrong, or the PEM block is damaged: check the passphrase first")
)

// ParsePrivateKey reads the private key that signs requests from PEM. It accepts what openssl writes:
//
//   - EC PRIVATE KEY (SEC1), plain, or encrypted with a Proc-Type header as `openssl ec -aes256` makes it;
//   - PRIVATE KEY (PKCS#8);
//   - ENCRYPTED PRIVATE KEY (PKCS#8 with PBES2): PBKDF2 with HMAC-SHA-1 or SHA-2, or scrypt; AES-128, 192, 256 or triple DES in CBC mode.
//
// The key is ECDSA on P-521 or Ed25519. ECDSA on P-224, P-256 and P-384 is read as well, but Upvest does not document that it accepts
// signatures of those curves.
//
// The PEM must hold exactly one private key. Text around the blocks, EC PARAMETERS, certificates and public keys beside the key are
// passed over. The passphrase is used as its bytes are (UTF-8), and ignored if the key is not encrypted.
//
// So that a crafted file cannot hold up the caller, key derivation is limited to 10,000,000 rounds of PBKDF2, and for scrypt to a product
// of cost, block size and parallelization of 4,194,304 (at most 512 MiB of memory): 32 times what openssl uses.
//
// An error says what is wrong and how to mend it; it never holds a part of the key or the passphrase.
//
// Source: docs.upvest.co, the guide to request signing, on keys.
func ParsePrivateKey(pemText []byte, passphrase string) (crypto.Signer, error) {
	block, err := findPrivateKey(pemText)
	if err != nil {
		return nil, err
	}

	der := block.Bytes
	switch {
	case block.Type == "ENCRYPTED PRIVATE KEY":
		der, err = decryptPKCS8(der, passphrase)
	case block.Headers["DEK-Info"] != "":
		der, err = decryptLegacyPEM(block, passphrase)
	}
	if err != nil {
		return nil, err
	}

	if block.Type == "EC PRIVATE KEY" {
		key, err := x509.ParseECPrivateKey(der)
		if err != nil {
			return nil, errUnreadableKey()
		}
		return key, nil
	}
	return parsePKCS8(der)
}

// findPrivateKey returns the only private key block, of a type that is known to be readable.
func findPrivateKey(pemText []byte) (*pem.Block, error) {
	// Editors on Windows put a byte order mark before the first line, which would then be no PEM line.
	pemText = bytes.TrimPrefix(pemText, []byte("\ufeff"))

	// pem.Decode silently steps over a block that it can't read: counting finds those.
	begun, read := bytes.Count(pemText, []byte("-----BEGIN ")), 0
	var key *pem.Block
	for block, rest := pem.Decode(pemText); block != nil; block, rest = pem.Decode(rest) {
		read++
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if key != nil {
			return nil, errors.New("private key: the PEM holds more than one private key: give only the one whose public key Upvest has")
		}
		key = block
	}

	switch {
	case begun == 0:
		return nil, errors.New("private key: not PEM: give the whole text of the key file, from -----BEGIN to the last line")
	case read < begun:
		return nil, errors.New("private key: a PEM block is damaged: keep its line breaks, begin each line at the margin and copy it whole")
	case key == nil:
		return nil, errors.New("private key: the PEM holds a public key, a certificate or parameters, and no private key: " +
			"give the private key that belongs to it")
	}
	switch key.Type {
	case "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return key, nil
	case "RSA PRIVATE KEY":
		return nil, errAlgorithm("RSA")
	case "DSA PRIVATE KEY":
		return nil, errAlgorithm("DSA")
	default:
		return nil, errors.New("private key: PEM of this type is not read (OpenSSH's own format, for one): " +
			"make the key with openssl, or convert it to PKCS#8")
	}
}

// decryptLegacyPEM returns the DER of a block with a Proc-Type header.
func decryptLegacyPEM(block *pem.Block, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errPassphraseMissing
	}
	//lint:ignore SA1019 its weak key derivation is what Upvest's own instruction, openssl ec -aes256, writes: users have such files
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errPassphraseWrong
	}
	if err != nil {
		return nil, errEncryption()
	}
	// One wrong passphrase in 256 leaves what looks like padding; the garbage before it is not one ASN.1 value of just this length.
	var value asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &value); err != nil || len(rest) > 0 {
		return nil, errPassphraseWrong
	}
	return der, nil
}

// The ASN.1 of RFC 8018, appendix A, and RFC 7914, section 7.
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
	scryptParams struct {
		Salt            []byte
		Cost            int
		BlockSize       int
		Parallelization int
	}
)

// decryptPKCS8 returns the DER of the PKCS#8 key inside. It reads the envelope itself: the libraries that do so panic on a damaged key and
// derive a key at whatever cost the file asks for.
func decryptPKCS8(der []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errPassphraseMissing
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
		return nil, errPassphraseWrong
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

// deriveKey makes the key of the cipher from the passphrase, within the limits that ParsePrivateKey documents.
func deriveKey(algorithm pkix.AlgorithmIdentifier, passphrase string, size int) ([]byte, error) {
	const (
		maxIterations = 10_000_000
		maxScryptWork = 1 << 22
	)
	errTooCostly := errors.New("private key: its key derivation asks for too much work: " +
		"encrypt it again with the defaults of openssl pkcs8 -topk8")

	switch {
	case algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}): // PBKDF2
		var params pbkdf2Params
		if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &params); err != nil || params.Iterations < 1 {
			return nil, errEncryption()
		}
		newHash := hashOf(params.PRF.Algorithm)
		if newHash == nil {
			return nil, errEncryption()
		}
		if params.Iterations > maxIterations {
			return nil, errTooCostly
		}
		secret, err := pbkdf2.Key(newHash, passphrase, params.Salt, params.Iterations, size)
		if err != nil {
			return nil, errEncryption()
		}
		return secret, nil

	case algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}): // scrypt
		var params scryptParams
		if _, err := asn1.Unmarshal(algorithm.Parameters.FullBytes, &params); err != nil {
			return nil, errEncryption()
		}
		work := 1
		for _, factor := range []int{params.Cost, params.BlockSize, params.Parallelization} {
			if factor < 1 {
				return nil, errEncryption()
			}
			if factor > maxScryptWork/work {
				return nil, errTooCostly
			}
			work *= factor
		}
		secret, err := scrypt.Key([]byte(passphrase), params.Salt, params.Cost, params.BlockSize, params.Parallelization, size)
		if err != nil {
			return nil, errEncryption()
		}
		return secret, nil
	}
	return nil, errEncryption()
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

// parsePKCS8 reads a plain PKCS#8 key.
func parsePKCS8(der []byte) (crypto.Signer, error) {
	var info struct {
		Version    int
		Algorithm  pkix.AlgorithmIdentifier
		PrivateKey []byte
	}
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, errUnreadableKey()
	}
	// The algorithm is looked at first: a key of a refused one is refused as that, even where x509 can't read it.
	switch algorithm := info.Algorithm.Algorithm; {
	case algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}),
		algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}): // RSA-PSS
		return nil, errAlgorithm("RSA")
	case algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}): // DSA
		return nil, errAlgorithm("DSA")
	case algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}), // ECDSA
		algorithm.Equal(asn1.ObjectIdentifier{1, 3, 101, 112}): // Ed25519
	default:
		return nil, errAlgorithm("of another algorithm")
	}

	key, err := x509.ParsePKCS8PrivateKey(der)
	signer, ok := key.(crypto.Signer)
	if err != nil || !ok {
		return nil, errUnreadableKey()
	}
	return signer, nil
}

func errAlgorithm(what string) error {
	return errors.New("private key: the key is " + what + ": use ECDSA on P-521 or Ed25519")
}

func errEncryption() error {
	return errors.New("private key: the way it is encrypted is damaged or not supported: " +
		"encrypt it again with openssl pkcs8 -topk8 -v2 aes-256-cbc")
}

func errUnreadableKey() error {
	return errors.New("private key: the PEM block is damaged, or the key's curve is not a named NIST curve: " +
		"copy the file again, or make a key on P-521 with openssl ecparam -name secp521r1 -genkey -noout")
}
