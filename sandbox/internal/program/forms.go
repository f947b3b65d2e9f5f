package program

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// The values of -env-form.
const (
	shellForm      = "sh"
	dotenvForm     = "dotenv"
	powershellForm = "powershell"
	jsonForm       = "json"
)

// encode returns variables, given as NAME=value, in one of the forms of -env-form, with
// one variable per line.
func encode(form string, pairs []string) ([]byte, error) {
	if form == jsonForm {
		return jsonObject(pairs)
	}
	var lines bytes.Buffer
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		switch form {
		case shellForm:
			fmt.Fprintf(&lines, "export %s=%s\n", name, shellQuoted(value))
		case powershellForm:
			fmt.Fprintf(&lines, "$env:%s = %s\n", name, powershellQuoted(value))
		case dotenvForm:
			if !isPlain(value) {
				return nil, fmt.Errorf(
					"flag -env-form dotenv: programs disagree about how to read the value of %s: "+
						`expected no quotation mark, #, $, \, line break, or space at an end: `+
						"choose another value or another form", name)
			}
			fmt.Fprintf(&lines, "%s=%s\n", name, value)
		default:
			return nil, fmt.Errorf("flag -env-form: %q, expected %s, %s, %s or %s",
				form, shellForm, dotenvForm, powershellForm, jsonForm)
		}
	}
	return lines.Bytes(), nil
}

func jsonObject(pairs []string) ([]byte, error) {
	var object bytes.Buffer
	separator := "{\n"
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		quoted, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("write %s as JSON: %w", name, err)
		}
		fmt.Fprintf(&object, "%s  %q: %s", separator, name, quoted)
		separator = ",\n"
	}
	object.WriteString("\n}\n")
	return object.Bytes(), nil
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// powershellQuoted doubles all single quotation marks, including typographic ones,
// because PowerShell ends a string at those too.
func powershellQuoted(text string) string {
	doubled := strings.NewReplacer("'", "''", "\u2018", "\u2018\u2018", "\u2019", "\u2019\u2019",
		"\u201a", "\u201a\u201a", "\u201b", "\u201b\u201b")
	return "'" + doubled.Replace(text) + "'"
}

// isPlain reports whether all programs that read dotenv files read the value in the same
// way: docker uses a line as it is, but other programs remove quotation marks and replace
// $NAME.
func isPlain(value string) bool {
	return strings.TrimSpace(value) == value && !strings.ContainsAny(value, "'\"`#$\\\r\n")
}
