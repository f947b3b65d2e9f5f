package wrapper_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// damageByCopying contains changes that copying can make to PEM text, and that
// ParsePrivateKey can undo without guessing.
var damageByCopying = map[string]func(pemText string) string{
	"unchanged":                     around("", ""),
	"\\n":                           lineBreaks(`\n`),
	"\\r\\n":                        lineBreaks(`\r\n`),
	"\\r":                           lineBreaks(`\r`),
	"\\n, escaped twice":            lineBreaks(`\\n`),
	"carriage returns":              lineBreaks("\r"),
	"Windows line ends":             lineBreaks("\r\n"),
	"quotation marks":               around(`"`, `"`),
	"single quotation marks":        around("'", "'"),
	"one quotation mark":            around(`"`, ""),
	"typographic quotation marks":   around("\u201c", "\u201d"),
	"quotation marks and \\n":       then(lineBreaks(`\n`), around(`"`, `"`)),
	"byte order mark":               around("\ufeff", ""),
	"byte order mark and \\r\\n":    then(lineBreaks(`\r\n`), around("\ufeff", "")),
	"space around it":               around(" \r\n\t", "\u00a0\n "),
	"base64":                        encoded(base64.StdEncoding),
	"base64 without padding":        encoded(base64.RawStdEncoding),
	"base64, URL-safe":              then(around(remark, ""), encoded(base64.URLEncoding)),
	"base64, URL-safe, no padding":  then(around(remark, ""), encoded(base64.RawURLEncoding)),
	"base64 with line breaks":       then(encoded(base64.StdEncoding), inLines("\n")),
	"base64 with \\r\\n":            then(encoded(base64.StdEncoding), inLines(`\r\n`)),
	"base64 with Windows line ends": then(encoded(base64.StdEncoding), inLines("\r\n")),
	"base64 in quotation marks":     then(encoded(base64.StdEncoding), around(`"`, `"`)),
	"base64 of UTF-16":              then(inUTF16(binary.LittleEndian), encoded(base64.StdEncoding)),
	"base64 of text with \\n":       then(lineBreaks(`\n`), encoded(base64.StdEncoding)),
}

// remark is text before the PEM block. The standard base64 of this text contains + and /,
// the two characters that URL-safe base64 replaces.
const remark = "~~>~~?\n"

// damageInFiles contains changes to PEM text that ParsePrivateKey can undo, but that
// occur only in files, because an environment variable cannot contain the resulting
// bytes.
var damageInFiles = map[string]func(pemText string) string{
	"UTF-16, little endian":            then(around("\ufeff", ""), inUTF16(binary.LittleEndian)),
	"UTF-16, big endian":               then(around("\ufeff", ""), inUTF16(binary.BigEndian)),
	"UTF-16LE without byte order mark": inUTF16(binary.LittleEndian),
	"UTF-16BE without byte order mark": inUTF16(binary.BigEndian),
	"UTF-16 of Windows": then(
		then(lineBreaks("\r\n"), around("\ufeff", "")), inUTF16(binary.LittleEndian)),
}

func then(first, second func(string) string) func(string) string {
	return func(text string) string { return second(first(text)) }
}

func around(before, after string) func(string) string {
	return func(text string) string { return before + text + after }
}

func lineBreaks(replacement string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, "\n", replacement) }
}

func encoded(encoding *base64.Encoding) func(text string) string {
	return func(text string) string { return encoding.EncodeToString([]byte(text)) }
}

// inLines breaks a string after every 76 characters.
func inLines(lineBreak string) func(string) string {
	return func(text string) string {
		var lines []string
		for line := range slices.Chunk([]byte(text), 76) {
			lines = append(lines, string(line))
		}
		return strings.Join(lines, lineBreak)
	}
}

func inUTF16(order binary.AppendByteOrder) func(string) string {
	return func(text string) string {
		var out []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			out = order.AppendUint16(out, unit)
		}
		return string(out)
	}
}

// copiedKeys are the files to which the tests apply the changes above: a plain key and an
// encrypted key.
var copiedKeys = []string{"p521-sec1.pem", "p521-sec1-aes256.pem"}

