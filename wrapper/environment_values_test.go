package wrapper_test

import (
	"encoding/base64"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const someClientID = "5ec16164-6173-461d-b90d-116d68f55b40"

func TestFromEnvRefusesAClientIDThatIsNotAUUID(t *testing.T) {
	for name, test := range map[string]struct{ value, want string }{
		"a digit on each side": {"9" + someClientID + "9", "character 9 is a digit"},
		"braces":               {"{" + someClientID + "}", "character 1 is a punctuation mark"},
		"quotation marks":      {`"` + someClientID + `"`, "character 1 is a quotation mark"},
		"URN":                  {"urn:uuid:" + someClientID, "character 1 is a letter"},
		"no hyphens":           {strings.ReplaceAll(someClientID, "-", ""), "character 9 is a digit"},
		"a letter after f":     {"g" + someClientID[1:], "character 1 is a letter"},
		"a letter outside ASCII": {
			value: "\u0435" + someClientID[1:],
			want:  "character 1 is a character outside ASCII",
		},
		"a byte order mark":      {"\ufeff" + someClientID, "character 1 is a byte order mark"},
		"one character too many": {someClientID + "0", "it has 37 characters instead of 36"},
		"one character too few":  {someClientID[:35], "it has 35 characters instead of 36"},
		"a line break inside": {
			value: someClientID[:8] + "\n" + someClientID[9:],
			want:  "character 9 is a line break",
		},
		"a byte that is not UTF-8": {
			value: someClientID[:35] + "\xff",
			want:  "character 36 is a byte that is not UTF-8",
		},
		"two UUIDs": {
			value: someClientID + "," + someClientID,
			want:  "it has 73 characters instead of 36",
		},
		"a hyphen at the wrong index": {
			value: "5ec1616-46173-461d-b90d-116d68f55b40",
			want:  "character 8 is a punctuation mark",
		},
		"a secret in the wrong variable": {"hush-hush", "character 1 is a letter"},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, map[string]string{envClientID: test.value}))
			_, err := upvest.FromEnv()
			requireText(t, err, envClientID, "not a UUID", test.want)
			requireNoSecret(t, "the error", err.Error(), []string{test.value, someClientID, "hush"})
		})
	}
}

func TestFromEnvReadsAClientIDInCapitals(t *testing.T) {
	setEnv(t, completeEnv(t, map[string]string{envClientID: strings.ToUpper(someClientID)}))
	credentials, err := upvest.FromEnv()
	if err != nil || credentials.ClientID.String() != someClientID {
		t.Errorf("got the client ID %s and the error %v, want the ID in lower case and no error",
			credentials.ClientID, err)
	}
}

// New accepts a client secret only if RFC 6749, appendix A, allows all its characters. In
// the table, an empty cause means that New must accept the secret.
func TestSecretIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for secret, cause := range map[string]string{
		"hush":         "",
		`!"#$%&'\ ~`:   "",
		"hush\n":       "character 5 is a line break",
		"hush\r\n":     "character 5 is a line break",
		"\thush":       "character 1 is a tab",
		"hu\x00sh":     "character 3 is a control character",
		"hu\x7fsh":     "character 3 is a control character",
		"h\u00fcsh":    "character 2 is a character outside ASCII",
		"hush\u00a0":   "character 5 is a space outside ASCII",
		"hush\u200b":   "character 5 is an invisible character",
		"\ufeffhush":   "character 1 is a byte order mark",
		"\u201chush":   "character 1 is a quotation mark",
		"hush\xff":     "character 5 is a byte that is not UTF-8",
		"hush\u2028":   "character 5 is a line break",
		"\u00fc\nhush": "character 1 is a character outside ASCII",
	} {
		credentials := testCredentials(t)
		credentials.ClientSecret = secret
		_, err := upvest.New(credentials)
		requireCause(t, err, "ClientSecret: ", cause)
	}
}

