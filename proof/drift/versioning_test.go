package drift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// releasedFile is the contract of the last release.
const releasedFile = "../released/openapi.yaml"

const oasdiff = "github.com/oasdiff/oasdiff@v1.32.1"

// compatibleRules contains oasdiff's rules for changes that the policy in
// info.description calls compatible. A rule applies only if oasdiff's text about the
// change contains the word for the rule, which may be empty. The check ignores the level
// that oasdiff reports, because oasdiff treats a new enum value in a response as a
// breaking change.
var compatibleRules = map[string]string{
	"endpoint-added":                   "",
	"new-optional-request-property":    "",
	"new-optional-request-parameter":   "`query`",
	"response-optional-property-added": "",
	"response-required-property-added": "",
	"response-header-added":            "",
	// A new value of the header upvest-api-version is a new version of the API, so this
	// rule applies only to query parameters.
	"request-parameter-enum-value-added": "`query`",
	"request-property-enum-value-added":  "",
	"response-property-enum-value-added": "",
}

// changes contains all differences between two contracts and, in a separate list, the
// incompatible ones.
type changes struct {
	all          []string
	incompatible []string
}

// compareContracts compares two contracts with oasdiff and by subtraction. A difference
// counts as incompatible if compatibleRules does not cover it, or if the subtraction does
// not remove it.
func compareContracts(t *testing.T, program, before, after string) changes {
	t.Helper()
	printed, err := run(t.Context(), ".",
		program, "changelog", "--flatten-params", "--format", "json", before, after)
	if err != nil {
		t.Fatal(err)
	}
	var differences []struct{ ID, Text, Operation, Path string }
	if strings.TrimSpace(printed) != "" {
		if err := json.Unmarshal([]byte(printed), &differences); err != nil {
			t.Fatalf("read the changelog of oasdiff: %v\n%s", err, printed)
		}
	}
	var c changes
	for _, d := range differences {
		if d.ID == "api-version-not-bumped" {
			continue // checkVersion handles the version
		}
		text := fmt.Sprintf("%s %s: %s (%s)", d.Operation, d.Path, d.Text, d.ID)
		c.all = append(c.all, text)
		if word, known := compatibleRules[d.ID]; !known || !strings.Contains(d.Text, word) {
			c.incompatible = append(c.incompatible, text)
		}
	}
	for _, pointer := range unexplained(readBare(t, before), readBare(t, after)) {
		text := pointer + " changes in a way that the policy does not call compatible"
		c.all = append(c.all, text)
		c.incompatible = append(c.incompatible, text)
	}
	return c
}

// checkVersion requires that the version of the contract increases with every change that
// callers can notice, and that MAJOR increases with every incompatible change.
func checkVersion(c changes, before, after string) (found findings) {
	old, errOld := parseVersion(before)
	now, errNow := parseVersion(after)
	if err := errors.Join(errOld, errNow); err != nil {
		found.addf(ofContract+"%v: write three numbers", err)
		return found
	}
	switch {
	case slices.Compare(now[:], old[:]) < 0:
		found.addf(ofContract+"info.version is %[2]s, but the released version is %[1]s: "+
			"increase info.version", before, after)
	case len(c.incompatible) > 0 && now[0] == old[0]:
		found.addf(ofContract+"info.version %s needs a new MAJOR because of %s: "+
			"write %d.0.0 there and in CHANGELOG.md", after, strings.Join(c.incompatible, "; "), old[0]+1)
	case len(c.all) > 0 && now == old:
		found.addf(ofContract+"info.version %s needs a new MINOR because of %s: "+
			"write %d.%d.0 there and in CHANGELOG.md", after, strings.Join(c.all, "; "), old[0], old[1]+1)
	}
	return found
}

func parseVersion(text string) (version [3]int, err error) {
	_, err = fmt.Sscanf(text, "%d.%d.%d", &version[0], &version[1], &version[2])
	if err != nil {
		err = fmt.Errorf("info.version %q is not MAJOR.MINOR.PATCH", text)
	}
	return version, err
}

func TestVersionFollowsThePolicy(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	program := install(t, oasdiff)
	released, err := openapi3.NewLoader().LoadFromFile(releasedFile)
	if err != nil {
		t.Fatal(err)
	}
	now := parse(t, readContract(t))
	differences := compareContracts(t, program, releasedFile, contractFile)
	found := checkVersion(differences, released.Info.Version, now.Info.Version)
	found.report(t)
	for _, m := range policyMutations {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			requireVerdict(t, program, m)
		})
	}
}

// requireVerdict applies one change, and requires that checkVersion allows exactly the
// versions that the verdict of the change allows.
func requireVerdict(t *testing.T, program string, m policyMutation) {
	t.Helper()
	changed := edit(t, readContract(t), m.after, m.old, m.new)
	differences := compareContracts(t, program, contractFile, writeFile(t, "openapi.yaml", changed))
	if len(differences.all) == 0 && m.verdict != invisible {
		t.Error("the comparison of the contracts found no difference, want at least one")
	}
	for version, allowed := range map[string]bool{
		"1.0.0": m.verdict == invisible,
		"1.0.1": m.verdict != incompatible,
		"1.1.0": m.verdict != incompatible,
		"2.0.0": true,
		"0.9.0": false,
	} {
		found := checkVersion(differences, "1.0.0", version)
		if (len(found) == 0) != allowed {
			t.Errorf("checkVersion accepts version %s after 1.0.0: %t, want %t; the findings are %q",
				version, !allowed, allowed, found)
		}
	}
}

// TestMutationsCoverThePolicy requires that policyMutations has a mutation for each
// bullet of the policy, and that the policy contains each bullet that a mutation names.
func TestMutationsCoverThePolicy(t *testing.T) {
	t.Parallel()
	description := parse(t, readContract(t)).Info.Description
	bullets := regexp.MustCompile(`(?m)^- (.*?)[:;.]?$`).FindAllStringSubmatch(description, -1)
	for _, bullet := range bullets {
		isCovered := func(m policyMutation) bool {
			return m.bullet != "" && strings.HasPrefix(bullet[1], m.bullet)
		}
		if !slices.ContainsFunc(policyMutations, isCovered) {
			t.Errorf("openapi.yaml: no mutation covers the bullet %q: add a mutation to policyMutations in "+
				"proof/drift/versioning_controls_test.go", bullet[1])
		}
	}
	for _, m := range policyMutations {
		starts := func(bullet []string) bool { return strings.HasPrefix(bullet[1], m.bullet) }
		if !slices.ContainsFunc(bullets, starts) {
			t.Errorf("proof/drift/versioning_controls_test.go: the mutation %q has the bullet %q, "+
				"which is not in the policy: correct the bullet", m.name, m.bullet)
		}
	}
}
