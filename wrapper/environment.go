package wrapper

import (
	"os"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/env"
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
// latter, and never holds a value but the path of a key file that is not there.
func FromEnv() (Credentials, error) {
	values, err := env.Read(os.LookupEnv, os.ReadFile)
	if err != nil {
		return Credentials{}, err
	}
	return Credentials{
		BaseURL: values.BaseURL, ClientID: values.ClientID, ClientSecret: values.ClientSecret,
		KeyID: values.KeyID, PrivateKey: values.PrivateKey, Scopes: values.Scopes,
	}, nil
}
