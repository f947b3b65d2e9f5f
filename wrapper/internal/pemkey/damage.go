package pemkey

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// errNotPEM returns the error for a text without PEM. plain is the text after
// undoCopying. decoded is the result of decoding plain from base64, or nil if plain is
// not base64.
func errNotPEM(text []byte, plain string, decoded []byte) error {
	switch {
	case isDER(text):
		return errors.New("private key: not PEM but DER, its binary form: " +
			"convert it with openssl pkey -inform DER -in key.der -out key.pem")
	case isDER(decoded):
		return errors.New("private key: not PEM but only the base64 inside: " +
			"give the whole text of the key file, from -----BEGIN to the last line")
	case strings.Contains(plain, "BEGIN") && strings.Contains(plain, "KEY"):
		return errors.New("private key: not PEM, because the BEGIN line is damaged: " +
			"write five hyphens, BEGIN, one space, the type of the key and five hyphens, " +
			"as in -----BEGIN PRIVATE KEY-----")
	}
	for i, char := range []rune(plain) {
		if !isBase64(char) && char != '-' && char != '_' && !unicode.IsSpace(char) {
			return fmt.Errorf("private key: not PEM, and not base64 of PEM because character %d is %s: "+
				"give the whole text of the key file, from -----BEGIN to the last line",
				i+1, validate.Describe(char))
		}
	}
	return errors.New("private key: not PEM, and not base64 of PEM: " +
		"give the whole text of the key file, from -----BEGIN to the last line")
}

// isDER reports whether data is exactly one ASN.1 sequence.
func isDER(data []byte) bool {
	var value asn1.RawValue
	rest, err := asn1.Unmarshal(data, &value)
	return err == nil && len(rest) == 0 && value.Tag == asn1.TagSequence
}

func isBase64(char rune) bool {
	letter := char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z'
	return letter || char >= '0' && char <= '9' || char == '+' || char == '/' || char == '='
}

// errDamaged returns the error for a text that contains a PEM block that encoding/pem
// cannot read. If errDamaged finds a line that breaks a rule of PEM, the error names the
// first such line, or the BEGIN line of a block without an END line.
func errDamaged(text string) error {
	var open *openBlock
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t")
		begins := strings.Contains(line, beginning)
		switch {
		case begins && open != nil:
			return open.errNoEnd()
		case begins:
			label, err := readBoundary(line, beginning, i+1)
			if err != nil {
				return err
			}
			open = &openBlock{label: label, line: i + 1}
		case open == nil:
		case strings.Contains(line, ending):
			label, err := readBoundary(line, ending, i+1)
			if err != nil {
				return err
			}
			if label != open.label {
				return fmt.Errorf("private key: the END line %d does not match the BEGIN line: "+
					"copy the file again, with its line breaks", i+1)
			}
			open = nil
		default:
			if err := open.checkLine(line, i+1); err != nil {
				return err
			}
		}
	}
	if open != nil {
		return open.errNoEnd()
	}
	return errors.New("private key: a PEM block is damaged: copy the file again, with its line breaks")
}

// ending is the text with which the last line of a PEM block begins.
const ending = "-----END "

// readBoundary reads the label of a BEGIN or END line.
func readBoundary(line, prefix string, number int) (label string, err error) {
	before, after, _ := strings.Cut(line, prefix)
	label, rest, complete := strings.Cut(after, "-----")
	switch {
	case before != "" && strings.TrimSpace(before) == "":
		return "", fmt.Errorf("private key: line %d is indented: begin each line at the margin", number)
	case before != "" || rest != "":
		return "", fmt.Errorf("private key: line %d contains more than a BEGIN or END line: "+
			"keep its line breaks, which may also be written as the two characters \\n", number)
	case !complete:
		return "", fmt.Errorf("private key: line %d is cut off: "+
			"copy the file again, with its line breaks", number)
	}
	return label, nil
}

// openBlock is a block whose END line has not been read yet.
type openBlock struct {
	label string
	line  int
	body  bool // the headers have ended
}

func (b *openBlock) errNoEnd() error {
	return fmt.Errorf("private key: the block that begins on line %d has no END line: "+
		"copy the file whole, with its line breaks", b.line)
}

// checkLine checks a line between BEGIN and END: a header, or base64.
func (b *openBlock) checkLine(line string, number int) error {
	if !b.body && strings.Contains(line, ":") {
		return nil
	}
	b.body = true
	for i, char := range []rune(line) {
		if !isBase64(char) && char != ' ' && char != '\t' {
			return fmt.Errorf("private key: character %d of line %d is %s, which is not base64: "+
				"copy the file again, with its line breaks", i+1, number, validate.Describe(char))
		}
	}
	return nil
}
