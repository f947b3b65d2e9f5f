package sandbox_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/wrapper"
)

// inProcess is a transport that calls a handler directly, and counts how often the
// handler wrote to the body of the last response.
type inProcess struct {
	handler http.Handler
	writes  int
}

func (p *inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	p.writes = 0
	p.handler.ServeHTTP(&countingWriter{ResponseWriter: w, writes: &p.writes}, r)
	return w.Result(), nil
}

type countingWriter struct {
	http.ResponseWriter
	writes *int
}

func (w *countingWriter) Write(body []byte) (int, error) {
	*w.writes++
	return w.ResponseWriter.Write(body)
}

// TestListsAreSentRowByRow requires that the sandbox sends a page row by row, so that a
// large page is never completely in memory. The sandbox may send the page as a whole only
// if a check or a fault needs the whole body.
func TestListsAreSentRowByRow(t *testing.T) {
	const rows = 200
	for name, test := range map[string]struct {
		options []sandbox.Option
		fault   *sandbox.Fault
		whole   bool
	}{
		"no check and no fault": {},
		"a response check": {
			options: []sandbox.Option{sandbox.WithResponseCheck(func(err error) { t.Error(err) })},
			whole:   true,
		},
		"a fault that adds a header": {
			fault: &sandbox.Fault{
				Operation: "list_portfolios_allocations", Header: http.Header{"X-Odd": {"1"}},
			},
			whole: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := sandbox.New(append(test.options, sandbox.WithoutListener())...)
			if err != nil {
				t.Fatal(err)
			}
			transport := &inProcess{handler: s.Handler()}
			inMemory := wrapper.WithHTTPClient(&http.Client{Transport: transport})
			client, err := wrapper.New(s.Credentials(), inMemory)
			if err != nil {
				t.Fatal(err)
			}
			weights := []portfolios.InstrumentWeight{{
				InstrumentID: "IE00B0M62Q58", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1",
			}}
			for range rows {
				made := portfolios.AllocationRequest{Allocation: weights}
				if _, err := client.Allocations.Create(t.Context(), made); err != nil {
					t.Fatal(err)
				}
			}
			if test.fault != nil {
				if err := s.Inject(*test.fault); err != nil {
					t.Fatal(err)
				}
			}
			all := portfolios.ListPortfoliosAllocationsParams{Limit: new(portfolios.Limit(rows))}
			list, err := client.Allocations.List(t.Context(), all)
			if err != nil || len(list.Data) != rows || list.Meta.TotalCount != rows {
				t.Fatalf("got %d rows with the error %v, want %d", len(list.Data), err, rows)
			}
			// The first 16 KiB come in a single write, because the journal keeps them.
			if whole := transport.writes == 1; whole != test.whole || !whole && transport.writes < rows/2 {
				t.Errorf("%d rows came in %d writes, want 1 for a whole page, and otherwise at least 100",
					rows, transport.writes)
			}
		})
	}
}