// requireSameKey checks that a key equals the private key in the p521 files.
func requireSameKey(t *testing.T, key crypto.Signer) {
	t.Helper()
	want, err := upvest.ParsePrivateKey(readKeyFile(t, "p521-pkcs8.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	public, ok := want.Public().(interface {
		Equal(other crypto.PublicKey) bool
	})
	if !ok || !public.Equal(key.Public()) {
		t.Error("the key differs from the key in the p521 files, want the same key")
	}
}

// FromEnv reads a copied key from the variable for PEM and from the variable for base64,
// after each change in damageByCopying.
func TestFromEnvReadsACopiedKey(t *testing.T) {
	for _, file := range copiedKeys {
		text := string(readKeyFile(t, file))
		for change, apply := range damageByCopying {
			for _, variable := range []string{envKey, envKeyBase64} {
				t.Run(file+"/"+change+"/"+variable, func(t *testing.T) {
					setEnv(t, completeEnv(t, map[string]string{
						envKey: "", envPassphrase: keyPassphrase, variable: apply(text),
					}))
					credentials, err := upvest.FromEnv()
					if err != nil {
						t.Fatal(err)
					}
					requireSameKey(t, credentials.PrivateKey)
				})
			}
		}
	}
}

func TestFromEnvReadsACopiedKeyFile(t *testing.T) {
	for _, file := range copiedKeys {
		text := string(readKeyFile(t, file))
		for _, changes := range []map[string]func(string) string{damageByCopying, damageInFiles} {
			for change, apply := range changes {
				t.Run(file+"/"+change, func(t *testing.T) {
					path := filepath.Join(t.TempDir(), "key.pem")
					if err := os.WriteFile(path, []byte(apply(text)), 0o600); err != nil {
						t.Fatal(err)
					}
					setEnv(t, completeEnv(t, map[string]string{
						envKey: "", envPassphrase: keyPassphrase, envKeyFilename: path,
					}))
					credentials, err := upvest.FromEnv()
					if err != nil {
						t.Fatal(err)
					}
					requireSameKey(t, credentials.PrivateKey)
				})
			}
		}
	}
}

func TestParsePrivateKeyReadsACopiedKey(t *testing.T) {
	for _, file := range copiedKeys {
		text := string(readKeyFile(t, file))
		for _, changes := range []map[string]func(string) string{damageByCopying, damageInFiles} {
			for change, apply := range changes {
				key, err := upvest.ParsePrivateKey([]byte(apply(text)), keyPassphrase)
				if err != nil {
					t.Errorf("%s with the change %q: got the error %v, want the key", file, change, err)
					continue
				}
				requireSameKey(t, key)
			}
		}
	}
}

