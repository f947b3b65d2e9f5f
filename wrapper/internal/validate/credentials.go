package validate

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/google/uuid"
)

// ClientSecret refuses a secret that is not printable ASCII.
//
// Source: RFC 6749, appendix A.2.
func ClientSecret(secret string) error {
	position, kind := firstOther(secret, func(char rune) bool { return char >= ' ' && char <= '~' })
	if position == 0 {
		return nil
	}
	return fmt.Errorf("character %d is %s: copy the secret again, it is printable ASCII", position, kind)
}

// Scope accepts a scope of printable ASCII without spaces, double quotation marks and
// backslashes. It refuses commas too, because a comma separates scopes in Upvest's
// environment variable.
//
// Source: RFC 6749, appendix A.4.
func Scope(scope string) error {
	if scope == "" {
		return errors.New("it is empty: give each scope its own entry, as in portfolios:read")
	}
	position, kind := firstOther(scope, func(char rune) bool {
		return char > ' ' && char <= '~' && char != '"' && char != '\\' && char != ','
	})
	if position == 0 {
		return nil
	}
	return fmt.Errorf("character %d is %s: give each scope its own entry, as in portfolios:read",
		position, kind)
}

// ClientID reads a client ID: a UUID of 36 characters. [uuid.Parse] accepts more forms,
// such as a UUID between two arbitrary characters.
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
// from 1, and its kind. The position is 0 if all characters are allowed.
func firstOther(text string, allowed func(char rune) bool) (position int, kind string) {
	for i, char := range []rune(text) {
		if !allowed(char) {
			return i + 1, Describe(char)
		}
	}
	return 0, ""
}
