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

// announce writes the variables of each client, for each form of its key, to a file beside the keys, and those of the first client in the
// form that was chosen to stdout, or to the file that was named.
func announce(running *sandbox.Sandbox, clients []madeClient, s settings, directory string, stdout io.Writer) error {
	for i, client := range clients {
		chosen := false
		for _, key := range client.keys {
			lines := client.variables(running.URL(), running.Clients()[i].Scopes, key)
			suffix := ""
			if key.form != "" && key.form != ed25519Form {
				suffix = "." + key.form
			}
			if err := writeFile(filepath.Join(directory, client.ID.String()+suffix+".env"), lines); err != nil {
				return fmt.Errorf("write the variables of client %s: %w", client.ID, err)
			}
			if i > 0 || chosen || key.form != "" && key.form != s.keyForm {
				continue
			}
			chosen = true
			if err := publish(lines, s.envFile, stdout); err != nil {
				return err
			}
		}
	}
	return nil
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

// variables are all names that official clients read, as shell lines: one that has no value here is emptied, so that none of an earlier,
// live, setting stays in force.
func (c madeClient) variables(url string, scopes []string, key keyFile) []byte {
	var lines bytes.Buffer
	for _, variable := range [][2]string{
		{"BASE_URL", url},
		{"CLIENT_ID", c.ID.String()},
		{"CLIENT_SECRET", c.Secret},
		{"KEY_ID", key.keyID},
		{"SCOPES", strings.Join(scopes, ",")},
		{"HTTP_SIGN_PRIVATE_KEY", ""},
		{"HTTP_SIGN_PRIVATE_KEY_BASE64", ""},
		{"HTTP_SIGN_PRIVATE_KEY_FILENAME", key.path},
		{"HTTP_SIGN_PRIVATE_KEY_PASSPHRASE", key.passphrase},
	} {
		fmt.Fprintf(&lines, "export UPVEST_API_%s=%s\n", variable[0], shellQuoted(variable[1]))
	}
	return lines.Bytes()
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// writeFile writes a file whole or not at all, for its owner only, whatever stood there before.
func writeFile(name string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	if err = errors.Join(err, temporary.Close()); err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return nil
}