// The error names the kind of damage and, in many cases, the line.
func TestParsePrivateKeyNamesTheDamage(t *testing.T) {
	text := string(readKeyFile(t, "p521-sec1.pem"))
	lines := strings.Split(text, "\n")
	block, _ := pem.Decode([]byte(text))
	withLine := func(number int, line string) string {
		changed := slices.Clone(lines)
		changed[number-1] = line
		return strings.Join(changed, "\n")
	}
	const merged = "line 1 contains more than a BEGIN or END line: keep its line breaks"
	for name, test := range map[string]struct{ text, want string }{
		"line breaks became spaces":  {lineBreaks(" ")(text), merged},
		"line breaks became letters": {lineBreaks("n")(text), merged},
		"without line breaks":        {lineBreaks("")(text), merged},
		"all lines indented": {
			text: "key: |\n  " + lineBreaks("\n  ")(text),
			want: "line 2 is indented: begin each line at the margin",
		},
		"all lines indented except BEGIN": {lineBreaks("\n\t")(text), "line 7 is indented"},
		"no END line": {
			text: strings.Join(lines[:4], "\n"),
			want: "the block that begins on line 1 has no END line",
		},
		"no END line before a second block": {
			text: strings.Join(lines[:4], "\n") + "\n" + text,
			want: "the block that begins on line 1 has no END line",
		},
		"a colon in a line": {
			text: withLine(3, "MHc:"),
			want: "character 4 of line 3 is a punctuation mark",
		},
		"END line cut off":   {strings.TrimRight(text, "-\n"), "line 7 is cut off"},
		"BEGIN line cut off": {withLine(1, "-----BEGIN EC PRIVATE KEY"), "line 1 is cut off"},
		"an END line of a different type": {
			text: strings.Replace(text, "END EC ", "END ", 1),
			want: "the END line 7 does not match",
		},
		"a space that is not ASCII": {
			text: withLine(3, "MHc\u00a0AQ"),
			want: "character 4 of line 3 is a space outside ASCII",
		},
		"an invisible character": {
			text: withLine(3, "\u200bMHc"),
			want: "character 1 of line 3 is an invisible character",
		},
		"a quotation mark inside": {withLine(3, `MHc"`), "character 4 of line 3 is a quotation mark"},
		"an ellipsis in a line": {
			text: withLine(3, "\u2026"),
			want: "character 1 of line 3 is a character outside ASCII",
		},
		"stars in a line": {withLine(3, "****"), "character 1 of line 3 is a punctuation mark"},
		"a byte that is not UTF-8": {
			text: withLine(3, "\xff"),
			want: "character 1 of line 3 is a byte that is not UTF-8",
		},
		"a missing character": {withLine(3, lines[2][1:]), "a PEM block is damaged"},
		"one long dash instead of five dashes": {
			text: strings.ReplaceAll(text, "-----", "\u2014"),
			want: "the BEGIN line is damaged",
		},
		"only the base64 inside": {strings.Join(lines[1:6], "\n"), "not PEM but only the base64 inside"},
		"a part of the base64":   {strings.Join(lines[2:4], "\n"), "not PEM, and not base64 of PEM: "},
		"DER":                    {string(block.Bytes), "not PEM but DER, its binary form"},
		"base64 of a word":       {"aHVzaA==", "not PEM, and not base64 of PEM: "},
		"plain text": {
			text: "a key: *",
			want: "not base64 of PEM because character 6 is a punctuation mark",
		},
		"a number sign in base64": {
			text: "SGVsbG8#d29",
			want: "not base64 of PEM because character 8 is a punctuation mark",
		},
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, []byte(test.text), keyPassphrase, test.want) })
	}
}

// If copying has added characters to a passphrase, the error names these characters as
// the likely cause.
func TestParsePrivateKeyNamesTheLikelyFaultInAPassphrase(t *testing.T) {
	for _, name := range encryptedForms {
		text := readKeyFile(t, name)
		for passphrase, want := range map[string]string{
			keyPassphrase + "\n":     "probably because it ends in a line break: remove the line break",
			keyPassphrase + "\r\n":   "probably because it ends in a line break: remove the line break",
			keyPassphrase + " ":      "probably because there is space around it: remove the space",
			"\u00a0" + keyPassphrase: "probably because there is space around it: remove the space",
			`"` + keyPassphrase + `"`: "probably because quotation marks are a part of it: " +
				"remove the quotation marks",
			"battery-staple": "the passphrase is wrong, or the PEM block is damaged: " +
				"check the passphrase first",
		} {
			requireRefused(t, text, passphrase, want)
			requireRefused(t, text, passphrase, "passphrase is wrong")
		}
	}
}

// ParsePrivateKey does not trim the passphrase: a key can be encrypted with a passphrase
// that ends in a line break.
func TestParsePrivateKeyDoesNotTrimThePassphrase(t *testing.T) {
	plain, _ := pem.Decode(readKeyFile(t, "p521-sec1.pem"))
	const passphrase = keyPassphrase + "\n"
	//nolint:staticcheck // users have keys that are encrypted in this way
	block, err := x509.EncryptPEMBlock(
		rand.Reader, plain.Type, plain.Bytes, []byte(passphrase), x509.PEMCipherAES256)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(block)
	key, err := upvest.ParsePrivateKey(text, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	requireSigns(t, key)
	requireRefused(t, text, keyPassphrase, "passphrase is wrong")
}
