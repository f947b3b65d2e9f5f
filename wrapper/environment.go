package wrapper

import (
	"os"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/env"
)

// FromEnv reads credentials from the environment. The names are those of Upvest's own
// code:
//
//   - UPVEST_API_BASE_URL: optional, the default is the Upvest sandbox;
//   - UPVEST_API_CLIENT_ID: a UUID;
//   - UPVEST_API_CLIENT_SECRET: used exactly as it is;
//   - UPVEST_API_KEY_ID: the identifier that Upvest gave to the public half of the
//     private key;
//   - UPVEST_API_SCOPES: separated by commas or spaces, as in
//     portfolios:admin,portfolios:read;
//   - the private key in exactly one of UPVEST_API_HTTP_SIGN_PRIVATE_KEY (PEM; the two
//     characters \n may stand for a line break),
//     UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME (a file with the PEM) and
//     UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64 (standard base64 of the PEM);
//     [ParsePrivateKey] documents the supported keys;
//   - UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE: of an encrypted private key; used
//     exactly as it is.
//
// A variable that is set to an empty text counts as missing.
//
// FromEnv only reads; [New] checks the values. The error names all variables that are
// missing in one line, and each variable that cannot be read in a line for itself. It
// contains no value except the path of a key file that cannot be read.
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
