// Package env reads credentials from the environment variables that Upvest's own code
// uses.
package env

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/pemkey"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// Values are the credentials that the variables contain.
type Values struct {
	BaseURL, ClientSecret, KeyID string
	ClientID                     uuid.UUID
	Scopes                       []string
	PrivateKey                   crypto.Signer
}

const (
	baseURLVariable      = "UPVEST_API_BASE_URL"
	clientIDVariable     = "UPVEST_API_CLIENT_ID"
	clientSecretVariable = "UPVEST_API_CLIENT_SECRET"
	keyIDVariable        = "UPVEST_API_KEY_ID"
	scopesVariable       = "UPVEST_API_SCOPES"
	keyVariable          = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY"
	keyFilenameVariable  = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"
	keyBase64Variable    = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64"
	passphraseVariable   = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"
)

// variables looks up environment variables.
type variables func(name string) (string, bool)

// trimmed returns the value of a variable without leading and trailing space, or "" if
// the variable is missing.
func (v variables) trimmed(name string) string {
	value, _ := v(name)
	return strings.TrimSpace(value)
}

// Read reads credentials. It uses lookup to read variables, and readFile to read a key
// file.
func Read(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (Values, error) {
	v := variables(lookup)
	keyVariables, problem := v.present()
	problems := []error{problem}

	values := Values{BaseURL: v.trimmed(baseURLVariable), KeyID: v.trimmed(keyIDVariable)}
	values.ClientSecret, problem = v.clientSecret()
	problems = append(problems, problem)
	values.ClientID, problem = v.clientID()
	problems = append(problems, problem)
	values.Scopes, problem = v.scopes()
	problems = append(problems, problem)
	values.PrivateKey, problem = v.privateKey(keyVariables, readFile)
	problems = append(problems, problem)

	if err := errors.Join(problems...); err != nil {
		return Values{}, fmt.Errorf("credentials from the environment: %w", err)
	}
	return values, nil
}

// present returns the names of the variables that are set to a private key or to the name
// of a key file, and an error that names the required variables that are missing.
func (v variables) present() (keyVariables []string, err error) {
	var missing []string
	for _, name := range []string{clientIDVariable, clientSecretVariable, keyIDVariable, scopesVariable} {
		if v.trimmed(name) == "" {
			missing = append(missing, name)
		}
	}
	for _, name := range []string{keyVariable, keyFilenameVariable, keyBase64Variable} {
		if v.trimmed(name) != "" {
			keyVariables = append(keyVariables, name)
		}
	}
	if len(keyVariables) == 0 {
		missing = append(missing,
			"one of "+keyVariable+", "+keyFilenameVariable+" and "+keyBase64Variable)
	}
	if len(missing) > 0 {
		err = errors.New("missing in the environment: " + strings.Join(missing, ", ") +
			": set them to what Upvest gave you for your API client")
	}
	return keyVariables, err
}

func (v variables) clientSecret() (string, error) {
	secret, _ := v(clientSecretVariable)
	if err := validate.ClientSecret(secret); err != nil {
		return "", fmt.Errorf("%s: %w", clientSecretVariable, err)
	}
	return secret, nil
}

func (v variables) clientID() (uuid.UUID, error) {
	text := v.trimmed(clientIDVariable)
	if text == "" {
		return uuid.Nil, nil
	}
	clientID, err := validate.ClientID(text)
	if err != nil {
		return uuid.Nil, fmt.Errorf("%s: %w", clientIDVariable, err)
	}
	return clientID, nil
}

func (v variables) scopes() ([]string, error) {
	text := v.trimmed(scopesVariable)
	scopes := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(scopes) == 0 && text != "" {
		return nil, errors.New(scopesVariable +
			": names no scope: set it as in portfolios:admin,portfolios:read")
	}
	for i, scope := range scopes {
		if err := validate.Scope(scope); err != nil {
			return nil, fmt.Errorf("%s: scope %d: %w", scopesVariable, i+1, err)
		}
	}
	return scopes, nil
}

func (v variables) privateKey(
	keyVariables []string, readFile func(string) ([]byte, error),
) (crypto.Signer, error) {
	switch len(keyVariables) {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, errors.New("more than one private key: " + strings.Join(keyVariables, ", ") +
			": set one of them and unset the rest")
	}
	name := keyVariables[0]
	pemText := []byte(v.trimmed(name))
	if name == keyFilenameVariable {
		content, err := readFile(string(pemText))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, fileError(string(pemText), err))
		}
		pemText = content
	}
	passphrase, _ := v(passphraseVariable)
	key, err := pemkey.Parse(pemText, passphrase)
	_, wrongPassphrase := errors.AsType[pemkey.PassphraseError](err)
	switch {
	case wrongPassphrase:
		return nil, fmt.Errorf("%s, for %s: %w", passphraseVariable, name, err)
	case err != nil && name != keyFilenameVariable && isPath(v.trimmed(name)):
		return nil, fmt.Errorf("%s: it contains the name of a file, not PEM: set %s to the name, "+
			"or this variable to the whole text of the key file", name, keyFilenameVariable)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return key, nil
}

// fileError explains why a file cannot be read. It shows the name only if the name cannot
// be a key, because the user may have set the variable to the key instead of the name.
func fileError(name string, err error) error {
	// The text of a PathError contains the name.
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	switch {
	case pemkey.IsKey(name):
		return errors.New("it contains the key itself: set " + keyVariable +
			" to the key, or this variable to the name of a file")
	case strings.Trim(name, `"'`) != name:
		return fmt.Errorf("the file that it names can't be read: %w: "+
			"remove the quotation marks around the name", err)
	case !isPath(name):
		return fmt.Errorf("the file that it names can't be read: %w: "+
			"set it to an absolute path to see the name here", err)
	case strings.HasPrefix(name, "~"):
		return fmt.Errorf("%s can't be read: %w: ~ is not expanded here: write the whole path", name, err)
	}
	return fmt.Errorf("%s can't be read: %w", name, err)
}

// isPath reports whether a string begins or ends like the name of a file, and cannot be a
// key.
func isPath(text string) bool {
	begins := strings.HasPrefix(text, "/") || strings.HasPrefix(text, ".") ||
		strings.HasPrefix(text, "~") || filepath.VolumeName(text) != ""
	ends := strings.HasSuffix(text, ".pem") || strings.HasSuffix(text, ".key")
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	isKey := err == nil && len(decoded) >= ed25519.SeedSize
	return (begins || ends) && !isKey && len(text) < 256 && !strings.ContainsFunc(text, unicode.IsControl)
}
