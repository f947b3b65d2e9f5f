package wrapper_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// documentedTypes are what bodies of answers are decoded into.
var documentedTypes = []reflect.Type{
	reflect.TypeFor[portfolios.OrderList](), reflect.TypeFor[portfolios.Order](), reflect.TypeFor[portfolios.AllocationList](),
	reflect.TypeFor[portfolios.Allocation](), reflect.TypeFor[portfolios.ConfigurationList](), reflect.TypeFor[portfolios.Configuration](),
	reflect.TypeFor[portfolios.Rebalancing](), reflect.TypeFor[portfolios.RebalancingExecution](), reflect.TypeFor[portfolios.Problem](),
}

// decodeFailure is all that an error may say: a place is made of documented names and
// numbers.
var decodeFailure = regexp.MustCompile(`^(the body is empty|the body breaks off|the body is not JSON: it goes wrong at byte [0-9]+|` +
	`the body does not fit: (what identifies the resource is missing|a value is not of the documented form|` +
	`the value at ((/[a-z_]+|/[0-9]+)+) is not of the documented type))$`)

const unidentified = "the body does not fit: what identifies the resource is missing"

// The client does not decode by encoding/json, but it has to come to the same values, and
// to accept the same bodies. Where it does not, that is meant: names count with case, and
// what a 2xx does not identify is no answer.
func FuzzDecodeLikeEncodingJSON(f *testing.F) {
	for number := range documentedTypes {
		for _, operation := range everyOperation() {
			f.Add(number, []byte(operation.success))
		}
		for _, body := range []string{
			orderPage(0, 3, 3), "\xef\xbb\xbf" + orderBody, strings.Replace(orderBody, `"status"`, `"Status"`, 1),
			strings.Replace(orderBody, "{", `{"id": null, "status": "FILLED", `, 1), strings.Replace(orderBody, "EUR", "E\xff\xc0R", 1),
			strings.Replace(orderBody, "EUR", `\ud800\u0041\ud83d\ude00`, 1), `{"data": [], "meta": {"limit": 1.5}}`, `{"data": null, "data": [{}]}`,
			`{"data": [null, {"created_at": "2021-02-30T00:00:00Z"}]}`, `{"data": [{"orders": [null]}], "meta": {"total_count": -0}}`,
			`{"cash_amount": 1.10}`, `{"post_tax": "true"}`, `{"id": ""}`, `{"id": "urn:uuid:eb5ba93f-5dfe-4bf1-8571-4da0caacc80c"}`,
			`{"allocation_id": "", "user_id": null}`, `[`, `nul`, ``, ` `, `{"a": 1} x`, `{"new_member": {"deep": [1e400, -0, "\u0000"]}}`,
			`{"updated_at": "2021-07-21T14:10:00,5Z"}`, `{"updated_at": "2021-07-21t14:10:00z"}`, `{"updated_at": "\u0032021-07-21T14:10:00Z"}`,
		} {
			f.Add(number, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, number int, body []byte) {
		kind := documentedTypes[(number%len(documentedTypes)+len(documentedTypes))%len(documentedTypes)]
		ours := reflect.New(kind).Interface()
		theirs := reflect.New(kind).Interface()
		err := (&upvest.Response{Body: body}).Decode(ours)
		plain := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		wrong := json.Unmarshal(plain, theirs)
		if err != nil && !decodeFailure.MatchString(err.Error()) {
			t.Fatalf("the error may quote the body: %v", err)
		}
		if valid := json.Valid(plain); valid && err != nil && !strings.Contains(err.Error(), "does not fit") || !valid && err == nil {
			t.Fatalf("valid JSON: %v; %v", valid, err)
		}
		if !isOrdinary(plain) || err != nil && err.Error() == unidentified {
			return
		}
		if (err == nil) != (wrong == nil) {
			t.Fatalf("%v, but encoding/json: %v", err, wrong)
		}
		if err == nil && !reflect.DeepEqual(ours, theirs) {
			t.Fatalf("%+v, but encoding/json: %+v", ours, theirs)
		}
	})
}

// isOrdinary reports whether a body has only what the two decoders are meant to read
// alike: no name twice in an object, names of the characters that documented ones have,
// for which case does not matter, and nothing escaped in a time.
func isOrdinary(body []byte) bool {
	if bytes.Contains(body, []byte(`\`)) && bytes.Contains(body, []byte("_at")) {
		return false // encoding/json hands times their text unread, and they refuse a backslash
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	var objects []map[string]bool // names seen so far in the objects that are open; nil for an array
	isName := false
	for {
		token, err := decoder.Token()
		if err != nil {
			return err == io.EOF
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				objects = append(objects, map[string]bool{})
			case '[':
				objects = append(objects, nil)
			default:
				objects = objects[:len(objects)-1]
			}
			isName = len(objects) > 0 && objects[len(objects)-1] != nil
			continue
		case string:
			if isName {
				names := objects[len(objects)-1]
				if names[token] || strings.Trim(token, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
					return false
				}
				names[token] = true
				isName = false
				continue
			}
		}
		isName = len(objects) > 0 && objects[len(objects)-1] != nil
	}
}

// A server may send what it should not, a name twice, bytes that are no UTF-8, times in
// loose form: the client takes it.
func TestDecodeIsLenient(t *testing.T) {
	body := strings.NewReplacer(
		`"status": "PROCESSING",`+"\n", `"status": "FILLED", "status": "NEW",`, `"EUR"`, "\"E\xff\"", `21T14:10:00.000Z`, `21T4:10:00,000Z`,
	).Replace(orderBody)
	order, err := answering(t, http.StatusOK, "application/json", body).Orders.Retrieve(t.Context(), someOrder)
	if err != nil || order.Status != portfolios.OrderStatusNEW || order.Currency != "E\ufffd" || order.CreatedAt.Hour() != 4 {
		t.Errorf("%+v, %v", order, err)
	}
}

// Room is made for rows that a page seems to have. A page that has none must not pass for
// one with an empty list.
func TestPageWithoutListIsNoPage(t *testing.T) {
	decoy := `"former_data": [` + strings.Repeat(`{"created_at": "2021-07-21T14:10:00Z"},`, 50) + `{}]`
	meta := `"meta": {"limit": 100, "total_count": 51}`
	for _, page := range []any{new(portfolios.AllocationList), new(portfolios.ConfigurationList), new(portfolios.OrderList)} {
		for body, want := range map[string]string{
			`{` + decoy + `, ` + meta + `}`:               unidentified,
			`{` + decoy + `, "data": null, ` + meta + `}`: unidentified,
			`{` + decoy + `, "data": [], ` + meta + `}`:   "",
		} {
			response := upvest.Response{Body: []byte(body)}
			got := ""
			if err := response.Decode(reflect.New(reflect.TypeOf(page).Elem()).Interface()); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%T of %.10s…%s: %q, want %q", page, body, body[len(body)-60:], got, want)
			}
		}
	}
}
