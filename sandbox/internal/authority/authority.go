// Package authority issues the certificate with which the sandbox serves https.
package authority

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"time"
)

const (
	lifetime     = 10 * 365 * 24 * time.Hour
	leafLifetime = 365 * 24 * time.Hour
	// clockSkew is how far a client's clock may be behind the sandbox's clock.
	clockSkew = time.Hour
)

// Authority issues certificates.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// chain holds the authority's certificate, followed by the certificates of its
	// issuers, each as DER.
	chain [][]byte
}

// New creates an authority with a new random key and a self-signed certificate.
func New(now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the certificate authority: %w", err)
	}
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "upvest-sandbox, for tests only"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(lifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, certificate, err := issue(template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate: certificate, key: key, chain: [][]byte{der}}, nil
}

// Parse reads an authority from PEM text that contains its certificate, optionally the
// certificates of its issuers, and its private key.
func Parse(text []byte, now time.Time) (*Authority, error) {
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil, fmt.Errorf("expected a certificate and its private key in PEM: %w", err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	certificate := pair.Leaf
	switch {
	case !ok:
		return nil, errors.New("the private key cannot sign")
	case !certificate.IsCA || certificate.KeyUsage != 0 && certificate.KeyUsage&x509.KeyUsageCertSign == 0:
		return nil, errors.New("the certificate does not belong to a certificate authority")
	case now.After(certificate.NotAfter):
		return nil, fmt.Errorf("the certificate expired at %s", certificate.NotAfter.Format(time.RFC3339))
	}
	return &Authority{certificate: certificate, key: key, chain: pair.Certificate}, nil
}

// PEM returns the authority, including its private key, in the form that Parse reads.
func (a *Authority) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, fmt.Errorf("encode the key of the certificate authority: %w", err)
	}
	return slices.Concat(a.Certificates(),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// Certificates returns, as PEM, the certificates that a client must trust.
func (a *Authority) Certificates() []byte {
	var text bytes.Buffer
	for _, der := range a.chain {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return text.Bytes()
}

// Issue creates a certificate for a server with the given host names and IP addresses.
func (a *Authority) Issue(hosts []string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make the key of the server: %w", err)
	}
	end := now.Add(leafLifetime)
	if end.After(a.certificate.NotAfter) {
		end = a.certificate.NotAfter
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "upvest-sandbox"},
		NotBefore:   now.Add(-clockSkew),
		NotAfter:    end,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, leaf, err := issue(template, a.certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{
		Certificate: slices.Concat([][]byte{der}, a.chain), PrivateKey: key, Leaf: leaf,
	}, nil
}

// issue signs a certificate and returns it in two forms: as DER and parsed.
func issue(
	template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer,
) ([]byte, *x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, nil, fmt.Errorf("make a serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("read the signed certificate: %w", err)
	}
	return der, certificate, nil
}