func TestScopesAreCheckedBeforeAnythingIsSent(t *testing.T) {
	for scope, cause := range map[string]string{
		"portfolios:read":  "",
		"!#$%&'()*+-./~[]": "",
		"":                 "it is empty",
		"hush again":       "character 5 is a space",
		"hush,hush":        "character 5 is a comma",
		`"hush"`:           "character 1 is a quotation mark",
		`hush\n`:           "character 5 is a backslash",
		"hush\n":           "character 5 is a line break",
		"hu\x7fsh":         "character 3 is a control character",
		"h\u00fcsh":        "character 2 is a character outside ASCII",
		"hush\u00a0":       "character 5 is a space outside ASCII",
		"hush\xff":         "character 5 is a byte that is not UTF-8",
	} {
		credentials := testCredentials(t)
		credentials.Scopes = []string{"portfolios:admin", scope}
		_, err := upvest.New(credentials)
		requireCause(t, err, "the entry 1 of Scopes is not a single scope: ", cause)
	}
}

// requireCause checks that an error names the field and the cause, and does not contain
// "hush". If the cause is empty, it checks that there is no error.
func requireCause(t *testing.T, err error, field, cause string) {
	t.Helper()
	if cause == "" {
		if err != nil {
			t.Errorf("got the error %v, want none", err)
		}
		return
	}
	requireText(t, err, field+cause+": ")
	requireNoSecret(t, "the error", err.Error(), []string{"hush"})
}

func TestFromEnvNamesTheMalformedVariable(t *testing.T) {
	path := "testdata/keys/p521-sec1.pem"
	encodedKey := encoded(base64.StdEncoding)(string(readKeyFile(t, "ed25519-pkcs8.pem")))
	encryptedKey := string(readKeyFile(t, "p521-sec1-aes256.pem"))
	for name, test := range map[string]struct {
		changes map[string]string
		want    []string
	}{
		"a secret with a line break": {
			changes: map[string]string{envClientSecret: "hush\r\n"},
			want:    []string{envClientSecret + ": character 5 is a line break"},
		},
		"a scope in quotation marks": {
			changes: map[string]string{envScopes: `portfolios:admin, "hush"`},
			want:    []string{envScopes + ": scope 2: character 1 is a quotation mark"},
		},
		"a malformed client ID, secret and scope": {
			changes: map[string]string{
				envClientID: "hush", envClientSecret: "hush\t", envScopes: "hush\u00a0hush\u200b",
			},
			want: []string{
				envClientID, envClientSecret, envScopes + ": scope 2: character 5 is an invisible character",
			},
		},
		"a file name instead of the key": {
			changes: map[string]string{envKey: path},
			want:    []string{envKey + ": it contains the name of a file, not PEM: set " + envKeyFilename},
		},
		"a file name in quotation marks": {
			changes: map[string]string{envKey: "", envKeyFilename: `"` + path + `"`},
			want:    []string{envKeyFilename, "remove the quotation marks around the name"},
		},
		"base64 of the key instead of a file name": {
			changes: map[string]string{envKey: "", envKeyFilename: encodedKey},
			want:    []string{envKeyFilename + ": it contains the key itself: set " + envKey + " to the key"},
		},
		"a passphrase with a line break": {
			changes: map[string]string{envKey: encryptedKey, envPassphrase: "hush\n"},
			want:    []string{envPassphrase + ", for " + envKey, "probably because it ends in a line break"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, completeEnv(t, test.changes))
			_, err := upvest.FromEnv()
			requireText(t, err, test.want...)
			requireNoSecret(t, "the error", err.Error(), []string{"hush", encodedKey[:12]})
		})
	}
}

func TestKeyIDIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for keyID, want := range map[string]string{
		"hush\n":     "character 5 is a line break",
		`"hush"`:     "character 1 is a quotation mark",
		"hu\u200bsh": "character 3 is an invisible character",
	} {
		credentials := testCredentials(t)
		credentials.KeyID = keyID
		_, err := upvest.New(credentials)
		requireText(t, err, "KeyID contains a character that a signature cannot carry", want)
		requireNoSecret(t, "the error", err.Error(), []string{"hush"})
	}
}
