package program_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/program"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
)

// serving runs a command until the test ends, and returns the part of the command's
// output that the pattern `pattern` captures.
func serving(t *testing.T, pattern string, arguments ...string) (address string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		status := program.Run(ctx, arguments, writer, writer)
		_ = writer.Close()
		ended <- status
	}()
	lines := bufio.NewScanner(reader)
	for said := ""; ; said += lines.Text() + "\n" {
		if !lines.Scan() {
			t.Fatalf("fleet %v ended with exit status %d, expected it to keep running: %s",
				arguments, <-ended, said)
		}
		if found := regexp.MustCompile(pattern).FindStringSubmatch(lines.Text()); found != nil {
			address = found[1]
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, reader) }()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != 0 {
			t.Errorf("fleet %v ended with exit status %d, expected 0", arguments, status)
		}
	})
	return address
}

// get sends a request with the given values of the headers Host and Sec-Fetch-Site.
func get(t *testing.T, method, url, host, site string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(`{"ids":["1"]}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	request.Header.Set("Sec-Fetch-Site", site)
	response, err := (&http.Client{}).Do(request)
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

func TestRiversPageIsForThisMachineOnly(t *testing.T) {
	migrated(t)
	path, _ := orders(t, 3)
	succeeds(t, "enqueue", "-run", "r", path)
	address := serving(t, `http://(\S+);`, "ui", "-address", "127.0.0.1:0")
	jobs := "http://" + address + "/api/jobs?state=available&limit=5"
	if status, body := get(t, "GET", jobs, "", "same-origin"); status != 200 ||
		strings.Count(body, `"kind":"fleet_item"`) != 3 {
		t.Errorf("the list of jobs returned the status %d and %s, expected 200 and 3 jobs", status, body)
	}
	if status, body := get(t, "GET", "http://"+address+"/", "", "none"); status != 200 ||
		!strings.Contains(body, "<html") {
		t.Errorf("the page returned the status %d and the body %s, expected 200 and HTML", status, body)
	}
	if status, _ := get(t, "GET", "http://"+address+"/", "evil.example", "none"); status != 403 {
		t.Errorf("a request with the host name evil.example returned the status %d, expected 403", status)
	}
	cancel := "http://" + address + "/api/jobs/cancel"
	if status, _ := get(t, "POST", cancel, "", "cross-site"); status != 403 {
		t.Errorf("a cross-site request to cancel jobs returned the status %d, expected 403", status)
	}
	if status, body := get(t, "POST", cancel, "localhost", "same-origin"); status != 200 {
		t.Errorf("the page's request to cancel jobs returned the status %d, expected 200: %s", status, body)
	}
	if status, _, errors := fleet(t, "ui", "-address", "0.0.0.0:0"); status != 2 ||
		!strings.Contains(errors, "not on loopback") {
		t.Errorf("fleet ui on a public address ended with exit status %d, expected 2: %s", status, errors)
	}
}

func TestMetricsCountLinesAndRequests(t *testing.T) {
	s := testapi.New(t)
	migrated(t)
	path, accounts := orders(t, 4)
	testapi.Follow(t, testapi.Client(t), accounts...)
	if err := s.Inject(sandbox.Fault{Operation: testapi.Create, Status: 400}); err != nil {
		t.Fatal(err)
	}
	succeeds(t, "enqueue", "-run", "r", path)
	address := serving(t, `msg=metrics address=(\S+)`, "work", "-log", "info", "-metrics", "127.0.0.1:0")
	succeeds(t, "status", "-watch")
	status, body := get(t, "GET", "http://"+address+"/metrics", "", "none")
	if status != 200 {
		t.Fatalf("the request for the metrics returned the status %d, expected 200: %s", status, body)
	}
	for _, want := range []string{
		`fleet_lines{outcome="done",run="r"} 3`, `fleet_lines{outcome="refused",run="r"} 1`,
		`fleet_lines{outcome="waiting",run="r"} 0`, `fleet_lines_without_job{run="r"} 0`,
		`fleet_run_held{run="r"} 0`, "process_resident_memory_bytes",
		`fleet_request_seconds_count{operation="create_portfolios_order",status="400"} 1`,
	} {
		if !strings.Contains(body, want+"\n") && !strings.Contains(body, want+" ") {
			t.Errorf("expected %q in the metrics:\n%s", want, body)
		}
	}
}
