package wrapper_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// byReflection returns all strings and bytes that a value contains, in exported and
// unexported fields, like a printer that calls no methods. It appends what fmt prints for
// the value with the verb %w, which is invalid outside [fmt.Errorf].
func byReflection(value any) string {
	w := walk{seen: map[visit]bool{}}
	w.value(reflect.ValueOf(value))
	wrongVerb := "%w"
	return w.found.String() + fmt.Sprintf(wrongVerb, value)
}

type visit struct {
	kind    reflect.Type
	address uintptr
}

type walk struct {
	found strings.Builder
	seen  map[visit]bool
}

func (w *walk) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		w.found.WriteString(v.String() + "\n")
	case reflect.Pointer:
		here := visit{v.Type(), v.Pointer()}
		if !v.IsNil() && !w.seen[here] {
			w.seen[here] = true
			w.value(v.Elem())
		}
	case reflect.Interface:
		w.value(v.Elem())
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			w.value(entry.Key())
			w.value(entry.Value())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if !isReceived(v.Type(), v.Type().Field(i).Name) {
				w.value(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			w.found.WriteString(string(v.Bytes()) + "\n")
			return
		}
		w.elements(v)
	case reflect.Array:
		w.elements(v)
	default:
	}
}

func (w *walk) elements(v reflect.Value) {
	for i := range v.Len() {
		w.value(v.Index(i))
	}
}

// isReceived reports whether a field of a struct keeps data as the server sent it, which
// may contain secrets. byReflection skips these fields.
func isReceived(structure reflect.Type, field string) bool {
	switch structure {
	case reflect.TypeFor[upvest.Error]():
		return field == "Body" || field == "Members"
	case reflect.TypeFor[upvest.Response]():
		return field == "Body" || field == "Header"
	}
	return false
}

// byReflection must find a secret in every kind of value. Otherwise, the tests that
// search its result for secrets would prove nothing.
func TestReflectionFindsSecrets(t *testing.T) {
	text := "test-secret"
	for name, value := range map[string]any{
		"field":           struct{ secret string }{text},
		"pointer":         struct{ secret *string }{&text},
		"nested pointers": &struct{ next *struct{ secret *string } }{&struct{ secret *string }{&text}},
		"interface":       struct{ secret any }{text},
		"slice":           struct{ secret []string }{[]string{text}},
		"array":           struct{ secret [1]string }{[1]string{text}},
		"bytes":           struct{ secret []byte }{[]byte(text)},
		"map key":         struct{ secret map[string]int }{map[string]int{text: 1}},
		"map value":       struct{ secret map[int]string }{map[int]string{1: text}},
		"credentials":     upvest.Credentials{ClientSecret: text},
	} {
		if !strings.Contains(byReflection(value), text) {
			t.Errorf("byReflection did not find the secret in the case %q, want it found", name)
		}
	}
	if found := byReflection(upvest.Error{Title: text}); !strings.Contains(found, text) {
		t.Errorf("byReflection found %q in an error, want it to find the title %q", found, text)
	}
}
