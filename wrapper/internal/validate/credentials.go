package validate

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"
)

// ClientSecret checks a secret: printable ASCII.
//
// Source: RFC 6749, appendix A.2.
func ClientSecret(secret string) error {
	position, kind := firstOther(secret, func(char rune) bool { return char >= ' ' && char <= '~' })
	if position == 0 {
		return nil
	}
	return fmt.Errorf("character %d is %s: copy the secret again, it is printable ASCII", position, kind)
}

// Scope checks one scope: printable ASCII without space, quotation mark and backslash. A
// comma is refused as well, because it joins two scopes in Upvest's environment variable.
//
// Source: RFC 6749, appendix A.4.
func Scope(scope string) error {
	if scope == "" {
		return errors.New("it is empty: give each its own entry, as in portfolios:read")
	}
	position, kind := firstOther(scope, func(char rune) bool {
		return char > ' ' && char <= '~' && char != '"' && char != '\\' && char != ','
	})
	if position == 0 {
		return nil
	}
	return fmt.Errorf("character %d is %s: give each its own entry, as in portfolios:read", position, kind)
}

// ClientID reads a client ID: a UUID of 36 characters. [uuid.Parse] accepts other forms,
// among them a UUID with one wrong character on each side.
func ClientID(text string) (uuid.UUID, error) {
	const form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	for i, char := range []rune(text) {
		if i == len(form) {
			break
		}
		if isHyphen := form[i] == '-'; isHyphen && char != '-' || !isHyphen && !isHex(char) {
			return uuid.Nil, fmt.Errorf("not a UUID, because character %d is %s: "+
				"set it to the client ID that Upvest gave you", i+1, Describe(char))
		}
	}
	if len(text) != len(form) {
		return uuid.Nil, fmt.Errorf("not a UUID, because it has %d characters instead of %d: "+
			"set it to the client ID that Upvest gave you", utf8.RuneCountInString(text), len(form))
	}
	return uuid.Parse(text)
}

func isHex(char rune) bool {
	return char >= '0' && char <= '9' || char >= 'a' && char <= 'f' || char >= 'A' && char <= 'F'
}

// firstOther returns the position of the first character that is not allowed, counted
// from 1, and its kind. The position is 0 if there is none.
func firstOther(text string, allowed func(char rune) bool) (position int, kind string) {
	for i, char := range []rune(text) {
		if !allowed(char) {
			return i + 1, Describe(char)
		}
	}
	return 0, ""
}
