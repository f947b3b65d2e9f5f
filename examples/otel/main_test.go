package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/examples/internal/named"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

func TestTracesAndMetrics(t *testing.T) {
	server := named.Sandbox(t)
	fault := sandbox.Fault{Operation: "list_portfolios_orders", Status: http.StatusServiceUnavailable}
	if err := server.Inject(fault); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatalf("run returned the error %v, want none; the output is\n%s", err, out.String())
	}
	printed := out.String()
	for what, want := range map[string]int{
		`"Name":"read a page of orders"`:  1,
		`"Name":"token"`:                  1,
		`"Name":"list_portfolios_orders"`: 2,
		`"Name":"HTTP GET"`:               2,
		`"upvest.retry.reason"`:           1,
		`"upvest.attempt.duration"`:       1,
	} {
		if got := strings.Count(printed, what); got != want {
			t.Errorf("the output contains %s %d times, want %d:\n%s", what, got, want, printed)
		}
	}
	requests, err := server.Requests()
	if err != nil {
		t.Fatal(err)
	}
	var ids int
	for _, request := range requests {
		ids += strings.Count(printed, request.RequestID)
	}
	if ids != len(requests) {
		t.Errorf("the output contains request IDs %d times, want once for each of %d requests",
			ids, len(requests))
	}
	if secret := server.Client().Secret; strings.Contains(printed, secret) {
		t.Error("the output contains the client secret")
	}
}
