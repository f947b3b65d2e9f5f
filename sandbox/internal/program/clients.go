package program

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// The forms of the two private keys that the program generates for a client: an Ed25519
// key, and a P-521 key, which the program writes both plain and encrypted.
const (
	ed25519Form   = "ed25519"
	p521Form      = "p521"
	encryptedForm = "p521-encrypted"
)

// passphrase encrypts every encrypted key file. It protects nothing, because the plain
// key is in the same directory and works only with a sandbox.
const passphrase = "upvest-sandbox"

// madeClient is a client with its key files.
type madeClient struct {
	sandbox.Client
	keys []keyFile
}

// The values of -key-as.
const (
	keyAsFile   = "file"
	keyAsBase64 = "base64"
)

// keyFile is one of a client's private keys in one form. The field `form` is empty for a
// key that the user provided. `path` is empty if the private key is in no file, and
// `content` is empty if only the public key is known.
type keyFile struct {
	form, keyID, path, passphrase string
	content                       []byte
}

// suffix returns the part of a file name between the client's id and the extension, which
// depends on the form of the key.
func (key *keyFile) suffix() string {
	if key.form == "" || key.form == ed25519Form {
		return ""
	}
	return "." + key.form
}

// key returns the client's key in the given form. If the user provided the key, the
// client has only this key, and key returns it.
func (c *madeClient) key(form string) *keyFile {
	i := slices.IndexFunc(c.keys, func(key keyFile) bool { return key.form == form })
	return &c.keys[max(0, i)]
}

// make generates the parts of a client that the flag leaves out. If a directory is given,
// make stores the generated private keys in it. If the directory already has keys for the
// client's id, make uses those keys instead.
func (c *clientFlags) make(directory string) (madeClient, error) {
	random, err := sandbox.NewClient(c.scopes...)
	if err != nil {
		return madeClient{}, err
	}
	made := madeClient{Client: random}
	if c.id != "" {
		id, err := strict.UUID(c.id)
		if err != nil {
			return madeClient{}, fmt.Errorf("flag -client: id: %w", err)
		}
		made.ID = id
	}
	if c.secret != "" {
		made.Secret = c.secret
	}
	if c.keyID != "" {
		made.KeyID = c.keyID
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

// readOwnKey reads the key that the user provided.
func (c *madeClient) readOwnKey(file string) error {
	public, private, err := readKey(file)
	if err != nil {
		return err
	}
	c.PublicKey = public
	c.PrivateKey = private
	own := keyFile{keyID: c.KeyID}
	if private != nil {
		own.path, err = filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("key file %s: %w", file, err)
		}
		own.content, err = readText(file)
		if err != nil {
			return fmt.Errorf("read the key: %w", err)
		}
	}
	c.keys = []keyFile{own}
	return nil
}

// makeKeys gives the client an Ed25519 key, and a P-521 key in two forms. No official
// signer supports both kinds of key.
func (c *madeClient) makeKeys(directory string) error {
	other := uuid.NewSHA1(c.ID, []byte("P-521 beside "+c.KeyID)).String()
	c.keys = []keyFile{
		{form: ed25519Form, keyID: c.KeyID},
		{form: p521Form, keyID: other},
		{form: encryptedForm, keyID: other, passphrase: passphrase},
	}
	if directory != "" {
		// The paths must be absolute, because the variables may be sourced in a different
		// directory.
		directory, err := filepath.Abs(directory)
		if err != nil {
			return fmt.Errorf("directory for keys: %w", err)
		}
		for i, key := range c.keys {
			c.keys[i].path = filepath.Join(directory, c.ID.String()+key.suffix()+".pem")
		}
	}
	ed, err := c.keys[0].keep(c.PrivateKey, pkcs8)
	if err != nil {
		return err
	}
	c.PrivateKey = ed
	c.PublicKey = ed.Public()
	random, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		return fmt.Errorf("make the key on P-521: %w", err)
	}
	ec, err := c.keys[1].keep(random, sec1)
	if err != nil {
		return err
	}
	c.OtherKeys = map[string]crypto.PublicKey{other: ec.Public()}
	return c.keys[2].write(ec, encryptedSEC1)
}
