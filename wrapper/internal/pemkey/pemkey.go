// Package pemkey reads private keys from PEM.
package pemkey

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
	ErrPassphraseMissing = errors.New("private key: it is encrypted, and no passphrase is given: give the passphrase that it was made with")
	ErrPassphraseWrong   = errors.New("private key: the passphrase is wrong, or the PEM block is damaged: check the passphrase first")
)

// Parse reads the one private key in a PEM text, as ParsePrivateKey of the client documents.
func Parse(pemText []byte, passphrase string) (crypto.Signer, error) {
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
		return nil, ErrPassphraseMissing
	}
	//lint:ignore SA1019 its weak key derivation is what Upvest's own instruction, openssl ec -aes256, writes: users have such files
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, ErrPassphraseWrong
	}
	if err != nil {
		return nil, errEncryption()
	}
	// One wrong passphrase in 256 leaves what looks like padding; the garbage before it is not one ASN.1 value of just this length.
	var value asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &value); err != nil || len(rest) > 0 {
		return nil, ErrPassphraseWrong
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
