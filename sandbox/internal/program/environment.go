package program

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// announce writes the variables of each client to files in the directory for keys, one
// file for each form of the client's key. It also writes the variables of the first
// client, with the key in the form of -key-form, to the file of -env-file, and returns
// that file. Without -env-file, announce prints these variables to stdout, unless a
// command receives them.
func announce(
	ctx context.Context, running *sandbox.Sandbox, clients []madeClient, s settings, directory string,
	stdout io.Writer,
) (envFile, error) {
	if directory != "" {
		if err := writeVariables(running, clients, s, directory); err != nil {
			return envFile{}, err
		}
	}
	pairs := variablesOf(running, clients, s)
	if s.envFile != "" {
		return writeEnvFile(ctx, s.envFile, s.envForm, running.Address(), pairs)
	}
	if len(s.command) > 0 {
		return envFile{}, nil
	}
	lines, err := encode(s.envForm, pairs)
	if err != nil {
		return envFile{}, err
	}
	if _, err := stdout.Write(lines); err != nil {
		return envFile{}, fmt.Errorf("print the variables: %w", err)
	}
	return envFile{}, nil
}

func writeVariables(
	running *sandbox.Sandbox, clients []madeClient, s settings, directory string,
) error {
	for i, client := range clients {
		environ := slices.Concat(running.EnvironOf(running.Clients()[i]), s.trust())
		for _, key := range client.keys {
			lines, err := encode(s.envForm, key.pairs(environ, s.keyAs))
			if err != nil {
				return err
			}
			file := filepath.Join(directory, client.ID.String()+key.suffix()+".env")
			if err := writeFile(file, lines); err != nil {
				return fmt.Errorf("write the variables of client %s: %w", client.ID, err)
			}
		}
	}
	return nil
}

// variablesOf returns the variables of the first client, with the key in the form of
// -key-form, as NAME=value.
func variablesOf(running *sandbox.Sandbox, clients []madeClient, s settings) []string {
	environ := slices.Concat(running.EnvironOf(running.Clients()[0]), s.trust())
	return clients[0].key(s.keyForm).pairs(environ, s.keyAs)
}

// pairs returns the variables of a client as NAME=value. Depending on keyAs, a variable
// names the file of the private key, or holds the key as base64.
func (key *keyFile) pairs(environ []string, keyAs string) []string {
	named := map[string]string{
		"UPVEST_API_KEY_ID":                           key.keyID,
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY":            "",
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE": key.passphrase,
	}
	if keyAs == keyAsBase64 {
		named["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64"] = base64.StdEncoding.EncodeToString(key.content)
	} else {
		named["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"] = key.path
		named["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILE"] = key.path
	}
	pairs := make([]string, 0, len(environ))
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if replaced, found := named[name]; found {
			value = replaced
		}
		pairs = append(pairs, name+"="+value)
	}
	return pairs
}

// hint returns text for the log that tells how to use the file of -env-file, such as the
// command that sets its variables.
func (s *settings) hint(file string) string {
	switch s.envForm {
	case shellForm:
		return "in another shell: . " + shellQuoted(file)
	case powershellForm:
		return "in another PowerShell: Invoke-Expression (Get-Content -Raw " + powershellQuoted(file) + ")"
	default:
		return "variables in " + file
	}
}

// writeFile writes a file that only its owner can read, and replaces an existing file. If
// writeFile fails, it leaves no incomplete file.
func writeFile(name string, content []byte) error {
	// The mode of a temporary file is 0600.
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
