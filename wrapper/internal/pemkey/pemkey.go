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

// PassphraseError is the error if the passphrase is missing or does not decrypt the key.
type PassphraseError string

// Error returns the text of the error.
func (e PassphraseError) Error() string { return string(e) }

const errPassphraseMissing PassphraseError = "private key: it is encrypted, and no passphrase is given: " +
	"give the passphrase that it was made with"

// errPassphraseWrong returns an error that names the probable mistake, if the passphrase
// shows one.
func errPassphraseWrong(passphrase string) error {
	text := "private key: the passphrase is wrong, or the PEM block is damaged: check the passphrase first"
	switch trimmed := strings.TrimSpace(passphrase); {
	case strings.HasSuffix(passphrase, "\n"), strings.HasSuffix(passphrase, "\r"):
		text = "private key: the passphrase is wrong, probably because it ends in a line break: " +
			"remove the line break"
	case trimmed != passphrase:
		text = "private key: the passphrase is wrong, probably because there is space around it: " +
			"remove the space"
	case strings.TrimFunc(passphrase, isQuote) != passphrase:
		text = "private key: the passphrase is wrong, probably because quotation marks are a part of it: " +
			"remove the quotation marks"
	}
	return PassphraseError(text)
}

// The algorithms of a PKCS#8 key.
var (
	oidRSA     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAPSS  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidDSA     = asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}
	oidECDSA   = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidEd25519 = asn1.ObjectIdentifier{1, 3, 101, 112}
)

// Parse reads the only private key in a PEM text, as wrapper.ParsePrivateKey documents.
// Its errors do not include the errors of x509 and asn1, because those can quote bytes of
// the key.
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

// findPrivateKey returns the only private key block, if Parse supports its type.
func findPrivateKey(pemText []byte) (*pem.Block, error) {
	pemText, err := clean(pemText)
	if err != nil {
		return nil, err
	}
	// pem.Decode skips blocks that it cannot read. Counting the BEGIN lines finds these
	// blocks.
	begun := bytes.Count(pemText, []byte(beginning))
	read := 0
	var key *pem.Block
	for block, rest := pem.Decode(pemText); block != nil; block, rest = pem.Decode(rest) {
		read++
		if !strings.HasSuffix(block.Type, "PRIVATE KEY") {
			continue
		}
		if key != nil {
			return nil, errors.New("private key: the PEM holds more than one private key: " +
				"give only the one whose public key Upvest has")
		}
		key = block
	}

	switch {
	case read < begun:
		return nil, errDamaged(string(pemText))
	case key == nil:
		return nil, errors.New("private key: the PEM holds no private key, " +
			"only a public key, a certificate or parameters: give the private key that matches")
	}
	return key, checkType(key.Type)
}

// checkType refuses the types of block that Parse does not support.
func checkType(blockType string) error {
	switch blockType {
	case "EC PRIVATE KEY", "PRIVATE KEY", "ENCRYPTED PRIVATE KEY":
		return nil
	case "RSA PRIVATE KEY":
		return errAlgorithm("RSA")
	case "DSA PRIVATE KEY":
		return errAlgorithm("DSA")
	default:
		return errors.New("private key: PEM of this type is not supported (OpenSSH's format, for example): " +
			"make the key with openssl, or convert it to PKCS#8")
	}
}

// decryptLegacyPEM decrypts a block with a DEK-Info header, and returns the DER of the
// key.
func decryptLegacyPEM(block *pem.Block, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errPassphraseMissing
	}
	//nolint:staticcheck // Upvest's own instruction, openssl ec -aes256, makes such files
	der, err := x509.DecryptPEMBlock(block, []byte(passphrase))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errPassphraseWrong(passphrase)
	}
	if err != nil {
		return nil, errEncryption()
	}
	// About one wrong passphrase in 256 results in bytes that look like padding. In that
	// case, the bytes before the padding are almost never exactly one ASN.1 value.
	var value asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &value); err != nil || len(rest) > 0 {
		return nil, errPassphraseWrong(passphrase)
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
	// The error names a refused algorithm even if x509 cannot read the key.
	switch algorithm := info.Algorithm.Algorithm; {
	case algorithm.Equal(oidRSA), algorithm.Equal(oidRSAPSS):
		return nil, errAlgorithm("RSA")
	case algorithm.Equal(oidDSA):
		return nil, errAlgorithm("DSA")
	case algorithm.Equal(oidECDSA), algorithm.Equal(oidEd25519):
	default:
		return nil, errAlgorithm("of an unsupported algorithm")
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
	return errors.New("private key: its encryption is damaged or not supported: " +
		"encrypt it again with openssl pkcs8 -topk8 -v2 aes-256-cbc")
}

func errUnreadableKey() error {
	return errors.New("private key: the PEM block is damaged, " +
		"or the key's curve is not a named NIST curve: copy the file again, " +
		"or make a key on P-521 with openssl ecparam -name secp521r1 -genkey -noout")
}
