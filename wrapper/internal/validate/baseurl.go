package validate

import (
	"errors"
	"net"
	"net/url"
	"strings"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// BaseURL accepts the https URL of a server, with or without a path. It accepts plain
// http only for localhost and loopback addresses.
func BaseURL(text string) error {
	base, err := url.Parse(text)
	switch {
	case err != nil || base.Hostname() == "":
		return errors.New("BaseURL is not a URL with a host: use one like " + portfolios.ServerURLSandbox)
	case base.User != nil || strings.ContainsAny(text, "?#"):
		return errors.New("BaseURL has more than scheme, host and path: leave out user, query and fragment")
	case base.Scheme == "https":
		return nil
	case base.Scheme == "http" && isLoopback(base.Hostname()):
		return nil
	}
	return errors.New("BaseURL is not https: plain http is accepted for loopback addresses only")
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}
