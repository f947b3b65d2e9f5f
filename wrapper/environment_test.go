package wrapper_test

import (
	"crypto/ecdsa"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const (
	envBaseURL      = "UPVEST_API_BASE_URL"
	envClientID     = "UPVEST_API_CLIENT_ID"
	envClientSecret = "UPVEST_API_CLIENT_SECRET"
	envKeyID        = "UPVEST_API_KEY_ID"
	envScopes       = "UPVEST_API_SCOPES"
	envKey          = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY"
	envKeyFilename  = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"
	envKeyBase64    = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_BASE64"
	envPassphrase   = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE"
)

var envAll = []string{
	envBaseURL, envClientID, envClientSecret, envKeyID, envScopes,
	envKey, envKeyFilename, envKeyBase64, envPassphrase,
}

// setEnv sets the given UPVEST_API_* variables, and unsets the others that FromEnv reads.
func setEnv(t *testing.T, variables map[string]string) {
	t.Helper()
	for _, name := range envAll {
		t.Setenv(name, "") // Restores the original value when the test ends.
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range variables {
		t.Setenv(name, value)
	}
}

// completeEnv returns a complete set of variables with the given changes. An empty value
// removes a variable.
func completeEnv(t *testing.T, changes map[string]string) map[string]string {
	t.Helper()
	variables := map[string]string{
		envClientID:     "5ec16164-6173-461d-b90d-116d68f55b40",
		envClientSecret: "client-secret",
		envKeyID:        "8d4997a8-cf7a-4e51-adbb-401656a3e5c2",
		envScopes:       "portfolios:read",
		envKey:          string(readKeyFile(t, "p521-sec1.pem")),
	}
	for name, value := range changes {
		variables[name] = value
		if value == "" {
			delete(variables, name)
		}
	}
	return variables
}

func TestFromEnvReadsEveryVariable(t *testing.T) {
	setEnv(t, completeEnv(t, map[string]string{
		envBaseURL:      " https://api.upvest.co ",
		envClientID:     "5ec16164-6173-461d-b90d-116d68f55b40\r\n",
		envClientSecret: " secret with blanks ",
		envKeyID:        "key-id\n",
		envScopes:       "portfolios:read",
		envKey:          string(readKeyFile(t, "p521-sec1-aes256.pem")),
		envPassphrase:   keyPassphrase,
	}))
	got, err := upvest.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	if got.BaseURL != "https://api.upvest.co" {
		t.Errorf("BaseURL is %q, want https://api.upvest.co", got.BaseURL)
	}
	if got.ClientID != uuid.MustParse("5ec16164-6173-461d-b90d-116d68f55b40") {
		t.Errorf("ClientID is %s, want the ID in the variable", got.ClientID)
	}
	if got.ClientSecret != " secret with blanks " {
		t.Error("ClientSecret differs from the variable, want the same value")
	}
	if got.KeyID != "key-id" {
		t.Errorf("KeyID is %q, want key-id", got.KeyID)
	}
	if !slices.Equal(got.Scopes, []string{"portfolios:read"}) {
		t.Errorf("Scopes is %q, want portfolios:read", got.Scopes)
	}
	requireSigns(t, got.PrivateKey)
}

func TestFromEnvLeavesOptionalVariablesToNew(t *testing.T) {
	for name, changes := range map[string]map[string]string{
		"not set":    nil,
		"only space": {envBaseURL: " ", envKeyFilename: " ", envKeyBase64: "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, changes))
			got, err := upvest.FromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if got.BaseURL != "" {
				t.Errorf("BaseURL is %q, want an empty string", got.BaseURL)
			}
		})
	}
}

func TestFromEnvReadsTheKeyFromEachVariable(t *testing.T) {
	text := string(readKeyFile(t, "p521-pkcs8.pem"))
	want, err := upvest.ParsePrivateKey([]byte(text), "")
	if err != nil {
		t.Fatal(err)
	}
	public, ok := want.Public().(*ecdsa.PublicKey)
	if !ok {
		t.Fatalf("the public key is a %T, want an *ecdsa.PublicKey", want.Public())
	}
	encoded := base64.StdEncoding.EncodeToString([]byte(text))

	plainFile := filepath.Join("testdata", "keys", "p521-pkcs8.pem")
	encryptedFile := filepath.Join("testdata", "keys", "p521-sec1-aes256.pem")

	for name, changes := range map[string]map[string]string{
		"PEM":                     {envKey: text},
		"PEM in one line":         {envKey: strings.ReplaceAll(text, "\n", `\n`)},
		"file":                    {envKey: "", envKeyFilename: plainFile},
		"encrypted file":          {envKey: "", envKeyFilename: encryptedFile, envPassphrase: keyPassphrase},
		"base64":                  {envKey: "", envKeyBase64: encoded},
		"base64 in several lines": {envKey: "", envKeyBase64: encoded[:76] + " \r\n" + encoded[76:] + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, changes))
			got, err := upvest.FromEnv()
			if err != nil {
				t.Fatal(err)
			}
			if !public.Equal(got.PrivateKey.Public()) {
				t.Error("FromEnv returned a wrong key, want the key that the variables contain or name")
			}
		})
	}
}

func TestFromEnvSplitsScopes(t *testing.T) {
	for value, want := range map[string][]string{
		"portfolios:admin,portfolios:read":     {"portfolios:admin", "portfolios:read"},
		" portfolios:admin , portfolios:read,": {"portfolios:admin", "portfolios:read"},
		"portfolios:admin portfolios:read":     {"portfolios:admin", "portfolios:read"},
		"orders:read":                          {"orders:read"},
	} {
		setEnv(t, completeEnv(t, map[string]string{envScopes: value}))
		got, err := upvest.FromEnv()
		if err != nil {
			t.Errorf("for the scopes %q, got the error %v, want none", value, err)
		}
		if !slices.Equal(got.Scopes, want) {
			t.Errorf("for the scopes %q, got %q, want %q", value, got.Scopes, want)
		}
	}
}

