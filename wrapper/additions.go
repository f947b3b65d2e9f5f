package wrapper

import (
	"slices"
)

// WithQuery adds a parameter that is newer than this client to the query. The call is refused if it sets that parameter itself. Token
// requests stay as they are.
func WithQuery(name, value string) Option {
	return option(func(s *settings) error { return s.add(queryEdit(name, value)) })
}

// WithBodyField adds a member that is newer than this client to the JSON object that a write sends; the value is anything that encoding/json
// can write, amounts as text. The call is refused if it has no such body, or sets that member itself.
func WithBodyField(name string, value any) CallOption {
	return callOption(func(s *settings) error { return s.add(bodyFieldEdit(name, value)) })
}

// WithHeader sets a header that is newer than this client. The signature covers it, unless Upvest's list of headers that are never covered
// names it. Headers that the client or the connection sets are refused. Token requests stay as they are.
func WithHeader(name, value string) Option {
	return option(func(s *settings) error {
		edit, covered, err := headerEdit(name, value)
		if covered != "" {
			s.covered = append(slices.Clip(s.covered), covered)
		}
		return s.add(edit, err)
	})
}

func (s *settings) add(edit requestEdit, err error) error {
	s.edits = append(slices.Clip(s.edits), edit) // a client's options are shared by its calls
	return err
}
