package wrapper

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/privatekey"
)

// FromEnv reads credentials from the environment, under the names that Upvest's own code uses:
//
//   - UPVEST_API_BASE_URL: optional; the Upvest sandbox if it is missing;
//   - UPVEST_API_CLIENT_ID: a UUID;
//   - UPVEST_API_CLIENT_SECRET: used exactly as it is;
//   - UPVEST_API_KEY_ID: the identifier that Upvest gave to the public half of the private key;
//   - UPVEST_API_SCOPES: separated by commas or blanks, as in portfolios:admin,portfolios:read;
//   - the private key in exactly one of UPVEST_API_HTTP_SIGN_PRIVATE_KEY (PEM; the two characters \n may stand for a line break),
//     UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME (a file with the PEM) and UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64 (standard base64 of
//     the PEM); [ParsePrivateKey] says which forms of key there are;
//   - UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE: of an encrypted private key; used exactly as it is.
//
// A variable that is set to nothing counts as missing.
//
// FromEnv only reads; [New] checks the values. Its error names every variable that is missing or can't be read, one line each for the
// latter, and never holds a value.
func FromEnv() (Credentials, error) {
	return credentialsFrom(os.LookupEnv, os.ReadFile)
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

// credentialsFrom is FromEnv over any lookup and any files.
func credentialsFrom(lookup func(string) (string, bool), readFile func(string) ([]byte, error)) (Credentials, error) {
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

	credentials := Credentials{BaseURL: trimmed(baseURLVariable), KeyID: trimmed(keyIDVariable)}
	credentials.ClientSecret, _ = lookup(clientSecretVariable)

	if id := trimmed(clientIDVariable); id != "" {
		clientID, err := uuid.Parse(id)
		if err != nil {
			// What uuid says can quote the value, which is a secret where two variables are mixed up.
			problems = append(problems, errors.New(clientIDVariable+": not a UUID: set it to the client id that Upvest gave you"))
		}
		credentials.ClientID = clientID
	}

	credentials.Scopes = strings.FieldsFunc(trimmed(scopesVariable), func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	if len(credentials.Scopes) == 0 && trimmed(scopesVariable) != "" {
		problems = append(problems, errors.New(scopesVariable+": names no scope: set it as in portfolios:admin,portfolios:read"))
	}

	switch len(keys) {
	case 0:
	case 1:
		passphrase, _ := lookup(passphraseVariable)
		pemText, err := keyText(keys[0], trimmed(keys[0]), readFile)
		if err == nil {
			credentials.PrivateKey, err = ParsePrivateKey(pemText, passphrase)
		}
		switch {
		case errors.Is(err, privatekey.ErrPassphraseMissing), errors.Is(err, privatekey.ErrPassphraseWrong):
			problems = append(problems, fmt.Errorf("%s, for %s: %w", passphraseVariable, keys[0], err))
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", keys[0], err))
		}
	default:
		problems = append(problems, errors.New("more than one private key: "+strings.Join(keys, ", ")+": set one of them and unset the rest"))
	}

	if len(problems) > 0 {
		return Credentials{}, fmt.Errorf("credentials from the environment: %w", errors.Join(problems...))
	}
	return credentials, nil
}

// keyText returns the PEM that the variable holds or names.
func keyText(variable, value string, readFile func(string) ([]byte, error)) ([]byte, error) {
	switch variable {
	case keyFilenameVariable:
		text, err := readFile(value)
		if err != nil {
			// An error of os holds the name, which is the key itself where two variables are mixed up.
			if path := (*fs.PathError)(nil); errors.As(err, &path) {
				err = path.Err
			}
			return nil, fmt.Errorf("the file that it names can't be read: %w", err)
		}
		return text, nil
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
