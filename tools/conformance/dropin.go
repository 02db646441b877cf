package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc/codes"
)

// dropInChecks start the signer with the files that users of the Go signers have.
func dropInChecks() []check {
	var checks []check

	for _, row := range []struct {
		name   string
		newKey keyMaker
		encode func(crypto.Signer) (*pem.Block, error)
	}{
		{"RSA-2048, PKCS #1", newRSA, func(key crypto.Signer) (*pem.Block, error) {
			rsaKey, ok := key.(*rsa.PrivateKey)
			if !ok {
				return nil, errors.New("not an RSA key")
			}

			return &pem.Block{Type: "RSA PRIVATE KEY", Bytes: stdx509.MarshalPKCS1PrivateKey(rsaKey)}, nil
		}},
		{"P-256, SEC 1", newECDSA(elliptic.P256()), func(key crypto.Signer) (*pem.Block, error) {
			ecKey, ok := key.(*ecdsa.PrivateKey)
			if !ok {
				return nil, errors.New("not an EC key")
			}

			der, err := stdx509.MarshalECPrivateKey(ecKey)

			return &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}, err
		}},
		{"Ed25519, PKCS #8", newEd25519, func(key crypto.Signer) (*pem.Block, error) {
			der, err := stdx509.MarshalPKCS8PrivateKey(key)

			return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
		}},
	} {
		checks = append(checks, check{"drop-in/serving certificate as cert-manager writes it, " + row.name, func(ctx context.Context, program program) error {
			ca, err := pooledAuthority("ed25519")
			if err != nil {
				return err
			}

			key, err := row.newKey()
			if err != nil {
				return err
			}

			block, err := row.encode(key)
			if err != nil {
				return err
			}

			return servedWithFiles(ctx, program, ca, key, pem.EncodeToMemory(block))
		}})
	}

	return append(checks,
		check{"drop-in/token in a file, two lines", tokenFile},
		check{"drop-in/a key that is not the CA's ends with status 1", wrongKey},
		check{"drop-in/an empty token ends with status 1", emptyToken},
	)
}

func servedWithFiles(ctx context.Context, program program, ca *x509.CertificateAuthority, key crypto.Signer, keyPEM []byte) error {
	leaf, err := certManagerLeaf(ca, key)
	if err != nil {
		return err
	}

	folder, err := os.MkdirTemp("", "talos-bridge-conformance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	more := map[string]string{"TLS_CERT_PATH": filepath.Join(folder, "tls.crt"), "TLS_KEY_PATH": filepath.Join(folder, "tls.key")}
	if err := errors.Join(
		os.WriteFile(more["TLS_CERT_PATH"], encodeCertificate(leaf), 0o600),
		os.WriteFile(more["TLS_KEY_PATH"], keyPEM, 0o600),
	); err != nil {
		return err
	}

	return withSigner(ctx, program, ca, more, func(s *signer) error {
		csr, err := workerCSR(ca)()
		if err != nil {
			return err
		}

		if _, err := ask(ctx, s.addr, joinToken, []*stdx509.Certificate{ca.Crt}, csr); err != nil {
			return err
		}

		served, err := servedLeaf(s.addr, pool(ca.Crt))
		if err != nil {
			return err
		}

		if !served.Equal(leaf) {
			return errors.New("another certificate is served")
		}

		return nil
	})
}

// certManagerLeaf is what a cert-manager Certificate with `usages: [digital signature, key encipherment, server auth]`
// and a CA issuer gives.
func certManagerLeaf(ca *x509.CertificateAuthority, key crypto.Signer) (*stdx509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}

	der, err := stdx509.CreateCertificate(rand.Reader, &stdx509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: ownName},
		DNSNames:              []string{ownName, "localhost"},
		IPAddresses:           []net.IP{net.ParseIP(ownAddress), net.IPv4(127, 0, 0, 1)},
		NotBefore:             time.Now().Add(-time.Minute),
		NotAfter:              time.Now().Add(90 * 24 * time.Hour),
		KeyUsage:              stdx509.KeyUsageDigitalSignature | stdx509.KeyUsageKeyEncipherment,
		ExtKeyUsage:           []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, ca.Crt, key.Public(), signerOf(ca))
	if err != nil {
		return nil, err
	}

	return stdx509.ParseCertificate(der)
}

func servedLeaf(addr string, trusted *stdx509.CertPool) (*stdx509.Certificate, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second}

	conn, err := tls.DialWithDialer(dialer, "tcp", addr, &tls.Config{RootCAs: trusted, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return nil, err
	}
	defer conn.Close()

	return conn.ConnectionState().PeerCertificates[0], nil
}

func tokenFile(ctx context.Context, program program) error {
	ca, err := pooledAuthority("ed25519")
	if err != nil {
		return err
	}

	folder, err := os.MkdirTemp("", "talos-bridge-conformance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	path := filepath.Join(folder, "token")
	if err := os.WriteFile(path, []byte("# tokens of the cluster\n"+joinToken+"\n\nsecond.0123456789abcdef\n"), 0o600); err != nil {
		return err
	}

	return withSigner(ctx, program, ca, map[string]string{"TALOS_TOKEN": "", "TALOS_TOKEN_FILE": path}, func(s *signer) error {
		csr, err := workerCSR(ca)()
		if err != nil {
			return err
		}

		for token, want := range map[string]codes.Code{
			joinToken: codes.OK, "second.0123456789abcdef": codes.OK, "# tokens of the cluster": codes.Unauthenticated,
		} {
			if _, err := ask(ctx, s.addr, token, []*stdx509.Certificate{ca.Crt}, csr); codeOf(err) != want {
				return fmt.Errorf("%q: %v, want %v", token, err, want)
			}
		}

		return nil
	})
}

func wrongKey(ctx context.Context, program program) error {
	ca, err := pooledAuthority("ed25519")
	if err != nil {
		return err
	}

	other, err := pooledAuthority("p256")
	if err != nil {
		return err
	}

	mixed := &x509.CertificateAuthority{CrtPEM: ca.CrtPEM, KeyPEM: other.KeyPEM}

	return refusesToStart(startSigner(ctx, program, mixed, nil))
}

func emptyToken(ctx context.Context, program program) error {
	ca, err := pooledAuthority("ed25519")
	if err != nil {
		return err
	}

	return refusesToStart(startSigner(ctx, program, ca, map[string]string{"TALOS_TOKEN": " "}))
}

func refusesToStart(s *signer, err error) error {
	var ended *endedError

	switch {
	case s != nil:
		return errors.Join(errors.New("it started"), s.stop())
	case !errors.As(err, &ended):
		return err
	case ended.status != 1:
		return fmt.Errorf("ended with status %d", ended.status)
	default:
		return nil
	}
}
