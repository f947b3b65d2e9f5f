package program

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// announce writes the variables of each client, for each form of its key, to a file in
// the directory of the keys. It also writes those of the first client, in the form of
// -key-form, to stdout or to the file of -env-file.
func announce(
	running *sandbox.Sandbox, clients []madeClient, s settings, directory string, stdout io.Writer,
) error {
	for i, client := range clients {
		environ := running.EnvironOf(running.Clients()[i])
		for _, key := range client.keys {
			file := filepath.Join(directory, client.ID.String()+key.suffix()+".env")
			if err := writeFile(file, key.variables(environ)); err != nil {
				return fmt.Errorf("write the variables of client %s: %w", client.ID, err)
			}
		}
	}
	chosen := clients[0].key(s.keyForm)
	environ := running.EnvironOf(running.Clients()[0])
	return publish(chosen.variables(environ), s.envFile, stdout)
}

func publish(lines []byte, file string, stdout io.Writer) error {
	if file == "" {
		if _, err := stdout.Write(lines); err != nil {
			return fmt.Errorf("print the variables: %w", err)
		}
		return nil
	}
	if err := writeFile(file, lines); err != nil {
		return fmt.Errorf("write the variables: %w", err)
	}
	return nil
}

// variables returns the lines that set the variables of a client in a shell. The private
// key is in a file, not in a variable.
func (key keyFile) variables(environ []string) []byte {
	named := map[string]string{
		"UPVEST_API_KEY_ID":                           key.keyID,
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY":            "",
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME":   key.path,
		"UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE": key.passphrase,
	}
	var lines bytes.Buffer
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if replaced, found := named[name]; found {
			value = replaced
		}
		fmt.Fprintf(&lines, "export %s=%s\n", name, shellQuoted(value))
	}
	return lines.Bytes()
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// writeFile writes a file whole or not at all, for its owner only. It replaces an
// existing file.
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
