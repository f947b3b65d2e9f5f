package signature

import (
	"regexp"
	"strings"
)

// textMistake is a mistake in the signed text. The function signed takes a correct text
// and returns the text with the mistake.
type textMistake struct {
	detail string
	signed func(text string) string
}

// These are descriptions of mistakes that have more than one form.
const (
	lacksParameters = `the signed text lacks the line "@signature-params"`
	unquotedNames   = `the signed text has component names without quotation marks, ` +
		`expected lines such as "@method": GET`
	otherPlus = `the signed text spells the plus signs in "@query" differently from the URL that was sent; ` +
		`expected the same spelling, with %2B for a plus, because + means a space`
)

var textMistakes = []textMistake{
	{
		detail: "the signed text ends with a newline, expected none after the last line",
		signed: func(text string) string { return text + "\n" },
	},
	{detail: lacksParameters, signed: withoutParameters},
	{
		detail: lacksParameters,
		signed: func(text string) string { return strings.TrimSuffix(withoutParameters(text), "\n") },
	},
	{
		detail: `the signed text has "@query" without its leading question mark`,
		signed: func(text string) string { return strings.Replace(text, `"@query": ?`, `"@query": `, 1) },
	},
	{
		detail: "the signed text has lines that end with CRLF, expected a single line feed",
		signed: func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
	},
	{
		detail: unquotedNames,
		signed: func(text string) string { return quotedName.ReplaceAllString(text, "$1: ") },
	},
	{
		detail: unquotedNames,
		signed: func(text string) string {
			components := withoutParameters(text)
			return quotedName.ReplaceAllString(components, "$1: ") + text[len(components):]
		},
	},
	{
		detail: `the signed text has "@method" in lower case, expected upper case`,
		signed: changed(method, strings.ToLower),
	},
	{
		detail: `the signed text has "@path" with the query, expected the path alone`,
		signed: func(text string) string {
			return changed(path, func(value string) string { return value + lineOf(text, query) })(text)
		},
	},
	{
		detail: `the signed text has "authorization" without "Bearer ", expected the whole header`,
		signed: changed(token, func(value string) string { return strings.TrimPrefix(value, "Bearer ") }),
	},
	{
		detail: otherPlus,
		signed: changed(query, func(value string) string { return strings.ReplaceAll(value, "+", "%2B") }),
	},
	{
		detail: otherPlus,
		signed: changed(query, func(value string) string { return strings.ReplaceAll(value, "%2B", "+") }),
	},
	{
		detail: otherPlus,
		signed: changed(query, func(value string) string { return strings.ReplaceAll(value, "+", "%20") }),
	},
}

// quotedName matches the name of a component at the beginning of a line.
var quotedName = regexp.MustCompile(`(?m)^"([^"]*)": `)

// changed returns a function that replaces the value of a component in a text with the
// result of the function change.
func changed(name string, change func(string) string) func(string) string {
	return func(text string) string {
		before, rest, found := strings.Cut(text, `"`+name+`": `)
		if !found {
			return text
		}
		value, after, _ := strings.Cut(rest, "\n")
		return before + `"` + name + `": ` + change(value) + "\n" + after
	}
}

// lineOf returns the value of a component in a text, or "" if the text does not contain
// the component.
func lineOf(text, name string) string {
	_, rest, _ := strings.Cut(text, `"`+name+`": `)
	value, _, _ := strings.Cut(rest, "\n")
	return value
}

// withoutParameters returns the text up to its last newline, which is the text without
// the line of the signature parameters.
func withoutParameters(text string) string { return text[:strings.LastIndex(text, "\n")+1] }
