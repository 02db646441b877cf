package main

import (
	"context"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/siderolabs/crypto/x509"
)

// rotationChecks walk a worker through a change of CA, as `talosctl rotate-ca` does it: first the new CA is accepted
// everywhere, then it issues while the old one is still accepted, then the old one goes.
func rotationChecks() []check {
	var checks []check

	for _, pair := range [][2]string{{"rsa4096", "ed25519"}, {"ed25519", "p256"}} {
		checks = append(checks, check{fmt.Sprintf("rotation/%s to %s", pair[0], pair[1]), func(ctx context.Context, program program) error {
			old, err := pooledAuthority(pair[0])
			if err != nil {
				return err
			}

			next, err := pooledAuthority(pair[1])
			if err != nil {
				return err
			}

			return rotate(ctx, program, old, next)
		}})
	}

	return checks
}

func rotate(ctx context.Context, program program, old, next *x509.CertificateAuthority) error {
	for _, phase := range []struct {
		name    string
		issuing *x509.CertificateAuthority
		others  []*x509.CertificateAuthority
		// trusted is what the worker's own configuration accepts; the last one decides on its key.
		trusted []*stdx509.Certificate
		want    []*stdx509.Certificate
	}{
		{"new accepted", old, []*x509.CertificateAuthority{next}, []*stdx509.Certificate{old.Crt}, []*stdx509.Certificate{next.Crt, old.Crt}},
		{"new issues, worker not told", next, []*x509.CertificateAuthority{old}, []*stdx509.Certificate{next.Crt, old.Crt}, []*stdx509.Certificate{old.Crt, next.Crt}},
		{"new issues, worker told", next, []*x509.CertificateAuthority{old}, []*stdx509.Certificate{old.Crt, next.Crt}, []*stdx509.Certificate{old.Crt, next.Crt}},
		{"issuing one repeated among the accepted", next, []*x509.CertificateAuthority{next, old, old}, []*stdx509.Certificate{next.Crt}, []*stdx509.Certificate{old.Crt, next.Crt}},
		{"old gone", next, nil, []*stdx509.Certificate{next.Crt}, []*stdx509.Certificate{next.Crt}},
	} {
		if err := rotationPhase(ctx, program, phase.issuing, phase.others, phase.trusted, phase.want); err != nil {
			return fmt.Errorf("%s: %w", phase.name, err)
		}
	}

	return nil
}

func rotationPhase(ctx context.Context, program program, issuing *x509.CertificateAuthority, others []*x509.CertificateAuthority, trusted, want []*stdx509.Certificate) error {
	folder, err := os.MkdirTemp("", "talos-bridge-conformance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)

	more := map[string]string{}

	if len(others) > 0 {
		var text []byte
		for _, other := range others {
			text = append(text, other.CrtPEM...)
		}

		more["ACCEPTED_CAS_PATH"] = filepath.Join(folder, "accepted.pem")
		if err := os.WriteFile(more["ACCEPTED_CAS_PATH"], text, 0o600); err != nil {
			return err
		}
	}

	return withSigner(ctx, program, issuing, more, func(s *signer) error {
		csr, identity, err := workerRequest(trusted, workerNames())
		if err != nil {
			return err
		}

		got, err := askAsWorker(ctx, s.addr, joinToken, trusted, csr)
		if err != nil {
			return err
		}

		if !slices.EqualFunc(got.accepted, want, (*stdx509.Certificate).Equal) {
			return fmt.Errorf("returned ca holds %d certificates, or in another order", len(got.accepted))
		}

		if got.certificate.PublicKeyAlgorithm != trusted[len(trusted)-1].PublicKeyAlgorithm {
			return errors.New("the worker's key is not of the type of its last accepted CA")
		}

		if err := got.certificate.CheckSignatureFrom(issuing.Crt); err != nil {
			return err
		}

		return serveWith(got, identity, []string{"worker-1", "10.5.0.3"})
	})
}
