package program_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	// This decoder can refuse unknown fields, as Prometheus and Kubernetes do.
	"go.yaml.in/yaml/v3"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
)

// deployed returns the content of a file in deploy/.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// strictly decodes YAML documents. It returns an error if a document contains a field
// that T does not have.
func strictly[T any](text string) (documents []T, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.KnownFields(true)
	for {
		var document T
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
}

// defect is a mistake in a file: the string `wrong` replaces the string `old`. The check
// of the file must report a problem that contains the string `problem`.
type defect struct{ old, wrong, problem string }

// requireFound is the control for a check. It makes one mistake in the file at a time,
// and requires the check to report each mistake.
func requireFound(t *testing.T, text string, defects []defect, check func(text string) []string) {
	t.Helper()
	for _, control := range defects {
		changed := strings.Replace(text, control.old, control.wrong, 1)
		if got := check(changed); changed == text ||
			!strings.Contains(strings.Join(got, "\n"), control.problem) {
			t.Errorf("with %q in place of %q in the file, "+
				"the check reported %q, want a problem that contains %q",
				control.wrong, control.old, got, control.problem)
		}
	}
}

// ruleFile is a Prometheus rule file. It has only the fields that alerts.yaml may use.
type ruleFile struct {
	Groups []struct {
		Name     string `yaml:"name"`
		Interval string `yaml:"interval"`
		Rules    []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// exported maps each metric to the metric's labels, and each label to the values that
// occurred.
type exported map[string]map[string][]string

// scraped returns the metrics that a worker exports after it has carried out a line.
func scraped(t *testing.T) exported {
	t.Helper()
	testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 1)
	testapi.Follow(t, testapi.Client(t), accounts...)
	succeeds(t, "enqueue", "-run", "r", path)
	address := serving(t, `msg=metrics address=(\S+)`, "work", "-metrics", "127.0.0.1:0")
	succeeds(t, "status", "-watch")
	status, body := get(t, "GET", "http://"+address+"/metrics", "", "none")
	if status != 200 {
		t.Fatalf("the request for the metrics returned the status %d, expected 200: %s", status, body)
	}
	found := exported{}
	for _, sample := range regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? `).FindAllStringSubmatch(body, -1) {
		if found[sample[1]] == nil {
			found[sample[1]] = map[string][]string{}
		}
		for _, label := range regexp.MustCompile(`(\w+)="([^"]*)"`).FindAllStringSubmatch(sample[2], -1) {
			values := found[sample[1]]
			values[label[1]] = append(values[label[1]], label[2])
		}
	}
	return found
}

// TestAlertsUseMetricsOfTheWorker requires that the alert rules are well-formed, and use
// only metrics and labels that a worker exports.
func TestAlertsUseMetricsOfTheWorker(t *testing.T) {
	metrics := scraped(t)
	text := deployed(t, "alerts.yaml")
	for _, problem := range problemsOfRules(text, metrics) {
		t.Error(problem)
	}
	requireFound(t, text, []defect{
		{"fleet_run_held) == 1", "fleet_run_hold) == 1", "fleet_run_hold is not a metric"},
		{"absent(fleet_lines)", "missing(fleet_lines)", "missing is not a metric"},
		{`outcome="review"`, `result="review"`, "fleet_lines has no label result"},
		{`outcome="review"`, `outcome="reviewed"`, "outcome is never reviewed"},
		{"max by (run) (fleet_run_held)", "max by (name) (fleet_run_held)", "has no label name"},
		{"$labels.run }}. The", "$labels.name }}. The", "the text uses the label name"},
		{"for: 2m", "for: 2 minutes", "2 minutes is not a duration"},
		{"for: 2m", "during: 2m", "field during not found"},
		{"> 0.01 * sum by (run) (max", "> 0.01 * sum by (run) max)", "parentheses"},
		{"severity: ticket", "severity: tickets", "the severity tickets"},
		{"- alert: FleetRunStuck", "- alert: FleetRunHeld", "two rules"},
	}, func(changed string) []string { return problemsOfRules(changed, metrics) })
}

func problemsOfRules(text string, metrics exported) (problems []string) {
	files, err := strictly[ruleFile](text)
	if err != nil {
		return []string{err.Error()}
	}
	var names []string
	for _, file := range files {
		for _, group := range file.Groups {
			for _, r := range group.Rules {
				if slices.Contains(names, r.Alert) {
					problems = append(problems, r.Alert+" names two rules")
				}
				names = append(names, r.Alert)
				for _, problem := range problemsOfRule(r, metrics) {
					problems = append(problems, r.Alert+": "+problem)
				}
			}
		}
	}
	if len(names) == 0 {
		problems = append(problems, "there is no rule")
	}
	return problems
}

func problemsOfRule(r rule, metrics exported) (problems []string) {
	if r.Alert == "" || r.Annotations["summary"] == "" {
		problems = append(problems, "a rule needs a name and a summary")
	}
	if r.For != "" && !regexp.MustCompile(`^\d+[smhd]$`).MatchString(r.For) {
		problems = append(problems, r.For+" is not a duration")
	}
	if severity := r.Labels["severity"]; severity != "page" && severity != "ticket" {
		problems = append(problems, "the severity "+severity+" is unknown")
	}
	used, grouped, found := read(r.Expr, metrics)
	problems = append(problems, found...)
	for _, name := range used {
		for _, label := range grouped {
			if metrics[name][label] == nil {
				problems = append(problems, name+" has no label "+label)
			}
		}
	}
	for _, annotation := range r.Annotations {
		for _, label := range regexp.MustCompile(`\$labels\.(\w+)`).FindAllStringSubmatch(annotation, -1) {
			if !slices.Contains(grouped, label[1]) {
				problems = append(problems, "the text uses the label "+label[1]+", which is missing")
			}
		}
	}
	return problems
}

var (
	grouping = regexp.MustCompile(`\bby \(([\w, ]+)\)`)
	selector = regexp.MustCompile(`\b([a-z_]\w*)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)=~?"([^"]*)"`)
	words    = []string{"max", "sum", "delta", "absent", "and"}
)

// read returns the metrics that an expression uses, the labels that it groups by, and the
// problems found in it. It supports only the functions that occur in the rules, and
// reports every other word as an unknown metric.
func read(expr string, metrics exported) (used, grouped, problems []string) {
	if strings.Count(expr, "(") != strings.Count(expr, ")") {
		problems = append(problems, "the parentheses do not match")
	}
	for _, group := range grouping.FindAllStringSubmatch(expr, -1) {
		grouped = append(grouped, strings.Split(group[1], ", ")...)
	}
	rest := regexp.MustCompile(`\[\d+[smh]\]`).ReplaceAllString(grouping.ReplaceAllString(expr, ""), "")
	for _, one := range selector.FindAllStringSubmatch(rest, -1) {
		name := one[1]
		switch {
		case metrics[name] != nil:
			used = append(used, name)
		case slices.Contains(words, name):
			continue
		default:
			problems = append(problems, name+" is not a metric")
			continue
		}
		for _, match := range matcher.FindAllStringSubmatch(one[2], -1) {
			values, hasLabel := metrics[name][match[1]]
			if !hasLabel {
				problems = append(problems, name+" has no label "+match[1])
				continue
			}
			for value := range strings.SplitSeq(match[2], "|") {
				if !slices.Contains(values, value) {
					problems = append(problems, match[1]+" is never "+value)
				}
			}
		}
	}
	return used, grouped, problems
}
