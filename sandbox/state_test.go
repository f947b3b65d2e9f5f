package sandbox_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func stateFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// manyAccounts returns the content of a state file with 3,000 accounts, and the ids of
// the accounts.
func manyAccounts() (content string, ids []uuid.UUID) {
	const accounts = 3000
	var rows []string
	for i := range accounts {
		id := uuid.NewSHA1(mixID, fmt.Append(nil, i))
		ids = append(ids, id)
		rows = append(rows, fmt.Sprintf(
			`{"id":%q,"allocation_id":%q,"holdings":{%q:"%d",%q:"40.5"}}`,
			id, mixID, world, i+1, apple))
	}
	return fmt.Sprintf(`{"allocations":[{"id":%q,"name":"Mix","weights":{%q:"0.7",%q:"0.3"}}],`+
		`"accounts":[%s],"prices":{%q:"81.77"}}`, mixID, world, apple, strings.Join(rows, ","), world), ids
}

// TestStateComesFromAFile requires that, at the start and after a reset, the accounts
// have the holdings in the state file, at the prices in the file.
func TestStateComesFromAFile(t *testing.T) {
	content, ids := manyAccounts()
	s := newSandbox(t, sandbox.WithStateFile(stateFile(t, "\xef\xbb\xbf"+content)))
	for range 2 {
		for i, id := range ids {
			held, err := s.Portfolio(id)
			if err != nil || held.Value != api.Decimal(fmt.Sprintf("%d.5", i+41)) ||
				held.Holdings[0].Price != "81.77" {
				t.Fatalf("account %d: got %+v with the error %v, want the value %d.5 and the price 81.77",
					i, held, err, i+41)
			}
		}
		s.Reset()
	}
}

func TestInvalidStateFilesAreRefused(t *testing.T) {
	for content, detail := range map[string]string{
		`{"account":[]}`:                         "account",
		`{"accounts":[],"accounts":[]}`:          "duplicate",
		`{"accounts":[{"id":"me"}]}`:             "accounts",
		`{"prices":{"IE00B0M62Q58":"0"}}`:        "expected a price above 0",
		`{"accounts":[]} {}`:                     "after top-level value",
		`{"prices":{"IE00B0M62Q58":81.77}}`:      "prices",
		`{"client_id":"` + mixID.String() + `"}`: "is not a client of this sandbox",
	} {
		_, err := sandbox.New(sandbox.WithoutListener(), sandbox.WithStateFile(stateFile(t, content)))
		if err == nil || !strings.Contains(err.Error(), detail) {
			t.Errorf("%s: New returned the error %v, want one that contains %q", content, err, detail)
		}
	}
	_, err := sandbox.New(sandbox.WithoutListener(), sandbox.WithStateFile("nowhere.json"))
	if err == nil || !strings.Contains(err.Error(), "nowhere.json") {
		t.Errorf("for a missing file, New returned the error %v, want one that names the file", err)
	}
}

// BenchmarkStateFile measures the start of a sandbox with a state file of a realistic
// size. It checks nothing.
func BenchmarkStateFile(b *testing.B) {
	content, _ := manyAccounts()
	name := filepath.Join(b.TempDir(), "state.json")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		s, err := sandbox.New(sandbox.WithoutListener(), sandbox.WithStateFile(name))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// TestStateFileInTheREADMEIsValid requires that the state file in the README is valid.
func TestStateFileInTheREADMEIsValid(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(readme), "### Initial state")
	_, after, _ = strings.Cut(after, "```json\n")
	content, _, _ := strings.Cut(after, "```")
	s := newSandbox(t, sandbox.WithStateFile(stateFile(t, content)))
	held, err := s.Portfolio(savings)
	if err != nil || held.Value != "100" || held.Holdings[0].Price != "81.77" {
		t.Errorf("the portfolio is %+v with the error %v, want 100 EUR at a price of 81.77", held, err)
	}
}
