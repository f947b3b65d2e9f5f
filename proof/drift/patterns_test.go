package drift_test

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// patternCheck is the check of package api for a pattern of the contract.
type patternCheck struct {
	end     string // of the schema's place in the contract
	accepts func(string) bool
	near    []string // texts near which the two could differ
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

// acceptsAmount also accepts the empty text, because the documented pattern does,
// although it is not an amount.
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

// checkPatterns: package api accepts exactly the texts that each pattern of a body's
// schema accepts. It tries all texts that are one edit away from those above.
func checkPatterns(contract *openapi3.T) (found findings) {
	used := map[string]bool{}
	err := contract.WalkSchemas(func(pointer string, schema *openapi3.SchemaRef) error {
		if schema.Value.Pattern != "" && strings.HasPrefix(pointer, "/components/schemas/") {
			found.addPattern(pointer, schema.Value.Pattern, used)
		}
		return nil
	})
	if err != nil {
		found.addf(ofContract+"walk its schemas: %v", err)
	}
	for _, check := range patternChecks() {
		if !used[check.end] {
			found.addf("proof/drift/patterns_test.go: %s: the contract has no pattern there: "+
				"remove it from patternChecks", check.end)
		}
	}
	return found
}

// addPattern compares a pattern with package api. used collects the checks that have a
// pattern.
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
	f.addf(ofContract+"%s: no value type of package api checks this pattern: "+
		"add it to patternChecks in proof/drift/patterns_test.go", pointer)
}

// difference returns the first difference between a pattern and package api.
func (c patternCheck) difference(pattern *regexp.Regexp) string {
	for _, near := range c.near {
		for _, text := range neighbors(near) {
			if want := pattern.MatchString(text); want != c.accepts(text) {
				return fmt.Sprintf("%q fits the contract: %t, package api accepts it: %t", text, want, !want)
			}
		}
	}
	return ""
}

// neighbors returns the text itself, and all texts in which one character is removed,
// inserted or replaced.
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
