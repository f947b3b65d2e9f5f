package wrapper_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// documentedTypes are the generated types of the documented response bodies.
var documentedTypes = []reflect.Type{
	reflect.TypeFor[portfolios.OrderList](),
	reflect.TypeFor[portfolios.Order](),
	reflect.TypeFor[portfolios.AllocationList](),
	reflect.TypeFor[portfolios.Allocation](),
	reflect.TypeFor[portfolios.ConfigurationList](),
	reflect.TypeFor[portfolios.Configuration](),
	reflect.TypeFor[portfolios.Rebalancing](),
	reflect.TypeFor[portfolios.RebalancingExecution](),
	reflect.TypeFor[portfolios.Problem](),
}

// unidentified is the error for a body that is valid JSON but does not contain the
// expected resource.
const unidentified = "the body is not as documented: " +
	"the ID of the resource or the data of the page is missing"

// decodeFailure matches every error that decoding can return. A path in a matching error
// consists only of numbers and of names in lower case, so the error cannot quote any
// other part of the body.
var decodeFailure = regexp.MustCompile(`^(` + strings.Join([]string{
	`the body is empty`,
	`the body breaks off`,
	`the body is not JSON: the error is at byte [0-9]+`,
	`the body is not as documented: the ID of the resource or the data of the page is missing`,
	`the body is not as documented: a value has the wrong form`,
	`the body is not as documented: the value at ((/[a-z_]+|/[0-9]+)+) has the wrong type`,
	`the body is not as documented: the value at ((/[a-z_]+|/[0-9]+)+) cannot be read` +
		`(, in the object with the ID [0-9a-f-]{36})?` +
		`: repeating the call may return the same response` +
		`(: the row has the offset [0-9]+: continue at [0-9]+)?`,
}, `|`) + `)$`)

const byteOrderMark = "\xef\xbb\xbf"

// Response.Decode does not use encoding/json. If encoding/json accepts a body, and
// isOrdinary returns true for it, Decode must return the same value as encoding/json. The
// exception is a body without the ID of the resource or the data of the page, which
// Decode refuses. Decode also accepts some bodies that encoding/json refuses (see the
// variable `extended`).
func FuzzDecodeLikeEncodingJSON(f *testing.F) {
	for number := range documentedTypes {
		for _, operation := range everyOperation() {
			f.Add(number, []byte(operation.success))
		}
		for _, body := range []string{
			orderPage(0, 3, 3),
			byteOrderMark + orderBody,
			strings.Replace(orderBody, `"status"`, `"Status"`, 1),
			strings.Replace(orderBody, "{", `{"id": null, "status": "FILLED", `, 1),
			strings.Replace(orderBody, "EUR", "E\xff\xc0R", 1),
			strings.Replace(orderBody, "EUR", `\ud800\u0041\ud83d\ude00`, 1),
			`{"data": [], "meta": {"limit": 1.5}}`,
			`{"data": null, "data": [{}]}`,
			`{"data": [null, {"created_at": "2021-02-30T00:00:00Z"}]}`,
			`{"data": [{"orders": [null]}], "meta": {"total_count": -0}}`,
			`{"cash_amount": 1.10}`,
			`{"post_tax": "true"}`,
			`{"id": ""}`,
			`{"id": "urn:uuid:eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"}`,
			`{"allocation_id": "", "user_id": null}`,
			`[`, `nul`, ``, ` `, `{"a": 1} x`,
			`{"new_member": {"deep": [1e400, -0, "\u0000"]}}`,
			`{"updated_at": "2021-07-21T14:10:00,5Z"}`,
			`{"updated_at": "2021-07-21t14:10:00z"}`,
			`{"updated_at": "\u0032021-07-21T14:10:00Z"}`,
		} {
			f.Add(number, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, number int, body []byte) {
		kind := documentedTypes[modulo(number, len(documentedTypes))]
		ours := reflect.New(kind).Interface()
		err := (&upvest.Response{Body: body}).Decode(ours)
		if err != nil && !decodeFailure.MatchString(err.Error()) {
			t.Fatalf("the error %q may quote the body, want one of the known forms", err)
		}
		plain := bytes.TrimPrefix(body, []byte(byteOrderMark))
		isValid := json.Valid(plain)
		if isValid && err != nil && !strings.Contains(err.Error(), "not as documented") {
			t.Fatalf("got the error %v for valid JSON, want none or \"not as documented\"", err)
		}
		if !isValid && err == nil {
			t.Fatal("the client decoded a body that is not valid JSON, want an error")
		}
		if !isOrdinary(plain) || err != nil && err.Error() == unidentified {
			return
		}
		theirs := reflect.New(kind).Interface()
		theirErr := json.Unmarshal(plain, theirs)
		if err != nil && theirErr == nil {
			t.Fatalf("got the error %v, want none, because encoding/json accepts the body", err)
		}
		unknown := takeUnknown(reflect.ValueOf(ours))
		if err == nil && theirErr != nil && !unknown && !explains(plain) {
			t.Fatalf("the client decoded the body, and found no unknown fields, want an error like %v",
				theirErr)
		}
		if err == nil && theirErr == nil && !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("got %+v, want %+v as decoded by encoding/json", ours, theirs)
		}
	})
}

