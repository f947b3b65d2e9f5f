package readme_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// errorRow is a row of the README's table of errors. A row without kinds applies to
// errors that match no row above it.
type errorRow struct {
	kinds []string
	text  string
}

var sentinel = regexp.MustCompile("`((?:context\\.|Err)[A-Za-z]+)`")

// errorRows returns the rows of the README's table of errors.
func errorRows(t *testing.T) []errorRow {
	t.Helper()
	_, table, _ := strings.Cut(document(t, "README.md"), "| `errors.Is(err, …)`")
	table, _, _ = strings.Cut(table, "\n\n")
	var rows []errorRow
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(cells[1], "---") || !strings.HasPrefix(line, "|") {
			continue
		}
		row := errorRow{text: strings.TrimSpace(line)}
		for _, match := range sentinel.FindAllStringSubmatch(cells[1], -1) {
			row.kinds = append(row.kinds, match[1])
		}
		rows = append(rows, row)
	}
	return rows
}

// sentinels maps the name of each error in the table to the error.
var sentinels = map[string]error{
	"ErrOutcomeUnknown":        upvest.ErrOutcomeUnknown,
	"ErrAccepted":              upvest.ErrAccepted,
	"ErrBadRequest":            upvest.ErrBadRequest,
	"ErrUnprocessable":         upvest.ErrUnprocessable,
	"ErrUnauthorized":          upvest.ErrUnauthorized,
	"ErrForbidden":             upvest.ErrForbidden,
	"ErrNotFound":              upvest.ErrNotFound,
	"ErrConflict":              upvest.ErrConflict,
	"ErrMethodNotAllowed":      upvest.ErrMethodNotAllowed,
	"ErrNotAcceptable":         upvest.ErrNotAcceptable,
	"ErrUpgradeRequired":       upvest.ErrUpgradeRequired,
	"ErrRetryBudget":           upvest.ErrRetryBudget,
	"ErrTooManyRequests":       upvest.ErrTooManyRequests,
	"ErrInternal":              upvest.ErrInternal,
	"ErrBadGateway":            upvest.ErrBadGateway,
	"ErrServiceUnavailable":    upvest.ErrServiceUnavailable,
	"ErrGatewayTimeout":        upvest.ErrGatewayTimeout,
	"ErrListUnreadable":        upvest.ErrListUnreadable,
	"context.Canceled":         context.Canceled,
	"context.DeadlineExceeded": context.DeadlineExceeded,
}

// rowOf returns the row for an error. This is the first row with a kind that the error
// matches. For an error that matches no kind, it is one of the two rows without kinds:
// one applies to errors with a status, and the other to errors without a status.
func rowOf(rows []errorRow, err error) errorRow {
	var failure *upvest.Error
	received := errors.As(err, &failure) && failure.Status != 0
	for _, row := range rows {
		matches := func(kind string) bool { return errors.Is(err, sentinels[kind]) }
		isRest := len(row.kinds) == 0 && received == strings.Contains(row.text, "`Status` is not 0")
		if isRest || slices.ContainsFunc(row.kinds, matches) {
			return row
		}
	}
	return errorRow{}
}

// TestErrorTableNamesEveryError requires that the table names all exported errors of the
// client, the two errors of package context, and no other error.
func TestErrorTableNamesEveryError(t *testing.T) {
	var named []string
	for _, row := range errorRows(t) {
		named = append(named, row.kinds...)
	}
	exported := []string{"context.Canceled", "context.DeadlineExceeded"}
	files, err := filepath.Glob(filepath.Join(repository, "wrapper", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(tree.Name.Name, "_test") {
			continue
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			values, ok := node.(*ast.ValueSpec)
			if ok && strings.HasPrefix(values.Names[0].Name, "Err") {
				exported = append(exported, values.Names[0].Name)
			}
			return true
		})
	}
	slices.Sort(named)
	slices.Sort(exported)
	if !slices.Equal(named, exported) {
		t.Errorf("the table names the errors\n%q, want\n%q", named, exported)
	}
}

// roundTrip is a function that serves as the transport of a client. It responds to
// requests without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// clientOf returns a client that sends its requests to the function `server`.
func clientOf(t *testing.T, server roundTrip) *upvest.Client {
	t.Helper()
	i := newInvestor(t, nil)
	client, err := upvest.New(i.credentials,
		upvest.WithHTTPClient(&http.Client{Transport: server}),
		upvest.WithTokenSource(oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "token"})),
		upvest.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// statusKinds maps the status of a response to the error that a read returns for it. The
