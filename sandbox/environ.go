package sandbox

import (
	"crypto/x509"
	"encoding/pem"
	"strings"
)

// environPrefix begins the name of every environment variable that official clients read.
const environPrefix = "UPVEST_API_"

// Setenv sets the UPVEST_API_* variables until the test or benchmark t ends, so that the
// code under test reaches the sandbox as its first client.
func (s *Sandbox) Setenv(t interface{ Setenv(name, value string) }) {
	for _, pair := range s.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

// Environ returns the UPVEST_API_* variables, as NAME=value, with which a program reaches
// the sandbox as its first client. Some variables are empty, so that they override values
// in the program's environment.
func (s *Sandbox) Environ() []string { return s.EnvironOf(s.Client()) }

// EnvironOf is like [Sandbox.Environ], but for the client c instead of the first client.
// The variable of the private key is empty if the sandbox does not have the key, or if
// the key cannot be exported.
func (s *Sandbox) EnvironOf(c Client) []string {
	return []string{
		environPrefix + "BASE_URL=" + s.URL(),
		environPrefix + "CLIENT_ID=" + c.ID.String(),
		environPrefix + "CLIENT_SECRET=" + c.Secret,
		environPrefix + "KEY_ID=" + c.KeyID,
		environPrefix + "SCOPES=" + strings.Join(c.Scopes, ","),
		// The Java sample reads this variable, and sends it as the scope of the token
		// request.
		environPrefix + "CLIENT_SCOPE=" + strings.Join(c.Scopes, " "),
		environPrefix + "HTTP_SIGN_PRIVATE_KEY=" + c.privateKeyPEM(),
		environPrefix + "HTTP_SIGN_PRIVATE_KEY_BASE64=",
		environPrefix + "HTTP_SIGN_PRIVATE_KEY_FILENAME=",
		environPrefix + "HTTP_SIGN_PRIVATE_KEY_FILE=", // read by the Java sample
		environPrefix + "HTTP_SIGN_PRIVATE_KEY_PASSPHRASE=",
	}
}

// privateKeyPEM returns the private key as PKCS#8 in PEM. It returns "" if the client has
// no private key, or if the key cannot be exported.
func (c Client) privateKeyPEM() string {
	if c.PrivateKey == nil {
		return ""
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return ""
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
