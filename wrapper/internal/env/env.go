// Package env reads credentials from the environment variables that Upvest's own code uses.
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
)

// Values are what the variables hold.
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

// Read reads the variables by any lookup, and the key by any way to read a file.
func Read(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (Values, error) {
	trimmed := func(name string) string {
		value, _ := lookup(name)
		return strings.TrimSpace(value)
	}

	var missing []string
	for _, name := range []string{clientIDVariable, clientSecretVariable, keyIDVariable, scopesVariable} {
		if trimmed(name) == "" {
			missing = append(missing, name)
		}
	}
	var keys []string
	for _, name := range []string{keyVariable, keyFilenameVariable, keyBase64Variable} {
		if trimmed(name) != "" {
			keys = append(keys, name)
		}
	}
	if len(keys) == 0 {
		missing = append(missing, "one of "+keyVariable+", "+keyFilenameVariable+" and "+keyBase64Variable)
	}

	var problems []error
	if len(missing) > 0 {
		problems = append(problems, errors.New("missing in the environment: "+strings.Join(missing, ", ")+
			": set them to what Upvest gave you for your API client"))
	}

	values := Values{BaseURL: trimmed(baseURLVariable), KeyID: trimmed(keyIDVariable)}
	values.ClientSecret, _ = lookup(clientSecretVariable)

	if id := trimmed(clientIDVariable); id != "" {
		clientID, err := uuid.Parse(id)
		if err != nil {
			// What uuid says can quote the value, which is a secret where two variables are mixed up.
			problems = append(problems, errors.New(clientIDVariable+": not a UUID: set it to the client id that Upvest gave you"))
		}
		values.ClientID = clientID
	}

	values.Scopes = strings.FieldsFunc(trimmed(scopesVariable), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(values.Scopes) == 0 && trimmed(scopesVariable) != "" {
		problems = append(problems, errors.New(scopesVariable+": names no scope: set it as in portfolios:admin,portfolios:read"))
	}

	switch len(keys) {
	case 0:
	case 1:
		passphrase, _ := lookup(passphraseVariable)
		pemText, err := keyText(keys[0], trimmed(keys[0]), readFile)
		if err == nil {
			values.PrivateKey, err = pemkey.Parse(pemText, passphrase)
		}
		switch {
		case errors.Is(err, pemkey.ErrPassphraseMissing), errors.Is(err, pemkey.ErrPassphraseWrong):
			problems = append(problems, fmt.Errorf("%s, for %s: %w", passphraseVariable, keys[0], err))
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", keys[0], err))
		}
	default:
		problems = append(problems, errors.New("more than one private key: "+strings.Join(keys, ", ")+": set one of them and unset the rest"))
	}

	if len(problems) > 0 {
		return Values{}, fmt.Errorf("credentials from the environment: %w", errors.Join(problems...))
	}
	return values, nil
}

// keyText returns the PEM that the variable holds or names.
func keyText(variable, value string, readFile func(string) ([]byte, error)) ([]byte, error) {
	switch variable {
	case keyFilenameVariable:
		text, err := readFile(value)
		if err == nil {
			return text, nil
		}
		path := (*fs.PathError)(nil) // its text holds the name, which is the key itself where two variables are mixed up
		if errors.As(err, &path) {
			err = path.Err
		}
		switch {
		case strings.Contains(value, "-----BEGIN"):
			return nil, errors.New("it holds the key itself: set " + keyVariable + " to that, or this one to the name of a file")
		case !isPath(value):
			return nil, fmt.Errorf("the file that it names can't be read: %w: set it to a path from / on to see it here", err)
		case strings.HasPrefix(value, "~"):
			return nil, fmt.Errorf("%s can't be read: %w: ~ means nothing here, write the folder out", value, err)
		}
		return nil, fmt.Errorf("%s can't be read: %w", value, err)
	case keyBase64Variable:
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(value), ""))
		if err != nil {
			return nil, errors.New("not base64: set it to the output of base64 for the PEM file")
		}
		return text, nil
	default:
		return []byte(strings.ReplaceAll(value, `\n`, "\n")), nil
	}
}

// isPath reports whether a text is the name of a file, by how it begins or ends, and no key, so that it can be shown.
func isPath(text string) bool {
	begins := strings.HasPrefix(text, "/") || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "~") || filepath.VolumeName(text) != ""
	ends := strings.HasSuffix(text, ".pem") || strings.HasSuffix(text, ".key")
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	isKey := err == nil && len(decoded) >= ed25519.SeedSize
	return (begins || ends) && !isKey && len(text) < 256 && !strings.ContainsFunc(text, unicode.IsControl)
}
