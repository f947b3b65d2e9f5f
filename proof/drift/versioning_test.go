package drift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// releasedFile is the contract of the last release.
const releasedFile = "../released/openapi.yaml"

const oasdiff = "github.com/oasdiff/oasdiff@v1.32.1"

// compatibleRules are the rules of oasdiff for what the policy in info.description calls
// compatible, with a word that its text has to have. What oasdiff itself thinks does not
// count: to it, a new value in an answer is a breaking change.
var compatibleRules = map[string]string{
	"endpoint-added":                     "",
	"new-optional-request-property":      "",
	"new-optional-request-parameter":     "`query`",
	"response-optional-property-added":   "",
	"response-required-property-added":   "",
	"response-header-added":              "",
	"request-parameter-enum-value-added": "`query`", // another value of upvest-api-version is another version
	"request-property-enum-value-added":  "",
	"response-property-enum-value-added": "",
}

// changes are the differences between two contracts, and those of them that the policy
// does not call compatible.
type changes struct{ all, incompatible []string }

func compareContracts(t *testing.T, program, before, after string) changes {
	t.Helper()
	printed, err := run(
		t.Context(),
		".",
		program,
		"changelog",
		"--flatten-params",
		"--format",
		"json",
		before,
		after,
	)
	if err != nil {
		t.Fatal(err)
	}
	var found []struct{ ID, Text, Operation, Path string }
	if err := json.Unmarshal([]byte(printed), &found); strings.TrimSpace(printed) != "" && err != nil {
		t.Fatal(err)
	}
	var c changes
	for _, difference := range found {
		if difference.ID == "api-version-not-bumped" {
			continue // that is for checkVersion
		}
		text := fmt.Sprintf(
			"%s %s: %s (%s)",
			difference.Operation,
			difference.Path,
			difference.Text,
			difference.ID,
		)
		c.all = append(c.all, text)
		if word, found := compatibleRules[difference.ID]; !found || !strings.Contains(difference.Text, word) {
			c.incompatible = append(c.incompatible, text)
		}
	}
	// What oasdiff has no rule for, such as another host, is not called compatible by
	// anybody.
	if len(found) == 0 && !reflect.DeepEqual(bare(t, before), bare(t, after)) {
		c.all = []string{"a difference without a rule"}
		c.incompatible = c.all
	}
	return c
}

// bare is a contract without its version and all that is for readers only.
func bare(t *testing.T, file string) any {
	t.Helper()
	contract, err := openapi3.NewLoader().LoadFromFile(file)
	if err != nil {
		t.Fatal(err)
	}
	contract.Info = nil
	text, err := json.Marshal(contract)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	return withoutProse(document)
}

func withoutProse(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			_, isText := member.(string)
			if name == "description" && isText || name == "summary" && isText || name == "example" ||
				name == "examples" {
				delete(value, name)
			} else {
				value[name] = withoutProse(member)
			}
		}
	case []any:
		for i, item := range value {
			value[i] = withoutProse(item)
		}
	}
	return value
}

// checkVersion holds the version of a changed contract against that of the release: it
// grows with every change that callers can notice, and its MAJOR with an incompatible
// one.
func checkVersion(c changes, before, after string) []string {
	old, errOld := parseVersion(before)
	now, errNow := parseVersion(after)
	if err := errors.Join(errOld, errNow); err != nil {
		return []string{err.Error()}
	}
	switch {
	case slices.Compare(now[:], old[:]) < 0:
		return []string{"info.version went back from " + before + " to " + after}
	case len(c.incompatible) > 0 && now[0] == old[0]:
		return append([]string{"info.version needs a new MAJOR, for"}, c.incompatible...)
	case len(c.all) > 0 && now == old:
		return append([]string{"info.version needs a new MINOR or PATCH, for"}, c.all...)
	}
	return nil
}

func parseVersion(text string) (version [3]int, err error) {
	if _, err = fmt.Sscanf(text, "%d.%d.%d", &version[0], &version[1], &version[2]); err != nil {
		err = fmt.Errorf("info.version %q is not MAJOR.MINOR.PATCH", text)
	}
	return version, err
}

func TestVersionFollowsThePolicy(t *testing.T) {
	t.Parallel()
	withPrograms(t)
	bin := t.TempDir()
	if _, err := run(t.Context(), ".", "env", "GOBIN="+bin, "go", "install", oasdiff); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(bin, "oasdiff")
	released, err := openapi3.NewLoader().LoadFromFile(releasedFile)
	if err != nil {
		t.Fatal(err)
	}
	contract := readContract(t)
	now := parse(t, contract)
	for _, finding := range checkVersion(compareContracts(t, program, releasedFile, contractFile), released.Info.Version, now.Info.Version) {
		t.Error(finding)
	}

	bullets := regexp.MustCompile(`(?m)^- (.*?)[:;.]?$`).FindAllStringSubmatch(now.Info.Description, -1)
	for _, bullet := range bullets {
		tries := func(m policyMutation) bool { return m.bullet != "" && strings.HasPrefix(bullet[1], m.bullet) }
		if !slices.ContainsFunc(policyMutations(), tries) {
			t.Errorf("the policy says %q, and no mutation tries it", bullet[1])
		}
	}
	for _, m := range policyMutations() {
		if !slices.ContainsFunc(
			bullets,
			func(bullet []string) bool { return strings.HasPrefix(bullet[1], m.bullet) },
		) {
			t.Errorf("%s is for the bullet %q, and the policy has none like it", m.name, m.bullet)
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			found := compareContracts(
				t,
				program,
				contractFile,
				writeFile(t, "openapi.yaml", edit(t, contract, m.after, m.old, m.new)),
			)
			if len(found.all) == 0 && m.verdict != invisible {
				t.Error("the change is not found")
			}
			for version, allowed := range map[string]bool{
				"1.0.0": m.verdict == invisible, "1.0.1": m.verdict != incompatible, "1.1.0": m.verdict != incompatible, "2.0.0": true, "0.9.0": false,
			} {
				if findings := checkVersion(found, "1.0.0", version); (len(findings) == 0) != allowed {
					t.Errorf("from 1.0.0 to %s is allowed: %t, got %q", version, allowed, findings)
				}
			}
		})
	}
}
