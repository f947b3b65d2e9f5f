package wrapper

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"strings"
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
