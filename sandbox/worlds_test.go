package sandbox_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// inWorld creates a world through the control endpoint. It returns the id of the world's
// API client, and this repository's client with the credentials of the API client.
func inWorld(t *testing.T, s *sandbox.Sandbox, body string) (id string, client *upvest.Client) {
	t.Helper()
	w := serve(s, httptest.NewRequest(
		http.MethodPost, "http://localhost/_sandbox/worlds", strings.NewReader(body)))
	var made struct {
		ClientID  string            `json:"client_id"`
		Variables map[string]string `json:"variables"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusOK {
		t.Fatalf("creating a world returned %d %s, want 200 with variables", w.Code, w.Body)
	}
	if made.Variables["UPVEST_API_BASE_URL"] != s.URL() {
		t.Errorf("the address of a world is %q, want %q", made.Variables["UPVEST_API_BASE_URL"], s.URL())
	}
	for name, value := range made.Variables {
		t.Setenv(name, value)
	}
	credentials, err := upvest.FromEnv()
	if err != nil {
		t.Fatal(err)
	}
	client, err = upvest.New(credentials, upvest.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	if err != nil {
		t.Fatal(err)
	}
	return made.ClientID, client
}

// TestWorldsAreIndependent requires that worlds share an address, but that each world has
// a separate state, journal and clock, and separate faults.
func TestWorldsAreIndependent(t *testing.T) {
	s := sandbox.Start(t, sandbox.WithControl(), invested())
	control := func(method, path, body string) string {
		t.Helper()
		w := serve(s, httptest.NewRequest(method, "http://localhost/_sandbox/"+path, strings.NewReader(body)))
		if w.Code > 204 {
			t.Errorf("%s %s returned %d %s, want at most 204", method, path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	first, of := inWorld(t, s, "")
	second, other := inWorld(t, s, "")
	placed := buy(t, of, portfolios.SideBUY, "10")
	if _, err := other.Orders.Retrieve(t.Context(), placed.ID); err == nil {
		t.Error("the second world contains an order of the first world")
	}
	control("POST", "worlds/"+first+"/faults", `{"status":418,"count":-1}`)
	if _, err := of.Configurations.Retrieve(t.Context(), savings); err == nil {
		t.Error("a fault did not apply to a request in its world")
	}
	if _, err := other.Configurations.Retrieve(t.Context(), savings); err != nil {
		t.Errorf("the second world has a fault of the first world, or lacks the initial state: %v", err)
	}
	control("POST", "worlds/"+second+"/clock", `{"set":"2020-01-02T03:04:05Z"}`)
	if late := buy(t, other, portfolios.SideBUY, "10"); late.CreatedAt.Year() != 2020 {
		t.Errorf("an order was created at %s, want the year 2020 of the world's clock", late.CreatedAt)
	}
	for path, want := range map[string]string{
		"effects": `"total":0`, "worlds/" + first + "/effects": `"total":1`, "faults": `"data":[]`,
		"worlds/" + second + "/effects": `"total":1`, "requests": `"total":0`, "worlds": first,
	} {
		if got := control("GET", path, ""); !strings.Contains(got, want) {
			t.Errorf("%s returned %s, want it to contain %s", path, got, want)
		}
	}
	control("DELETE", "worlds/"+first, "")
	if got := control("GET", "worlds", ""); strings.Contains(got, first) || !strings.Contains(got, second) {
		t.Errorf("after the first world was dropped, the worlds are %s, want only %s", got, second)
	}
	if _, err := of.Allocations.List(t.Context(), portfolios.ListPortfoliosAllocationsParams{}); err == nil {
		t.Error("the client of a dropped world could still make calls")
	}
}

// TestTokenRequestReachesTheWorldInItsForm requires that a token request without the
// header upvest-client-id reaches the world of the client that its form names.
func TestTokenRequestReachesTheWorldInItsForm(t *testing.T) {
	s := newSandbox(t, sandbox.WithControl())
	w := serve(s, httptest.NewRequest(http.MethodPost, "http://localhost/_sandbox/worlds", http.NoBody))
	var made struct {
		ClientID string `json:"client_id"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		made.ClientID: "upvest-signature-version", uuid.NewString(): "is not a client",
	} {
		r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader("client_id="+id))
		r.Header.Set("Accept", "application/json")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if w := serve(s, r); !strings.Contains(w.Body.String(), want) {
			t.Errorf("client %s: got %s, want it to contain %s", id, w.Body, want)
		}
	}
}

// TestWorldBeginsInItsState requires that a world begins in the state that was sent when
// the world was created, and that a reset restores this state.
func TestWorldBeginsInItsState(t *testing.T) {
	s := sandbox.Start(t, sandbox.WithControl(), invested())
	content, ids := manyAccounts()
	id, client := inWorld(t, s, `{"state":`+content+`}`)
	for range 2 {
		for account, found := range map[uuid.UUID]bool{ids[0]: true, ids[len(ids)-1]: true, savings: false} {
			if _, err := client.Configurations.Retrieve(t.Context(), account); (err == nil) != found {
				t.Errorf("retrieving the configuration of %s returned the error %v, want it found: %t",
					account, err, found)
			}
		}
		path := "http://localhost/_sandbox/worlds/" + id + "/reset"
		if w := serve(s, httptest.NewRequest(http.MethodPost, path, http.NoBody)); w.Code != 204 {
			t.Errorf("the reset returned %d %s, want 204", w.Code, w.Body)
		}
	}
	_, plain := inWorld(t, s, `{"state":null}`)
	if _, err := plain.Configurations.Retrieve(t.Context(), savings); err != nil {
		t.Errorf("a world without a state lacks the sandbox's initial state: %v", err)
	}
}

// TestInvalidStatesOfWorldsAreRefused requires that an invalid state is refused and
// creates no world.
func TestInvalidStatesOfWorldsAreRefused(t *testing.T) {
	s := newSandbox(t, sandbox.WithControl())
	client := s.Client().ID.String()
	account := `{"accounts":[{"id":"` + mixID.String() + `","allocation_id":"` + mixID.String() + `"}]}`
	for body, detail := range map[string]string{
		`{"states":{}}`:                            "states",
		`{"state":[]}`:                             "read the state",
		`{"state":{"colour":1}}`:                   "colour",
		`{"state":{"prices":{"X":"1"}}}`:           "instrument",
		`{"state":{"prices":{},"prices":{}}}`:      "duplicate",
		`{"state":{"client_id":"` + client + `"}}`: "client_id: expected none",
		`{"state":` + account + `}`:                "allocation",
	} {
		w := serve(s, httptest.NewRequest(
			http.MethodPost, "http://localhost/_sandbox/worlds", strings.NewReader(body)))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), detail) {
			t.Errorf("%s: got %d %s, want 400 with %q", body, w.Code, w.Body, detail)
		}
	}
	w := serve(s, httptest.NewRequest(http.MethodGet, "http://localhost/_sandbox/worlds", http.NoBody))
	if got := strings.TrimSpace(w.Body.String()); got != `{"data":[]}` {
		t.Errorf("the worlds are %s, want none", got)
	}
}
