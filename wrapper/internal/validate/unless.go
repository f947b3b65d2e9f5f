package validate

import "errors"

// Unless returns an error with a text, or nil if ok is true.
func Unless(ok bool, text string) error {
	if ok {
		return nil
	}
	return errors.New(text)
}
