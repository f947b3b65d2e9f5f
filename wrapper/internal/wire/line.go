package wire

import (
	"strings"
	"unicode"
)

// Line makes text from a server safe for a log: one line, printable characters, limited
// length.
func Line(text string) string {
	const limit = 500
	clean := strings.Map(func(char rune) rune {
		if unicode.IsPrint(char) {
			return char
		}
		return ' '
	}, text)
	if runes := []rune(clean); len(runes) > limit {
		clean = string(runes[:limit]) + "…"
	}
	return clean
}

// ErrorLine returns the text of an error in one line, even if it joins several errors.
func ErrorLine(err error) string { return Line(strings.ReplaceAll(err.Error(), "\n", "; ")) }
