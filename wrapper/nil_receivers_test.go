package wrapper_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/uuid"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// structs contains a nil pointer to each exported struct.
var structs = []any{
	(*upvest.Allocations)(nil), (*upvest.Attempt)(nil), (*upvest.Client)(nil),
	(*upvest.Configurations)(nil), (*upvest.Credentials)(nil), (*upvest.Error)(nil),
	(*upvest.FieldError)(nil), (*upvest.Orders)(nil), (*upvest.Rebalancings)(nil),
	(*upvest.Request)(nil), (*upvest.Response)(nil), (*upvest.RetryPolicy)(nil),
	(*upvest.Signer)(nil), (*upvest.SignerConfig)(nil), (*upvest.TokenSource)(nil),
}

// The variable `structs` contains every exported struct.
func TestEveryExportedStructIsListed(t *testing.T) {
	listed := map[string]bool{}
	for _, value := range structs {
		listed[reflect.TypeOf(value).Elem().Name()] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			declared, ok := node.(*ast.TypeSpec)
			if !ok || !declared.Name.IsExported() {
				return true
			}
			if _, ok := declared.Type.(*ast.StructType); ok && !listed[declared.Name.Name] {
				t.Errorf("the exported struct %s is missing from the variable structs", declared.Name.Name)
			}
			return true
		})
	}
}

// hasValueReceiver reports whether a method has a value receiver. Calling such a method
// on a nil pointer panics, because the call copies the struct. fmt, log/slog and
// encoding/json handle a nil pointer before they call such a method.
func hasValueReceiver(receiver reflect.Value, method string) bool {
	_, found := receiver.Type().Elem().MethodByName(method)
	return found
}

// callWithZeros calls a method with zero values as arguments, and returns the results of
// the method. It passes ctx as the context, unless ctx is nil, and a discardState as the
// [fmt.State]. If the method returns an iterator, callWithZeros reads it to its end, and
// returns the last pair of values.
func callWithZeros(ctx context.Context, method reflect.Value) []reflect.Value {
	var arguments []reflect.Value
	count := method.Type().NumIn()
	if method.Type().IsVariadic() {
		count--
	}
	for i := range count {
		argument := reflect.Zero(method.Type().In(i))
		switch method.Type().In(i) {
		case reflect.TypeFor[context.Context]():
			if ctx != nil {
				argument = reflect.ValueOf(ctx)
			}
		case reflect.TypeFor[fmt.State]():
			argument = reflect.ValueOf(discardState{})
		}
		arguments = append(arguments, argument)
	}
	results := method.Call(arguments)
	if len(results) == 1 && results[0].Type().CanSeq2() {
		for row, err := range results[0].Seq2() {
			results = []reflect.Value{row, err}
		}
	}
	return results
}

// discardState is an [fmt.State] that discards what is printed.
type discardState struct{ io.Writer }

func (discardState) Write(text []byte) (int, error) { return len(text), nil }
func (discardState) Width() (int, bool)             { return 0, false }
func (discardState) Precision() (int, bool)         { return 0, false }
func (discardState) Flag(int) bool                  { return false }

// eachMethod calls do for every method of every exported struct, on a nil pointer and on
// a zero value, and fails the test if do panics. It calls a method with a value receiver
// only on the zero value.
func eachMethod(t *testing.T, do func(t *testing.T, name string, method reflect.Value)) {
	t.Helper()
	for _, value := range structs {
		isNil := reflect.ValueOf(value)
		for kind, receiver := range map[string]reflect.Value{
			"nil": isNil, "zero": reflect.New(isNil.Type().Elem()),
		} {
			for i := range receiver.NumMethod() {
				name := receiver.Type().Method(i).Name
				if kind == "nil" && hasValueReceiver(receiver, name) {
					continue
				}
				title := fmt.Sprintf("%s %s.%s", kind, receiver.Type().Elem().Name(), name)
				t.Run(title, func(t *testing.T) {
					defer func() {
						if caught := recover(); caught != nil {
							t.Errorf("the method panicked with %v, want no panic "+
								"(methods of services must pass coreOf(s) to call)", caught)
						}
					}()
					do(t, name, receiver.Method(i))
				})
			}
		}
	}
}

// No method of a nil pointer or a zero value panics if its arguments are zero values.
// Each method whose last result is an error returns an error, except Unwrap and the
// Marshal methods.
func TestMethodsOfNilPointersDoNotPanic(t *testing.T) {
	var noContext context.Context
	for _, ctx := range []context.Context{noContext, t.Context()} {
		eachMethod(t, func(t *testing.T, name string, method reflect.Value) {
			t.Helper()
			results := callWithZeros(ctx, method)
			if len(results) == 0 || name == "Unwrap" || strings.HasPrefix(name, "Marshal") {
				return
			}
			last := results[len(results)-1]
			if last.Type() == reflect.TypeFor[error]() && last.IsNil() {
				t.Error("the method returned no error, want an error")
			}
		})
	}
}

// fmt, log/slog and encoding/json can print a nil pointer to any exported struct.
func TestNilPointersArePrinted(t *testing.T) {
	for _, value := range structs {
		if text := fmt.Sprintf("%v %+v", value, value); strings.Contains(text, "PANIC") {
			t.Errorf("fmt prints a nil %T as %q, want no panic", value, text)
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("test", "value", value)
		if !strings.Contains(log.String(), "value=") { // slog recovers from panics
			t.Errorf("log/slog writes a nil %T as %q, want a value", value, log.String())
		}
		if text, err := json.Marshal(value); err != nil || string(text) != "null" && string(text) != "{}" {
			t.Errorf("encoding/json writes a nil %T as %s with the error %v, want null or {}",
				value, text, err)
		}
	}
}

// If a call on a nil service resumes a write, the error of the call keeps the idempotency
// key and the outcome of that write.
func TestErrorOfANilServiceKeepsKeyAndOutcome(t *testing.T) {
	key := uuid.MustParse("b1946ac9-2492-4d23-8a4f-0d6f1c2e3a4b")
	earlier := &upvest.Error{
		Operation: "create_portfolios_order", Outcome: upvest.OutcomeUnknown, IdempotencyKey: key,
	}
	var orders *upvest.Orders
	_, err := orders.Create(t.Context(), someOrderRequest(), earlier.Resume())
	failure := asError(t, err)
	requireOutcome(t, err, upvest.OutcomeUnknown)
	if failure.Operation != earlier.Operation || failure.IdempotencyKey != key {
		t.Errorf("the error has the operation %s and the key %s, want %s and %s",
			failure.Operation, failure.IdempotencyKey, earlier.Operation, key)
	}
	requireText(t, err, "the client or service is nil")
}

// A nil *Error or *FieldError in an interface matches no kind of error, and can be
// printed.
func TestNilErrorInAnInterfaceMatchesNoKind(t *testing.T) {
	for _, err := range []error{(*upvest.Error)(nil), (*upvest.FieldError)(nil)} {
		wrapped := fmt.Errorf("call: %w", err)
		if errors.Is(wrapped, upvest.ErrNotFound) || errors.Is(wrapped, upvest.ErrOutcomeUnknown) {
			t.Errorf("a nil %T matches a kind of error, want no match", err)
		}
		requireText(t, wrapped, "call: <nil>")
	}
}