func TestFromEnvRefusesEmptyScopes(t *testing.T) {
	setEnv(t, completeEnv(t, nil))
	t.Setenv(envScopes, " , ")
	_, err := upvest.FromEnv()
	requireText(t, err, envScopes, "names no scope")
}

func TestFromEnvNamesEverythingThatIsMissing(t *testing.T) {
	setEnv(t, map[string]string{envClientSecret: " "})
	_, err := upvest.FromEnv()
	requireText(t, err, envClientID, envClientSecret, envKeyID, envScopes,
		"one of "+envKey+", "+envKeyFilename+" and "+envKeyBase64)
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error %q has several lines, want one", err)
	}

	setEnv(t, completeEnv(t, map[string]string{envKeyID: ""}))
	_, err = upvest.FromEnv()
	requireText(t, err, envKeyID)
	if strings.Contains(err.Error(), envClientID) || strings.Contains(err.Error(), envKey) {
		t.Errorf("the error %q names a variable that is set, want it to name only %s", err, envKeyID)
	}
}

func TestFromEnvRefusesInvalidVariables(t *testing.T) {
	pemText := string(readKeyFile(t, "p521-sec1.pem"))
	encrypted := string(readKeyFile(t, "p521-sec1-aes256.pem"))
	rsa := string(readKeyFile(t, "rsa-pkcs8.pem"))

	for name, test := range map[string]struct {
		changes map[string]string
		want    []string
	}{
		// The package uuid takes every ID of this length for a URN, and its error quotes
		// the beginning of the ID.
		"a client ID as long as a URN": {
			changes: map[string]string{envClientID: "urn:hush:" + strings.Repeat("0", 36)},
			want:    []string{envClientID, "not a UUID"},
		},
		"an empty list of scopes": {
			changes: map[string]string{envScopes: " , "},
			want:    []string{envScopes, "names no scope"},
		},
		"two variables with a key": {
			changes: map[string]string{envKeyFilename: "hush.pem"},
			want:    []string{"more than one private key", envKey + ", " + envKeyFilename, "unset the rest"},
		},
		"three variables with a key": {
			changes: map[string]string{envKeyFilename: "hush.pem", envKeyBase64: "hush"},
			want:    []string{envKey + ", " + envKeyFilename + ", " + envKeyBase64},
		},
		"a key that is not PEM": {
			changes: map[string]string{envKey: "hush"},
			want:    []string{envKey + ": ", "not PEM"},
		},
		"a missing file without a path": {
			changes: map[string]string{envKey: "", envKeyFilename: "hush"},
			want:    []string{envKeyFilename, "no such file"},
		},
		"a missing file with a path": {
			changes: map[string]string{envKey: "", envKeyFilename: "/no/such.file"},
			want:    []string{envKeyFilename, "/no/such.file", "no such file"},
		},
		"a path that begins with ~": {
			changes: map[string]string{envKey: "", envKeyFilename: "~/key.pem"},
			want:    []string{"~/key.pem", "~ is not expanded"},
		},
		"the key instead of a file name": {
			changes: map[string]string{envKey: "", envKeyFilename: pemText},
			want:    []string{envKeyFilename, "contains the key itself"},
		},
		"base64 instead of a file name": {
			changes: map[string]string{envKey: "", envKeyFilename: "/hush" + strings.Repeat("A", 59)},
			want:    []string{envKeyFilename, "can't be read"},
		},
		"a folder instead of a file": {
			changes: map[string]string{envKey: "", envKeyFilename: "testdata"},
			want:    []string{envKeyFilename, "can't be read"},
		},
		"invalid base64": {
			changes: map[string]string{envKey: "", envKeyBase64: "hush!"},
			want:    []string{envKeyBase64, "not base64"},
		},
		"base64 of text that is not PEM": {
			changes: map[string]string{envKey: "", envKeyBase64: "aHVzaA=="},
			want:    []string{envKeyBase64, "not PEM"},
		},
		"a missing passphrase": {
			changes: map[string]string{envKey: encrypted},
			want:    []string{envPassphrase + ", for " + envKey, "no passphrase is given"},
		},
		"a wrong passphrase": {
			changes: map[string]string{envKey: encrypted, envPassphrase: "hush"},
			want:    []string{envPassphrase, "passphrase is wrong"},
		},
		"an RSA key": {
			changes: map[string]string{envKey: rsa},
			want:    []string{envKey, "use ECDSA on P-521 or Ed25519"},
		},
		"three faulty variables": {
			changes: map[string]string{envKeyID: "", envClientID: "hush", envScopes: ","},
			want:    []string{envKeyID, envClientID, envScopes},
		},
		"a missing secret and a key that is not PEM": {
			changes: map[string]string{envClientSecret: "", envKey: "hush"},
			want:    []string{envClientSecret, envKey, "not PEM"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, test.changes))
			got, err := upvest.FromEnv()
			requireText(t, err, test.want...)
			if got.PrivateKey != nil || got.ClientSecret != "" {
				t.Error("got credentials and an error, want only the error")
			}
			for _, secret := range []string{"hush", "client-secret", strings.Split(pemText, "\n")[1]} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error %q contains a part of a secret, key or malformed value, want none",
						err)
				}
			}
		})
	}
}
