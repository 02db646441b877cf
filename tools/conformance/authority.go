package main

import (
	"crypto"
	stdx509 "crypto/x509"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
)

// A Talos CA lives ten years (machinery config/generate/secrets).
const authorityLife = 10 * 365 * 24 * time.Hour

// keyTypes are the types of CA that Talos can have: its own default, and what siderolabs/crypto makes on request.
var keyTypes = []string{"ed25519", "p256", "rsa4096"}

var (
	pooledMu sync.Mutex
	pooled   = map[string]*x509.CertificateAuthority{}
)

// pooledAuthority gives the one CA of a key type: an RSA key of 4096 bits takes seconds to make.
func pooledAuthority(keyType string) (*x509.CertificateAuthority, error) {
	pooledMu.Lock()
	defer pooledMu.Unlock()

	if ca, ok := pooled[keyType]; ok {
		return ca, nil
	}

	ca, err := newAuthority(keyType, time.Now().Add(-time.Hour), authorityLife)
	if err == nil {
		pooled[keyType] = ca
	}

	return ca, err
}

// newAuthority makes a CA by Talos's own code, with the options of its `gen secrets`.
func newAuthority(keyType string, from time.Time, life time.Duration) (*x509.CertificateAuthority, error) {
	options := []x509.Option{x509.Organization("talos"), x509.NotBefore(from), x509.NotAfter(from.Add(life))}

	switch keyType {
	case "p256":
		options = append(options, x509.ECDSA(true))
	case "rsa4096":
		options = append(options, x509.RSA(true))
	}

	return x509.NewSelfSignedCertificateAuthority(options...)
}

// servingPair issues a serving certificate as the control plane of Talos does for its trustd.
func servingPair(ca *x509.CertificateAuthority, names nodeNames) (*x509.KeyPair, error) {
	return x509.NewKeyPair(ca,
		x509.IPAddresses(names.ips),
		x509.DNSNames(names.dns),
		x509.CommonName(names.commonName),
		x509.NotAfter(time.Now().Add(x509.DefaultCertificateValidityDuration)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature|stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth}),
	)
}

func pool(certificates ...*stdx509.Certificate) *stdx509.CertPool {
	pool := stdx509.NewCertPool()
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}

	return pool
}

func signerOf(ca *x509.CertificateAuthority) crypto.Signer {

	return ca.Key.(crypto.Signer)
}
