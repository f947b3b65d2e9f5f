package program

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// encoder encodes a private key in one form.
type encoder func(crypto.Signer) (*pem.Block, error)

// keep returns the private key in the file or, if there is no file, the given key. It
// writes the returned key to the file.
func (key *keyFile) keep(private crypto.Signer, encode encoder) (crypto.Signer, error) {
	if key.path != "" {
		_, existing, err := readKey(key.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, err
		case existing == nil:
			return nil, fmt.Errorf("read the key: %s holds a public key, expected a private one", key.path)
		default:
			private = existing
		}
	}
	// Writing an existing file again makes it readable by its owner only.
	return private, key.write(private, encode)
}

func pkcs8(key crypto.Signer) (*pem.Block, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
}

func sec1(key crypto.Signer) (*pem.Block, error) {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %T is not on P-521", key)
	}
	der, err := x509.MarshalECPrivateKey(ec)
	return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
}

// encryptedSEC1 encodes a key in the form that Upvest's instructions (openssl ec -aes256)
// produce.
func encryptedSEC1(key crypto.Signer) (*pem.Block, error) {
	plain, err := sec1(key)
	if err != nil {
		return nil, err
	}
	//nolint:staticcheck // official signers read only this form of encryption
	return x509.EncryptPEMBlock(rand.Reader, plain.Type, plain.Bytes, []byte(passphrase),
		x509.PEMCipherAES256)
}

// write encodes the private key, and writes it to the file if there is a path.
func (key *keyFile) write(private crypto.Signer, encode encoder) error {
	block, err := encode(private)
	if err != nil {
		return fmt.Errorf("encode the private key: %w", err)
	}
	key.content = pem.EncodeToMemory(block)
	if key.path == "" {
		return nil
	}
	if err := writeFile(key.path, key.content); err != nil {
		return fmt.Errorf("write the private key: %w", err)
	}
	return nil
}

// readKey reads a public key, or a private key together with its public half, from a PEM
// file.
func readKey(file string) (crypto.PublicKey, crypto.Signer, error) {
	content, err := readText(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %w", err)
	}
	block, rest := pem.Decode(content)
	if block != nil && block.Type == "EC PARAMETERS" {
		// openssl ecparam writes a block with the curve first. This block is skipped,
		// because the key names the curve too.
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return nil, nil, fmt.Errorf("read the key: %s is not a PEM file", file)
	}
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") || block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, nil, fmt.Errorf("read the key: %[1]s is encrypted; its public half is enough: "+
			"openssl pkey -in %[1]s -pubout -out public.pem, and key=public.pem", file)
	}
	public, private, err := parseKey(block)
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %s %w", file, err)
	}
	return public, private, nil
}

func parseKey(block *pem.Block) (crypto.PublicKey, crypto.Signer, error) {
	var key any
	var err error
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("holds %q, expected PUBLIC KEY, PRIVATE KEY or EC PRIVATE KEY",
			block.Type)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("cannot be parsed: %w", err)
	}
	if block.Type == "PUBLIC KEY" {
		return key, nil, nil
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, errors.New("holds a key that cannot sign, expected Ed25519 or P-521")
	}
	return signer.Public(), signer, nil
}
