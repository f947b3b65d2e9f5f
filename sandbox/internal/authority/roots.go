package authority

import (
	"bytes"
	"os"
)

// rootFiles returns where systems keep their root certificates, as one file of PEM.
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

// SystemRoots returns the root certificates of the system in PEM, or nothing if no file
// of them is found, as on Windows.
func SystemRoots() []byte {
	for _, file := range rootFiles() {
		content, err := os.ReadFile(file)
		if err == nil && bytes.Contains(content, []byte("-----BEGIN CERTIFICATE-----")) {
			return append(bytes.TrimRight(content, "\n"), '\n')
		}
	}
	return nil
}
