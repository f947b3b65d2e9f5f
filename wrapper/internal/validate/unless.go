package validate

import "errors"

// Unless returns an error with the given text, or nil if ok is true.
func Unless(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}
