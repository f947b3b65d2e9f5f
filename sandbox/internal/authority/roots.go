package authority

import (
	"bytes"
	"os"
)

// rootFiles returns the names of files in which operating systems keep their root
// certificates as PEM. The first name is the value of SSL_CERT_FILE, which can be empty.
func rootFiles() []string {
	return []string{
		os.Getenv("SSL_CERT_FILE"),
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",                            // SUSE
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
		"/etc/ssl/cert.pem",                                 // Alpine, macOS
	}
}

// SystemRoots returns the root certificates of the system as PEM, or nil if none of the
// root files contains a certificate. On Windows, there is no such file unless
// SSL_CERT_FILE names one.
func SystemRoots() []byte {
	for _, file := range rootFiles() {
		content, err := os.ReadFile(file)
		if err == nil && bytes.Contains(content, []byte("-----BEGIN CERTIFICATE-----")) {
			return append(bytes.TrimRight(content, "\n"), '\n')
		}
	}
	return nil
}
