package pemkey

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
)

// beginning is the text with which each PEM block begins.
const beginning = "-----BEGIN "

// IsKey reports whether a text contains the beginning of a PEM block, also after one of
// the changes that clean undoes. The block can be of any type.
func IsKey(text string) bool {
	_, err := clean([]byte(text))
	return err == nil
}

// clean returns the PEM in a text that may have been changed by copying it. It undoes the
// changes that leave no doubt about the original: UTF-16, a byte order mark, quotation
// marks around the text, and line breaks that are written as the characters \r and \n.
// Base64 of the whole text is decoded: standard or URL-safe, with or without padding and
// line breaks.
func clean(text []byte) ([]byte, error) {
	plain := undoCopying(text)
	if bytes.Contains(plain, []byte(beginning)) {
		return plain, nil
	}
	decoded := decodeBase64(string(plain))
	decodedPlain := undoCopying(decoded)
	if bytes.Contains(decodedPlain, []byte(beginning)) {
		return decodedPlain, nil
	}
	return nil, errNotPEM(text, string(plain), decoded)
}

// undoCopying undoes the changes that the comment of clean lists, except base64.
func undoCopying(text []byte) []byte {
	text = toUTF8(text)
	text = bytes.TrimFunc(text, func(char rune) bool { return unicode.IsSpace(char) || isQuote(char) })
	// PEM contains no backslash, so each backslash is a part of an escaped line break.
	// Some tools escape twice.
	for bytes.Contains(text, []byte(`\\`)) {
		text = bytes.ReplaceAll(text, []byte(`\\`), []byte(`\`))
	}
	text = bytes.ReplaceAll(text, []byte(`\r`), []byte("\r"))
	text = bytes.ReplaceAll(text, []byte(`\n`), []byte("\n"))
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// isQuote reports whether a character is a quotation mark, straight or typographic.
func isQuote(char rune) bool { return strings.ContainsRune("\"'`\u2018\u2019\u201c\u201d", char) }

// toUTF8 decodes UTF-16 and removes the byte order mark. It recognizes UTF-16 by that
// mark, or by a first character of which one byte is zero.
func toUTF8(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case len(text) < 2:
		return text
	case text[0] == 0xff && text[1] == 0xfe, text[0] != 0 && text[1] == 0:
		order = binary.LittleEndian
	case text[0] == 0xfe && text[1] == 0xff, text[0] == 0 && text[1] != 0:
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = order.Uint16(text[2*i:])
	}
	return bytes.TrimPrefix([]byte(string(utf16.Decode(units))), []byte("\ufeff"))
}

// decodeBase64 decodes base64 in the standard or the URL-safe alphabet, and ignores
// padding and space. It returns nil for text that is not base64.
func decodeBase64(text string) []byte {
	text = strings.Join(strings.Fields(text), "")
	text = strings.TrimRight(text, "=")
	text = strings.NewReplacer("-", "+", "_", "/").Replace(text)
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return decoded
}
