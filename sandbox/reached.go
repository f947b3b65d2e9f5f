package sandbox

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// WithURL sets the base URL under which clients reach the sandbox, such as
// "https://sandbox.internal:8443" for a container or a proxy. URL returns this URL, the
// variables of Environ contain it, and the control endpoint accepts requests whose Host
// is the URL's host. The default is the address on which the sandbox listens.
func WithURL(base string) Option {
	return func(c *config) error {
		parsed, err := url.Parse(base)
		if err != nil {
			return fmt.Errorf("URL: expected one such as https://sandbox.internal:8443: %w", err)
		}
		isWeb := parsed.Scheme == "http" || parsed.Scheme == "https"
		path := strings.TrimSuffix(parsed.Path, "/")
		if !isWeb || parsed.Hostname() == "" || parsed.User != nil || path != "" ||
			strings.ContainsAny(base, "?#") {
			return fmt.Errorf("URL %q: expected a scheme and a host, such as https://sandbox.internal:8443",
				parsed.Redacted())
		}
		c.url = strings.TrimSuffix(base, "/")
		return nil
	}
}

// WithTLS serves https with the certificate, over HTTP/1.1. The certificate must be valid
// for the host of the sandbox's URL. The option requires a listener on the network.
func WithTLS(certificate tls.Certificate) Option {
	return func(c *config) error {
		if len(certificate.Certificate) == 0 || certificate.PrivateKey == nil {
			return errors.New("TLS: the certificate or its private key is missing")
		}
		leaf, err := x509.ParseCertificate(certificate.Certificate[0])
		if err != nil {
			return fmt.Errorf("TLS: read the certificate: %w", err)
		}
		certificate.Leaf = leaf
		c.certificate = &certificate
		return nil
	}
}

// checkURLAndTLS returns an error if WithTLS was given without a listener on the network,
// or together with an http URL.
func (c *config) checkURLAndTLS() error {
	if c.certificate == nil {
		return nil
	}
	if !c.listen || !c.network {
		return errors.New("TLS: needs a listener on the network")
	}
	if strings.HasPrefix(c.url, "http:") {
		return fmt.Errorf("URL %q: expected https, which the sandbox serves with TLS", c.url)
	}
	return nil
}

// host returns the host of the URL that WithURL set, without its port. It returns "" if
// WithURL was not given.
func (c *config) host() string {
	base, err := url.Parse(c.url)
	if err != nil {
		return "" // impossible, because WithURL has checked the URL
	}
	return base.Hostname()
}
