package mask_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/mask"
)

const secret = "it's $HOME/a+b"

func TestBodiesAreMasked(t *testing.T) {
	m := mask.New(secret)
	for name, test := range map[string]struct{ body, want string }{
		"no secret":     {body: `{"account_id":"a", "n":[1]}`, want: `{"account_id":"a", "n":[1]}`},
		"secret field":  {body: `{"client_secret": "live", "a":1}`, want: `{"client_secret": "***", "a":1}`},
		"nested secret": {body: `{"a":[{"Password":{"b":"live"}}]}`, want: `{"a":[{"Password":"***"}]}`},
		"escaped name":  {body: `{"client\u005fsecret":"live"}`, want: `{"client\u005fsecret":"***"}`},
		"duplicate secret field": {
			body: `{"secret":"live","secret":"live"}`, want: `{"secret":"***","secret":"***"}`,
		},
		"incomplete JSON": {body: `{"client_secret":"live","a":`, want: `{"client_secret":***,"a":`},
		"two JSON values": {body: `{} {"client_secret":"live"}`, want: `{} {"client_secret":"***"}`},
		"access token": {
			body: `{"token_type":"bearer","x":"ory_at_a.b-c"}`, want: `{"token_type":"bearer","x":"***"}`,
		},
		"form":                 {body: "a=1&client_secret=live", want: "a=1&client_secret=***"},
		"escaped form field":   {body: "client%5Fsecret=live&a=1", want: "client%5Fsecret=***&a=1"},
		"form with semicolons": {body: "a=1;client_secret=live", want: "a=1;client_secret=***"},
		"multipart form": {
			body: "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\nlive\r\n--x",
			want: "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n***\r\n--x",
		},
		"quoted value":         {body: `client_secret: "live with a space"`, want: `client_secret: ***`},
		"known secret in JSON": {body: `{"note":"` + secret + `"}`, want: `{"note":"***"}`},
		"known secret in text": {
			body: "the token is " + secret + " or it%27s+%24HOME%2Fa%2Bb or it%27s%20$HOME%2Fa+b",
			want: "the token is *** or *** or ***",
		},
		"empty body": {body: "", want: ""},
	} {
		got := m.Body(test.body)
		if got != test.want || strings.Contains(got, "live") {
			t.Errorf("test %q: Body returned %q, want %q", name, got, test.want)
		}
	}
}

func TestQueriesAndHeadersAreMasked(t *testing.T) {
	m := mask.New("short", secret)
	for raw, want := range map[string]string{
		"limit=1&account_id=a":             "limit=1&account_id=a",
		"client_secret=live":               "client_secret=***",
		"a&client_secret=live&b=%zz":       "a&client_secret=***&b=%zz",
		"q=short&x=it%27s+%24HOME%2Fa%2Bb": "q=short&x=***",
	} {
		if got := m.Query(raw); got != want {
			t.Errorf("the masked query is %q, want %q", got, want)
		}
	}
	got := m.Header(http.Header{
		"Authorization":   {"Bearer live"},
		"X-Client-Secret": {"live", ""},
		"Accept":          {"application/json"},
		"X-Note":          {"Bearer ory_at_live"},
	})
	want := http.Header{
		"Authorization":   {"***"},
		"X-Client-Secret": {"***", ""},
		"Accept":          {"application/json"},
		"X-Note":          {"Bearer ***"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the masked header is %v, want %v", got, want)
	}
}

func FuzzBody(f *testing.F) {
	m := mask.New("the-secret-value")
	f.Add("x", "y")
	f.Add(`","a":"`, `"}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := m.Body(before + "the-secret-value" + after); strings.Contains(got, "the-secret-value") {
			t.Errorf("the masked body %q still contains the secret", got)
		}
	})
}
