package mask_test

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/mask"
)

const secret = "it's $HOME/a+b"

func TestBodies(t *testing.T) {
	m := mask.New(secret)
	for name, test := range map[string]struct{ body, want string }{
		"plain":   {body: `{"account_id":"a", "n":[1]}`, want: `{"account_id":"a", "n":[1]}`},
		"field":   {body: `{"client_secret": "live", "a":1}`, want: `{"client_secret": "***", "a":1}`},
		"nested":  {body: `{"a":[{"Password":{"b":"live"}}]}`, want: `{"a":[{"Password":"***"}]}`},
		"escaped": {body: `{"client\u005fsecret":"live"}`, want: `{"client\u005fsecret":"***"}`},
		"twice":   {body: `{"secret":"live","secret":"live"}`, want: `{"secret":"***","secret":"***"}`},
		"broken":  {body: `{"client_secret":"live","a":`, want: `{"client_secret":***,"a":`},
		"two":     {body: `{} {"client_secret":"live"}`, want: `{} {"client_secret":"***"}`},
		"granted": {
			body: `{"token_type":"bearer","x":"ory_at_a.b-c"}`, want: `{"token_type":"bearer","x":"***"}`,
		},
		"form":      {body: "a=1&client_secret=live", want: "a=1&client_secret=***"},
		"escapes":   {body: "client%5Fsecret=live&a=1", want: "client%5Fsecret=***&a=1"},
		"semicolon": {body: "a=1;client_secret=live", want: "a=1;client_secret=***"},
		"multipart": {
			body: "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\nlive\r\n--x",
			want: "--x\r\nContent-Disposition: form-data; name=\"client_secret\"\r\n\r\n***\r\n--x",
		},
		"quoted":   {body: `client_secret: "live with a space"`, want: `client_secret: ***`},
		"by value": {body: `{"note":"` + secret + `"}`, want: `{"note":"***"}`},
		"in text": {
			body: "the token is " + secret + " or it%27s+%24HOME%2Fa%2Bb or it%27s%20$HOME%2Fa+b",
			want: "the token is *** or *** or ***",
		},
		"empty": {body: "", want: ""},
	} {
		got := m.Body(test.body)
		if got != test.want || strings.Contains(got, "live") {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestQueriesAndHeaders(t *testing.T) {
	m := mask.New("short", secret)
	for raw, want := range map[string]string{
		"limit=1&account_id=a":             "limit=1&account_id=a",
		"client_secret=live":               "client_secret=***",
		"a&client_secret=live&b=%zz":       "a&client_secret=***&b=%zz",
		"q=short&x=it%27s+%24HOME%2Fa%2Bb": "q=short&x=***",
	} {
		if got := m.Query(raw); got != want {
			t.Errorf("got %s, want %s", got, want)
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
		t.Errorf("got %v, want %v", got, want)
	}
}

func FuzzBody(f *testing.F) {
	m := mask.New("the-secret-value")
	f.Add("x", "y")
	f.Add(`","a":"`, `"}`)
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := m.Body(before + "the-secret-value" + after); strings.Contains(got, "the-secret-value") {
			t.Errorf("%q", got)
		}
	})
}