// takeUnknown clears every [api.Unknown] in a value, and reports whether any was set.
func takeUnknown(value reflect.Value) (found bool) {
	switch {
	case value.Type() == reflect.TypeFor[api.Unknown]():
		found = value.Len() > 0
		value.SetZero()
	case value.Kind() == reflect.Pointer && !value.IsNil():
		return takeUnknown(value.Elem())
	case value.Kind() == reflect.Slice:
		for i := range value.Len() {
			found = takeUnknown(value.Index(i)) || found
		}
	case value.Kind() == reflect.Struct && value.Type() != reflect.TypeFor[time.Time]():
		for _, field := range value.Fields() {
			found = takeUnknown(field) || found
		}
	}
	return found
}

// extended matches values that the client accepts and encoding/json refuses: amounts and
// weights as numbers, and times in some forms of RFC 3339.
var extended = regexp.MustCompile(`"(cash_amount|weight)"\s*:\s*-?[0-9]|"[0-9-]{10}([t ]|T.*(:60|z"))`)

// explains reports whether a body contains a value that the client accepts and
// encoding/json refuses.
func explains(body []byte) bool { return extended.Match(body) }

// isOrdinary reports whether the client and encoding/json must decode a body to the same
// value: no object contains a name twice, all names consist of lower-case letters, digits
// and underscores, and a body that may contain a time contains no escape.
func isOrdinary(body []byte) bool {
	if bytes.Contains(body, []byte(`\`)) && bytes.Contains(body, []byte("_at")) {
		// encoding/json passes the raw text to time.Time, including its escapes
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var open []map[string]bool // the names so far in each open object; nil for an array
	isName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		name, isText := token.(string)
		if isText && isName {
			names := open[len(open)-1]
			if names[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
				return false
			}
			names[name] = true
			isName = false
			continue
		}
		switch token {
		case json.Delim('{'):
			open = append(open, map[string]bool{})
		case json.Delim('['):
			open = append(open, nil)
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
		isName = len(open) > 0 && open[len(open)-1] != nil
	}
}

// The client accepts what a server should not send: repeated names, bytes that are not
// UTF-8, and times in a loose form.
func TestDecodeIsLenient(t *testing.T) {
	body := strings.NewReplacer(
		`"status": "PROCESSING",`+"\n", `"status": "FILLED", "status": "NEW",`,
		`"EUR"`, "\"E\xff\"",
		`21T14:10:00.000Z`, `21T4:10:00,000Z`,
	).Replace(orderBody)
	order, err := newTestClient(t, success(body)).Orders.Retrieve(t.Context(), someOrder)
	if err != nil {
		t.Fatal(err)
	}
	isLastStatus := order.Status == portfolios.OrderStatusNEW
	if !isLastStatus || order.Currency != "E\ufffd" || order.CreatedAt.Hour() != 4 {
		t.Errorf("got %+v, want the status NEW, the currency \"E\\ufffd\" and a creation at 4 o'clock", order)
	}
}

// Before the client decodes a page, it counts the objects that look like rows, and
// allocates space for them. Even so, it must return an error for a page without a list,
// instead of an empty list.
func TestPageWithoutAListIsUnreadable(t *testing.T) {
	decoy := `"former_data": [` + strings.Repeat(`{"created_at": "2021-07-21T14:10:00Z"},`, 50) + `{}]`
	meta := `"meta": {"limit": 100, "total_count": 51}`
	for name, test := range map[string]struct {
		body string
		want string // the text of the error
	}{
		"no list":          {body: `{` + decoy + `, ` + meta + `}`, want: unidentified},
		"null as the list": {body: `{` + decoy + `, "data": null, ` + meta + `}`, want: unidentified},
		"an empty list":    {body: `{` + decoy + `, "data": [], ` + meta + `}`},
	} {
		for _, page := range []any{
			new(portfolios.AllocationList), new(portfolios.ConfigurationList), new(portfolios.OrderList),
		} {
			got := ""
			response := upvest.Response{Body: []byte(test.body)}
			if err := response.Decode(page); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%T with %s: got the error %q, want %q", page, name, got, test.want)
			}
		}
	}
}
