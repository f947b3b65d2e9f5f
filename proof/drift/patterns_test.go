package drift_test

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/d8277167/upvest-portfolios-go/api"
)

// patternCheck says what package api accepts where the contract has a pattern, and texts
// near which the two could differ.
type patternCheck struct {
	accepts func(string) bool
	near    []string
}

// patternChecks are by the end of the schema's place in the contract.
func patternChecks() map[string]patternCheck {
	digits := strings.Repeat("7", 63)
	return map[string]patternCheck{
		"/properties/cash_amount": {
			accepts: func(text string) bool {
				_, err := api.NewAmount(text)
				return err == nil ||
					text == "" // The documented pattern accepts an empty text, which is no amount of money.
			},
			near: []string{"", "0", ".5", "100.00", "1e3", digits, digits + "." + strings.Repeat("3", 27)},
		},
		"/properties/weight": {
			accepts: func(text string) bool { _, err := api.NewWeight(text); return err == nil },
			near:    []string{"", "0.7", "99.99999", "100", "100.0", "100.00000", "101"},
		},
		"/properties/instrument_id/oneOf/0": {
			accepts: func(text string) bool {
				_, err := api.NewISIN(text)
				return err == nil && api.InstrumentID(text).IsISIN()
			},
			near: []string{"", "US0378331005", "IE00B0M62Q58", "ie00b0m62q58"},
		},
		"/properties/instrument_id/oneOf/1": {
			accepts: func(text string) bool { return api.InstrumentID(text).IsUpvestID() },
			near:    []string{"c2721bc09f65474ba846b237eb17fb05", "C2721BC0-9F65-474B-8846-B237EB17FB05"},
		},
	}
}

// checkPatterns: package api accepts what each pattern of a body's schema accepts, and
// nothing else. Tried on every text that is one edit away from those above.
func checkPatterns(contract *openapi3.T) []string {
	var findings []string
	unused := patternChecks()
	err := contract.WalkSchemas(func(pointer string, schema *openapi3.SchemaRef) error {
		if schema.Value.Pattern == "" || !strings.HasPrefix(pointer, "/components/schemas/") {
			return nil
		}
		pattern, err := regexp.Compile(schema.Value.Pattern)
		if err != nil {
			findings = append(findings, pointer+": "+err.Error())
			return nil
		}
		for end, check := range patternChecks() {
			if strings.HasSuffix(pointer, end) {
				delete(unused, end)
				findings = append(findings, check.compare(pointer, pattern)...)
				return nil
			}
		}
		findings = append(findings, pointer+": no value type of package api checks this pattern")
		return nil
	})
	if err != nil {
		findings = append(findings, err.Error())
	}
	for _, end := range sorted(unused) {
		findings = append(findings, end+": the contract has no pattern there")
	}
	return findings
}

// compare stops at the first difference; the others would say the same.
func (c patternCheck) compare(pointer string, pattern *regexp.Regexp) []string {
	for _, near := range c.near {
		for _, text := range neighbours(near) {
			if want := pattern.MatchString(text); want != c.accepts(text) {
				return []string{
					fmt.Sprintf(
						"%s: %q fits the contract: %t, is accepted by package api: %t",
						pointer,
						text,
						want,
						!want,
					),
				}
			}
		}
	}
	return nil
}

// neighbours are the text itself and all texts that one removed, inserted or replaced
// character makes of it.
func neighbours(text string) []string {
	list := []string{text}
	for i := 0; i <= len(text); i++ {
		for _, char := range strings.Split("015678 9.-+,_abcfgzABCFGZ\n", "") {
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
