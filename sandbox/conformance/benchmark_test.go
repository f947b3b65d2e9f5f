package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
)

// BenchmarkSignedRequests measures how many signed requests per second the sandbox
// handles over loopback. The client signs on the same cores. As is the program's default,
// the sandbox does not check its responses.
func BenchmarkSignedRequests(b *testing.B) {
	for name, begin := range map[string]func(*caller) *request{"read": get, "write": post} {
		b.Run(name, func(b *testing.B) {
			c := start(b, "-check-responses=false", "-control=false").loggedIn(b)
			b.RunParallel(func(each *testing.PB) {
				connection, err := net.Dial("tcp", c.address)
				if err != nil {
					b.Error(err)
					return
				}
				defer connection.Close()
				reader := bufio.NewReader(connection)
				for each.Next() {
					if err := roundTrip(connection, reader, begin(c).sign()); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
	}
}

func roundTrip(connection net.Conn, reader *bufio.Reader, r *request) error {
	if _, err := connection.Write(r.bytes()); err != nil {
		return err
	}
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", response.StatusCode)
	}
	return nil
}
