package validate

import (
	"unicode"
	"unicode/utf8"
)

// Describe returns the kind of a character, such as "a line break". Errors about a secret
// contain the kind instead of the character.
func Describe(char rune) string {
	switch char {
	case '\n', '\r', '\u0085', '\u2028', '\u2029':
		return "a line break"
	case '\t':
		return "a tab"
	case ' ':
		return "a space"
	case '\ufeff':
		return "a byte order mark"
	case '"', '\'', '`', '\u2018', '\u2019', '\u201c', '\u201d':
		return "a quotation mark"
	case '\\':
		return "a backslash"
	case ',':
		return "a comma"
	case utf8.RuneError:
		return "a byte that is not UTF-8"
	}
	switch {
	case unicode.IsSpace(char):
		return "a space outside ASCII"
	case unicode.IsControl(char):
		return "a control character"
	case unicode.Is(unicode.Cf, char):
		return "an invisible character"
	case char > unicode.MaxASCII:
		return "a character outside ASCII"
	case unicode.IsLetter(char):
		return "a letter"
	case unicode.IsDigit(char):
		return "a digit"
	}
	return "a punctuation mark"
}
