package wrapper

import (
	"os"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/env"
)

// FromEnv reads credentials from the environment variables that Upvest's own code uses:
//
//   - UPVEST_API_BASE_URL: optional, the default is Upvest's sandbox;
//   - UPVEST_API_CLIENT_ID: a UUID of 36 characters;
//   - UPVEST_API_CLIENT_SECRET: used exactly as it is, printable ASCII (RFC 6749);
//   - UPVEST_API_KEY_ID: the identifier that Upvest gave to the public half of the
//     private key;
//   - UPVEST_API_SCOPES: separated by commas or spaces, as in
//     portfolios:admin,portfolios:read;
//   - the private key in exactly one of UPVEST_API_HTTP_SIGN_PRIVATE_KEY,
//     UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64 and
//     UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME, which names a file. The first two
//     variables and the file may contain PEM or base64 of PEM, see [ParsePrivateKey];
//   - UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE: for an encrypted private key, used
//     exactly as it is.
//
// A variable that is empty or contains only white space counts as missing. The passphrase
// is an exception: white space counts as a passphrase.
//
// The error names all missing variables in one line, and each malformed variable in a
// separate line. If the client ID, the secret or a scope has an invalid character, the
// line contains its position and kind. The error contains no value except the path of a
// key file that cannot be read. FromEnv does not check the base URL; [New] does.
func FromEnv() (Credentials, error) {
	values, err := env.Read(os.LookupEnv, os.ReadFile)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{
		BaseURL:      values.BaseURL,
		ClientID:     values.ClientID,
		ClientSecret: values.ClientSecret,
		KeyID:        values.KeyID,
		PrivateKey:   values.PrivateKey,
		Scopes:       values.Scopes,
	}, nil
}
