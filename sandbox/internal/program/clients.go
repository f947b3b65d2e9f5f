package program

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// madeClient is a client together with where its private key is.
type madeClient struct {
	sandbox.Client
	// privateKeyFile is empty when the client keeps its private key to itself.
	privateKeyFile string
}

// make completes what the flags say of a client. A private key that is made up is kept in the directory, and found there again the next
// time that a client with this id is asked for.
func (c clientFlags) make(directory string) (madeClient, error) {
	random, err := sandbox.NewClient(c.scopes...)
	if err != nil {
		return madeClient{}, err
	}
	made := madeClient{Client: random}
	if c.id != "" {
		if made.ID, err = uuid.Parse(c.id); err != nil {
			return madeClient{}, fmt.Errorf("client %q: id: expected a UUID: %w", c.id, err)
		}
	}
	if c.secret != "" {
		made.Secret = c.secret
	}
	if c.keyID != "" {
		made.KeyID = c.keyID
	}
	file := c.keyFile
	if file == "" {
		file = filepath.Join(directory, made.ID.String()+".pem")
		if err := writeKey(file, made.PrivateKey); err != nil {
			return madeClient{}, fmt.Errorf("client %s: %w", made.ID, err)
		}
	}
	if made.PublicKey, made.PrivateKey, err = readKey(file); err != nil {
		return madeClient{}, fmt.Errorf("client %s: %w", made.ID, err)
	}
	if made.PrivateKey == nil {
		return made, nil
	}
	// Absolute, as the variables may be sourced elsewhere.
	if made.privateKeyFile, err = filepath.Abs(file); err != nil {
		return madeClient{}, fmt.Errorf("client %s: key file %s: %w", made.ID, file, err)
	}
	return made, nil
}

// writeKey writes a private key as PKCS#8, for its owner only, unless the file is there already.
func writeKey(file string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode the private key: %w", err)
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the private key: %w", err)
	}
	if err := errors.Join(pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der}), f.Close()); err != nil {
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
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("read the key: %s: %w", file, err)
		}
		return key, nil, nil
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, nil, fmt.Errorf("read the key: %s holds %q, expected PUBLIC KEY, PRIVATE KEY or EC PRIVATE KEY", file, block.Type)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the key: %s: %w (encrypted keys cannot be read; the public key is enough)", file, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, nil, fmt.Errorf("read the key: %s: a key of type %T cannot sign", file, key)
	}
	return signer.Public(), signer, nil
}

// announce writes the variables of each client to a file beside the keys, and those of the first to stdout.
func announce(running *sandbox.Sandbox, clients []madeClient, directory string, stdout io.Writer) error {
	for i, client := range clients {
		lines := client.variables(running)
		if err := os.WriteFile(filepath.Join(directory, client.ID.String()+".env"), lines, 0o600); err != nil {
			return fmt.Errorf("write the variables of client %s: %w", client.ID, err)
		}
		if i > 0 {
			continue
		}
		if _, err := stdout.Write(lines); err != nil {
			return fmt.Errorf("print the variables: %w", err)
		}
	}
	return nil
}

// variables are the names that official clients read, as shell lines.
func (c madeClient) variables(running *sandbox.Sandbox) []byte {
	var lines bytes.Buffer
	export := func(name, value string) {
		fmt.Fprintf(&lines, "export UPVEST_API_%s='%s'\n", name, strings.ReplaceAll(value, "'", `'\''`))
	}
	export("BASE_URL", running.URL())
	export("CLIENT_ID", c.ID.String())
	export("CLIENT_SECRET", c.Secret)
	export("KEY_ID", c.KeyID)
	export("SCOPES", strings.Join(c.scopes(), ","))
	if c.privateKeyFile != "" {
		export("HTTP_SIGN_PRIVATE_KEY_FILENAME", c.privateKeyFile)
	}
	return lines.Bytes()
}

func (c madeClient) scopes() []string {
	if len(c.Scopes) > 0 {
		return c.Scopes
	}
	return []string{sandbox.ScopeAdmin, sandbox.ScopeRead}
}
