package drift_test

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// patternCheck compares a pattern in the contract with the corresponding validation in
// package api.
type patternCheck struct {
	end     string // end of the JSON pointer to the schema
	accepts func(string) bool
	near    []string // strings near the limits of the pattern
}

func patternChecks() []patternCheck {
	digits := strings.Repeat("7", 63)
	return []patternCheck{
		{
			end:     "/properties/cash_amount",
			accepts: acceptsAmount,
			near:    []string{"", "0", ".5", "100.00", "1e3", digits, digits + "." + strings.Repeat("3", 27)},
		},
		{
			end:     "/properties/weight",
			accepts: acceptsWeight,
			near:    []string{"", "0.7", "99.99999", "100", "100.0", "100.00000", "101"},
		},
		{
			end:     "/properties/instrument_id/oneOf/0",
			accepts: acceptsISIN,
			near:    []string{"", "US0378331005", "IE00B0M62Q58", "ie00b0m62q58"},
		},
		{
			end:     "/properties/instrument_id/oneOf/1",
			accepts: func(text string) bool { return api.InstrumentID(text).IsUpvestID() },
			near:    []string{"c2721bc09f65474ba846b237eb17fb05", "C2721BC0-9F65-474B-8846-B237EB17FB05"},
		},
	}
}

// acceptsAmount reports whether a string is empty or an amount. The documented pattern
// accepts the empty string, although it is not an amount.
func acceptsAmount(text string) bool {
	_, err := api.NewAmount(text)
	return err == nil || text == ""
}

func acceptsWeight(text string) bool {
	_, err := api.NewWeight(text)
	return err == nil
}

func acceptsISIN(text string) bool {
	_, err := api.NewISIN(text)
	return err == nil && api.InstrumentID(text).IsISIN()
}

// checkPatterns requires that package api accepts the same strings as the patterns in the
// contract. It tries the strings in patternChecks, and strings that differ from one of
// them by one character.
func checkPatterns(contract *openapi3.T) (found findings) {
	used := map[string]bool{}
	err := contract.WalkSchemas(func(pointer string, schema *openapi3.SchemaRef) error {
		if schema.Value.Pattern != "" && strings.HasPrefix(pointer, "/components/schemas/") {
			found.addPattern(pointer, schema.Value.Pattern, used)
		}
		return nil
	})
	if err != nil {
		found.addf(ofContract+"read the schemas: %v", err)
	}
	for _, check := range patternChecks() {
		if !used[check.end] {
			found.addf("proof/drift/patterns_test.go: %s: the contract has no pattern for this schema: "+
				"remove the entry from patternChecks", check.end)
		}
	}
	return found
}

// addPattern compares a pattern with the validation in package api, and reports the first
// difference. It marks the check that it has applied in the map `used`.
func (f *findings) addPattern(pointer, text string, used map[string]bool) {
	pattern, err := regexp.Compile(text)
	if err != nil {
		f.addf(ofContract+"%s: %v: correct the pattern", pointer, err)
		return
	}
	for _, check := range patternChecks() {
		if !strings.HasSuffix(pointer, check.end) {
			continue
		}
		used[check.end] = true
		if difference := check.difference(pattern); difference != "" {
			f.addf(ofContract+"%s: %s: correct the pattern, or package api", pointer, difference)
		}
		return
	}
	f.addf(ofContract+"%s: no type of package api checks this pattern: "+
		"add the pattern to patternChecks in proof/drift/patterns_test.go", pointer)
}

// difference describes the first difference between a pattern and package api, or returns
// "" if they agree.
func (c patternCheck) difference(pattern *regexp.Regexp) string {
	for _, near := range c.near {
		for _, text := range neighbors(near) {
			if want := pattern.MatchString(text); want != c.accepts(text) {
				return fmt.Sprintf("the contract accepts %q: %t, but package api accepts this string: %t",
					text, want, !want)
			}
		}
	}
	return ""
}

// neighbors returns the given string, and strings that differ from it by one removed,
// inserted or replaced character. The inserted characters and the replacements come from
// a fixed list.
func neighbors(text string) []string {
	list := []string{text}
	for i := 0; i <= len(text); i++ {
		for char := range strings.SplitSeq("015678 9.-+,_abcfgzABCFGZ\n", "") {
			list = append(list, text[:i]+char+text[i:])
			if i < len(text) {
				list = append(list, text[:i]+char+text[i+1:])
			}
		}
		if i < len(text) {
			list = append(list, text[:i]+text[i+1:])
		}
	}
	return list
}
