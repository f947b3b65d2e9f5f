package program

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
)

// The forms in which a client that the program makes up has its private key.
const (
	ed25519Form   = "ed25519"
	p521Form      = "p521"
	encryptedForm = "p521-encrypted"
)

// passphrase is that of every encrypted key file. It protects nothing: the plain key lies beside it, and works on a sandbox only.
const passphrase = "upvest-sandbox"

// madeClient is a client together with where its private keys are.
type madeClient struct {
	sandbox.Client
	keys []keyFile
}

// keyFile is one form of a client's private key. path is empty when the client keeps it to itself.
type keyFile struct {
	form, keyID, path, passphrase string
}

// make completes what the flags say of a client. Private keys that are made up are kept in the directory, and found there again the next
// time that a client with this id is asked for.
func (c clientFlags) make(directory string) (madeClient, error) {
	random, err := sandbox.NewClient(c.scopes...)
	if err != nil {
		return madeClient{}, err
	}
	made := madeClient{Client: random}
	if c.id != "" {
		if made.ID, err = ids.Parse(c.id); err != nil {
			return madeClient{}, fmt.Errorf("client %q: id: %w", c.id, err)
		}
	}
	if c.secret != "" {
		made.Secret = c.secret
	}
	if c.keyID != "" {
		made.KeyID = c.keyID
	}
	// Absolute, as the variables may be sourced elsewhere.
	if directory, err = filepath.Abs(directory); err != nil {
		return madeClient{}, fmt.Errorf("client %s: directory for keys: %w", made.ID, err)
	}
	if c.keyFile == "" {
		err = made.makeKeys(directory)
	} else {
		err = made.readOwnKey(c.keyFile)
	}
	if err != nil {
		return madeClient{}, fmt.Errorf("client %s: %w", made.ID, err)
	}
	return made, nil
}

// readOwnKey takes the key that the client has already.
func (c *madeClient) readOwnKey(file string) (err error) {
	if c.PublicKey, c.PrivateKey, err = readKey(file); err != nil {
		return err
	}
	own := keyFile{keyID: c.KeyID}
	if c.PrivateKey != nil {
		if own.path, err = filepath.Abs(file); err != nil {
			return fmt.Errorf("key file %s: %w", file, err)
		}
	}
	c.keys = []keyFile{own}
	return nil
}

// makeKeys gives the client two keys, as not every official signer knows both kinds: Ed25519, and P-521 in the two forms that are asked for.
func (c *madeClient) makeKeys(directory string) error {
	at := func(form string) string { return filepath.Join(directory, c.ID.String()+form+".pem") }
	other := uuid.NewSHA1(c.ID, []byte("P-521 beside "+c.KeyID)).String()
	c.keys = []keyFile{
		{form: ed25519Form, keyID: c.KeyID, path: at("")},
		{form: p521Form, keyID: other, path: at(".p521")},
		{form: encryptedForm, keyID: other, path: at(".p521-encrypted"), passphrase: passphrase},
	}
	ed, err := keepKey(at(""), c.PrivateKey, func(key crypto.Signer) (*pem.Block, error) {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
	})
	if err != nil {
		return err
	}
	c.PrivateKey, c.PublicKey = ed, ed.Public()
	random, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key on P-521: %w", err)
	}
	ec, err := keepKey(at(".p521"), random, sec1)
	if err != nil {
		return err
	}
	c.OtherKeys = map[string]crypto.PublicKey{other: ec.Public()}
	return writePEM(at(".p521-encrypted"), ec, encryptedSEC1)
}

// keepKey returns the private key in a file, or writes this one there.
func keepKey(file string, key crypto.Signer, encode func(crypto.Signer) (*pem.Block, error)) (crypto.Signer, error) {
	_, there, err := readKey(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case there == nil:
		return nil, fmt.Errorf("read the key: %s holds a public key, expected a private one", file)
	default:
		key = there
	}
	return key, writePEM(file, key, encode)
}

func sec1(key crypto.Signer) (*pem.Block, error) {
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %T is not on P-521", key)
	}
	der, err := x509.MarshalECPrivateKey(ec)
	return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
}

// encryptedSEC1 is what Upvest's own instruction, openssl ec -aes256, makes.
func encryptedSEC1(key crypto.Signer) (*pem.Block, error) {
	plain, err := sec1(key)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 official signers read no other form of encryption
	return x509.EncryptPEMBlock(rand.Reader, plain.Type, plain.Bytes, []byte(passphrase), x509.PEMCipherAES256)
}

func writePEM(file string, key crypto.Signer, encode func(crypto.Signer) (*pem.Block, error)) error {
	block, err := encode(key)
	if err != nil {
		return fmt.Errorf("encode the private key: %w", err)
	}
	if err := writeFile(file, pem.EncodeToMemory(block)); err != nil {
		return fmt.Errorf("write the private key: %w", err)
	}
	return nil
}

// readKey reads a public key, or a private key with its public half, from PEM.
func readKey(file string) (crypto.PublicKey, crypto.Signer, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %w", err)
	}
	block, rest := pem.Decode(content)
	if block != nil && block.Type == "EC PARAMETERS" {
		// openssl ecparam writes the curve first, which the key names again.
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return nil, nil, fmt.Errorf("read the key: %s is not a PEM file", file)
	}
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") || block.Type == "ENCRYPTED PRIVATE KEY" {
		return nil, nil, fmt.Errorf("read the key: %s is encrypted; its public half is enough: openssl pkey -in %s -pubout -out public.pem, "+
			"and key=public.pem", file, file)
	}
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("read the key: %s holds %q, expected PUBLIC KEY, PRIVATE KEY or EC PRIVATE KEY", file, block.Type)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %s: %w", file, err)
	}
	if block.Type == "PUBLIC KEY" {
		return key, nil, nil
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("read the key: %s holds a key that cannot sign, expected Ed25519 or P-521", file)
	}
	return signer.Public(), signer, nil
}
