package program

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/authority"
)

const (
	// authorityFile holds a certificate authority and its private key. bundleFile holds
	// the certificates that a client must trust.
	authorityFile = "authority.pem"
	bundleFile    = "bundle.pem"
)

// secure prepares https for -tls: it makes or reads the certificate authority, issues the
// server's certificate, and writes the bundle that the variables name.
func (s *settings) secure(directory string, logger *log.Logger) error {
	if !s.tls {
		return nil
	}
	if directory == "" {
		return errors.New("flag -tls: the bundle of certificates needs a directory: name one with -keys")
	}
	now := time.Now()
	issuer, err := s.issuer(directory, now)
	if err != nil {
		return fmt.Errorf("flag -tls: %w", err)
	}
	certificate, err := issuer.Issue(s.hosts(), now)
	if err != nil {
		return fmt.Errorf("flag -tls: %w", err)
	}
	s.add(sandbox.WithTLS(certificate))
	roots := authority.SystemRoots()
	if len(roots) == 0 {
		logger.Print("found no file with the system's root certificates: " +
			"programs that use the bundle trust only the sandbox")
	}
	s.bundle, err = filepath.Abs(filepath.Join(directory, bundleFile))
	if err != nil {
		return fmt.Errorf("flag -tls: %w", err)
	}
	if err := writeFile(s.bundle, slices.Concat(roots, issuer.Certificates())); err != nil {
		return fmt.Errorf("flag -tls: write the bundle: %w", err)
	}
	// The bundle contains no secret, and clients that run as different users must be able
	// to read it.
	if err := os.Chmod(s.bundle, 0o644); err != nil { //nolint:gosec // see above
		return fmt.Errorf("flag -tls: %w", err)
	}
	return nil
}

// issuer returns the authority in the file of -tls-ca. Without that flag, it returns the
// authority that an earlier run left in the directory, or a new one.
func (s *settings) issuer(directory string, now time.Time) (*authority.Authority, error) {
	file := s.tlsCA
	if file == "" {
		file = filepath.Join(directory, authorityFile)
	}
	content, err := readText(file)
	switch {
	case err == nil:
		read, err := authority.Parse(content, now)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		return read, nil
	case s.tlsCA != "" || !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read the certificate authority: %w", err)
	}
	made, err := authority.New(now)
	if err != nil {
		return nil, err
	}
	encoded, err := made.PEM()
	if err != nil {
		return nil, err
	}
	if err := writeFile(file, encoded); err != nil {
		return nil, fmt.Errorf("write the certificate authority: %w", err)
	}
	return made, nil
}

// hosts returns the names and addresses under which clients can reach the sandbox.
func (s *settings) hosts() []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && name != "" {
		hosts = append(hosts, name)
	}
	if host, _, err := net.SplitHostPort(s.address); err == nil && host != "" {
		hosts = append(hosts, host)
	}
	if base, err := url.Parse(s.url); err == nil && base.Hostname() != "" {
		hosts = append(hosts, base.Hostname())
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// trust returns the variables that make programs trust the certificate of the sandbox:
// for Go and OpenSSL, for Python's requests, and for Node.js.
func (s *settings) trust() []string {
	if s.bundle == "" {
		return nil
	}
	return []string{
		"SSL_CERT_FILE=" + s.bundle,
		"REQUESTS_CA_BUNDLE=" + s.bundle,
		"NODE_EXTRA_CA_CERTS=" + s.bundle,
	}
}
