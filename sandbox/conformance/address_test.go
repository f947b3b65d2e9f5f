package conformance_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// address is a server against which the suite runs: a sandbox of this repository, a
// different imitation of the API, or Upvest's sandbox.
type address struct {
	*caller
	base string
	// fixture is nil if the token lacks the scope portfolios:admin, or if the server
	// refuses the allocation, or the configuration for a new account.
	fixture *fixture
	// world is a caller in a world that the control endpoint created, and control is the
	// address of that world's control endpoint. They are empty if the server has no
	// control endpoint.
	world   *caller
	control string
}

// newAddress reads the UPVEST_API_* variables and gets an access token. It creates a
// world and a fixture if the server allows this.
func newAddress(t testing.TB, variable func(name string) string) *address {
	t.Helper()
	a := &address{base: strings.TrimSuffix(variable("UPVEST_API_BASE_URL"), "/")}
	a.caller = newCaller(t, variable)
	if strings.HasPrefix(a.address, "api.upvest.co") {
		t.Fatal("UPVEST_API_BASE_URL names the live server, and the suite places orders: use a sandbox")
	}
	scopes := strings.ReplaceAll(variable("UPVEST_API_SCOPES"), ",", " ")
	if scopes == "" {
		scopes = "portfolios:read portfolios:admin"
	}
	a.login(t, scopes)
	if len(a.scopes) == 0 {
		// A response that names no scopes grants all requested scopes.
		a.scopes = strings.Fields(scopes)
	}
	a.enterWorld(t)
	if slices.Contains(a.scopes, "portfolios:admin") {
		a.fixture = newFixture(t, a.caller)
	}
	return a
}

func newCaller(t testing.TB, variable func(name string) string) *caller {
	t.Helper()
	base, err := url.Parse(variable("UPVEST_API_BASE_URL"))
	if err != nil || base.Host == "" || strings.Trim(base.Path, "/") != "" {
		t.Fatal("UPVEST_API_BASE_URL: expected a scheme and a host, such as http://127.0.0.1:8080")
	}
	return &caller{
		address:  base.Host,
		secure:   base.Scheme == "https",
		clientID: variable("UPVEST_API_CLIENT_ID"),
		secret:   variable("UPVEST_API_CLIENT_SECRET"),
		keyID:    variable("UPVEST_API_KEY_ID"),
		key: signerFrom(t, keyContent(t, variable),
			variable("UPVEST_API_HTTP_SIGN_PRIVATE_KEY_PASSPHRASE")),
		now: time.Now,
	}
}

// keyContent returns the private key as PEM. One of three variables contains the key or
// the name of the key's file.
func keyContent(t testing.TB, variable func(name string) string) []byte {
	t.Helper()
	const name = "UPVEST_API_HTTP_SIGN_PRIVATE_KEY"
	if content := variable(name); content != "" {
		return []byte(content)
	}
	content, err := base64.StdEncoding.DecodeString(variable(name + "_BASE64"))
	if len(content) == 0 && err == nil {
		content, err = os.ReadFile(variable(name + "_FILENAME"))
	}
	if err != nil {
		t.Fatalf("reading the private key from one of the variables %s… failed: %v", name, err)
	}
	return content
}

// enterWorld creates a world, and sets the caller that is in this world. It does nothing
// if the server has no control endpoint.
func (a *address) enterWorld(t testing.TB) {
	t.Helper()
	var made struct {
		ClientID  string            `json:"client_id"`
		Variables map[string]string `json:"variables"`
	}
	worlds := a.base + "/_sandbox/worlds"
	if status, body := plain(t, http.MethodGet, worlds, ""); status != http.StatusOK ||
		!strings.HasPrefix(body, `{"data":`) {
		return
	}
	_, body := plain(t, http.MethodPost, worlds, "")
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.ClientID == "" {
		t.Fatalf("creating a world returned %s, want a client_id", body)
	}
	a.control = worlds + "/" + made.ClientID
	t.Cleanup(func() { plain(t, http.MethodDelete, a.control, "") })
	a.world = newCaller(t, func(name string) string { return made.Variables[name] })
	a.world.login(t, "portfolios:read portfolios:admin")
}

// controlWorld sends a request to the control endpoint of the world.
func (a *address) controlWorld(t testing.TB, method, path, body string) {
	t.Helper()
	if status, text := plain(t, method, a.control+"/"+path, body); status/100 != 2 {
		t.Fatalf("control endpoint: %s %s returned %d %s, want 2xx", method, path, status, text)
	}
}

// plain sends a request without a signature.
func plain(t testing.TB, method, address, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// newFixture creates an allocation and an account that follows it. It returns nil if the
// server refuses one of the two.
func newFixture(t testing.TB, c *caller) *fixture {
	t.Helper()
	var made struct {
		ID        string `json:"id"`
		AccountID string `json:"account_id"`
	}
	got := c.send(t, posts(allocations, mix(world1, "0.7", apple, "0.3"))(c))
	if err := json.Unmarshal(got.body, &made); err != nil || made.ID == "" {
		return nil
	}
	f := &fixture{allocation: made.ID, account: newID()}
	got = c.send(t, posts(configurations,
		fmt.Sprintf(`{"account_id":%q,"allocation_id":%q}`, f.account, f.allocation))(c))
	if got.status/100 != 2 {
		return nil
	}
	return f
}