// last row of the table applies to all other statuses.
var statusKinds = map[int]string{
	400: "ErrBadRequest", 401: "ErrUnauthorized", 403: "ErrForbidden", 404: "ErrNotFound",
	405: "ErrMethodNotAllowed", 406: "ErrNotAcceptable", 409: "ErrConflict", 422: "ErrUnprocessable",
	426: "ErrUpgradeRequired", 429: "ErrTooManyRequests", 500: "ErrInternal", 502: "ErrBadGateway",
	503: "ErrServiceUnavailable", 504: "ErrGatewayTimeout",
}

// TestEveryStatusHasARow requires that the error of a read matches the right row of the
// table for each status from 300 to 599. The row must name the status, unless it is the
// last row of the table. The error of a write must match the row of ErrOutcomeUnknown,
// unless the status means that the server refused the write.
func TestEveryStatusHasARow(t *testing.T) {
	rows := errorRows(t)
	status := 0
	client := clientOf(t, func(req *http.Request) (*http.Response, error) {
		body := fmt.Sprintf(`{"type":"some","status":%d}`, status)
		return &http.Response{
			StatusCode: status, Header: http.Header{"Upvest-Request-Id": {uuid.NewString()}},
			Body: io.NopCloser(strings.NewReader(body)), Request: req,
		}, nil
	})
	for status = 300; status < 600; status++ {
		_, err := client.Orders.Retrieve(t.Context(), firstAccount)
		var failure *upvest.Error
		if !errors.As(err, &failure) || failure.Status != status || failure.Err != nil {
			t.Fatalf("status %d: got %v, want an *Error with this status and a nil Err", status, err)
		}
		row := rowOf(rows, err)
		kind, named := statusKinds[status]
		switch {
		case !named && (len(row.kinds) > 0 || !strings.Contains(row.text, "`Status` is not 0")):
			t.Errorf("status %d: the error of a read matches the row %q, want the last row", status, row.text)
		case named && (!slices.Contains(row.kinds, kind) || !strings.Contains(row.text, fmt.Sprint(status))):
			t.Errorf("status %d: the error of a read matches the row %q, want a row with this status and %s",
				status, row.text, kind)
		}

		_, err = client.Orders.Create(t.Context(), portfolios.OrderRequest{
			AccountID: firstAccount, UserID: firstAccount, CashAmount: "1",
			Currency: portfolios.CurrencyEUR, Side: portfolios.SideBUY,
		})
		errors.As(err, &failure)
		isUnknown := slices.Contains(rowOf(rows, err).kinds, "ErrOutcomeUnknown")
		isRefusal := status/100 == 4 && status != http.StatusRequestTimeout && status != 499
		if isUnknown == isRefusal || (failure.Outcome == upvest.OutcomeRefused) != isRefusal {
			t.Errorf("status %d: the error of a write matches the row %q and has the outcome %s; "+
				"want a refusal: %t", status, rowOf(rows, err).text, failure.Outcome, isRefusal)
		}
	}
}

// TestErrorsWithoutAStatus requires that the error of a call that received no response
// matches the right row of the table.
func TestErrorsWithoutAStatus(t *testing.T) {
	rows := errorRows(t)
	ended, end := context.WithCancel(t.Context())
	end()
	broken := clientOf(t, func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
	for _, test := range []struct {
		name, want string
		ctx        context.Context
		id         uuid.UUID
	}{
		{name: "a cancelled context", ctx: ended, id: firstAccount, want: "context.Canceled"},
		{name: "a network failure", ctx: t.Context(), id: firstAccount, want: "`Status` is 0"},
		{name: "an invalid argument", ctx: t.Context(), id: uuid.Nil, want: "`Status` is 0"},
	} {
		_, err := broken.Orders.Retrieve(test.ctx, test.id)
		row := rowOf(rows, err)
		var failure *upvest.Error
		if !errors.As(err, &failure) || failure.Err == nil || !strings.Contains(row.text, test.want) {
			t.Errorf("%s: the error %v matches the row %q, want a row that contains %q, and a non-nil Err",
				test.name, err, row.text, test.want)
		}
	}
}
