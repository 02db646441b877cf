package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc/codes"
)

// A requestCase is a CSR that both the signer and trustd's rules answer.
type requestCase struct {
	name string
	csr  func() ([]byte, error)
	// code is the signer's; trustd's follows from its rules.
	code codes.Code
	// differences are the ids of all those that must show; NotBefore is allowed in every row.
	differences []string
	// holds tells what the issued certificate must say, where differences show in it.
	holds func(*stdx509.Certificate) error
}

func answerChecks(allowed *allowList) []check {
	var checks []check

	for _, keyType := range keyTypes {
		group := newGroup("answers/"+keyType, keyType, nil)
		checks = append(checks, group.check("worker", func(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
			return compareWorker(ctx, s, ca, allowed)
		}))

		for _, row := range requestCases(keyType) {
			checks = append(checks, group.check(row.name, func(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
				return compareAnswers(ctx, s, ca, row, allowed)
			}))
		}

		checks = append(checks, group.end())
	}

	return append(checks, check{"answers/a CA made just now that ends in two hours", func(ctx context.Context, program program) error {
		ca, err := newAuthority("ed25519", time.Now(), 2*time.Hour)
		if err != nil {
			return err
		}

		return withSigner(ctx, program, ca, nil, func(s *signer) error {
			row := requestCase{csr: workerCSR(ca), differences: []string{"not-after-ca"}}

			return compareAnswers(ctx, s, ca, row, allowed)
		})
	}})
}

// compareWorker goes the whole way of a worker: key, CSR, Talos's client, and serving with what came back.
func compareWorker(ctx context.Context, s *signer, ca *x509.CertificateAuthority, allowed *allowList) error {
	accepted := []*stdx509.Certificate{ca.Crt}

	csr, identity, err := workerRequest(accepted, workerNames())
	if err != nil {
		return err
	}

	got, err := askAsWorker(ctx, s.addr, joinToken, accepted, csr)
	if err != nil {
		return err
	}

	want, code := answerOfTrustd(ca, accepted, csr.X509CertificateRequestPEM)
	if code != codes.OK {
		return fmt.Errorf("trustd's rules: %v", code)
	}

	if err := compare(ca, want, got, nil, allowed); err != nil {
		return err
	}

	if got.certificate.PublicKeyAlgorithm != ca.Crt.PublicKeyAlgorithm {
		return fmt.Errorf("key is %v", got.certificate.PublicKeyAlgorithm)
	}

	return serveWith(got, identity, []string{"worker-1.cluster.example.test", "10.5.0.3", "127.0.0.1", "fd00:5::3"})
}

func compareAnswers(ctx context.Context, s *signer, ca *x509.CertificateAuthority, row requestCase, allowed *allowList) error {
	csr, err := row.csr()
	if err != nil {
		return err
	}

	accepted := []*stdx509.Certificate{ca.Crt}
	want, wantCode := answerOfTrustd(ca, accepted, csr)

	got, err := ask(ctx, s.addr, joinToken, accepted, csr)
	if codeOf(err) != row.code {
		return fmt.Errorf("answered %v, want %v", err, row.code)
	}

	if wantCode != codes.OK || row.code != codes.OK {
		var fields []string
		if wantCode != row.code {
			fields = []string{"code"}
		}

		if err := allowed.judge(fields, row.differences); err != nil {
			return fmt.Errorf("%w (trustd: %v)", err, wantCode)
		}

		if row.code == codes.OK {
			return rangeFaults(ca.Crt, got.certificate, time.Now())
		}

		return nil
	}

	if err := compare(ca, want, got, row.differences, allowed); err != nil {
		return err
	}

	if row.holds != nil {
		return row.holds(got.certificate)
	}

	return nil
}

func compare(ca *x509.CertificateAuthority, want, got answer, ids []string, allowed *allowList) error {
	if !slices.EqualFunc(want.accepted, got.accepted, (*stdx509.Certificate).Equal) {
		return fmt.Errorf("returned ca holds %d certificates that are not trustd's", len(got.accepted))
	}

	// Two differences show in most rows: NotBefore, unless the CA is as young, and the string type of the CN.
	fields := differingFields(want.certificate, got.certificate)
	if slices.Contains(fields, "NotBefore") {
		ids = append(slices.Clone(ids), "back-dated")
	}

	if slices.Contains(fields, "RawSubject") && !slices.Contains(fields, "Subject") {
		ids = append(slices.Clone(ids), "cn-utf8")
	}

	if err := allowed.judge(fields, ids); err != nil {
		return fmt.Errorf("%w\n%s", err, show(want.certificate, got.certificate, fields))
	}

	return rangeFaults(ca.Crt, got.certificate, time.Now())
}

func show(want, got *stdx509.Certificate, fields []string) string {
	var text strings.Builder

	for _, field := range fields {
		fmt.Fprintf(&text, "%s: trustd %+v, signer %+v\n", field,
			reflect.ValueOf(want).Elem().FieldByName(field), reflect.ValueOf(got).Elem().FieldByName(field))
	}

	return text.String()
}

// requestCases are those to try with a CA of this type. What does not depend on the CA's key is tried with Ed25519.
func requestCases(keyType string) []requestCase {
	roles := request(&stdx509.CertificateRequest{
		Subject:  pkix.Name{CommonName: "node", Organization: []string{"os:admin", "os:impersonator"}},
		DNSNames: []string{"node"},
	}, newKeyLike(keyType))

	// An RSA CSR as siderolabs/crypto signs it, so that the algorithm is the same on both sides.
	if keyType == "rsa4096" {
		return []requestCase{
			{name: "Ed25519 key", csr: request(plain(), newEd25519), differences: []string{"other-key-type"}},
			{name: "P-256 key", csr: request(plain(), newECDSA(elliptic.P256())), differences: []string{"other-key-type"}},
			{name: "RSA-2048 key, SHA-256", csr: request(plain(), newRSA), differences: []string{"signature-algorithm"}},
		}
	}

	if keyType == "p256" {
		return []requestCase{
			{name: "organization os:admin", csr: roles},
			{name: "Ed25519 key", csr: request(plain(), newEd25519), differences: []string{"other-key-type"}},
			{name: "RSA-2048 key", csr: request(plain(), newRSA), differences: []string{"other-key-type"}},
			{name: "P-384 key", csr: request(plain(), newECDSA(elliptic.P384())), differences: []string{"signature-algorithm"}},
			{name: "P-521 key", csr: request(plain(), newECDSA(elliptic.P521())), differences: []string{"signature-algorithm"}},
		}
	}

	return append(oddSubjects(), append(oddNames(), oddRequests(roles)...)...)
}

func oddSubjects() []requestCase {
	subject := func(name pkix.Name) func() ([]byte, error) {
		return request(&stdx509.CertificateRequest{Subject: name, DNSNames: []string{"node"}}, newEd25519)
	}

	return []requestCase{
		{
			name: "more subject attributes",
			csr: subject(pkix.Name{
				CommonName: "node", OrganizationalUnit: []string{"unit"}, Country: []string{"DE"}, Province: []string{"p"},
				Locality: []string{"l"}, StreetAddress: []string{"s"}, PostalCode: []string{"1"}, SerialNumber: "7",
			}),
			differences: []string{"subject-cn-only"},
			holds: func(got *stdx509.Certificate) error {
				if len(got.Subject.Names) != 1 || got.Subject.CommonName != "node" {
					return fmt.Errorf("subject is %v", got.Subject)
				}

				return nil
			},
		},
		{name: "no subject", csr: subject(pkix.Name{})},
		{name: "CN of 70 characters", csr: subject(pkix.Name{CommonName: strings.Repeat("n", 70)})},
		{
			name: "CN of 256 bytes", csr: subject(pkix.Name{CommonName: strings.Repeat("n", 256)}),
			code: codes.InvalidArgument, differences: []string{"cn-text"},
		},
		{name: "CN beyond ASCII", csr: subject(pkix.Name{CommonName: "wörker-1"})},
		{name: "CN that is no PrintableString", csr: subject(pkix.Name{CommonName: "node_1@example"})},
		{
			name: "CN with a line break", csr: subject(pkix.Name{CommonName: "node\nroot"}),
			code: codes.InvalidArgument, differences: []string{"cn-text"},
		},
		{
			name: "CN that is the signer's own name", csr: subject(pkix.Name{CommonName: ownName}),
			differences: []string{"own-name"},
			holds: func(got *stdx509.Certificate) error {
				if len(got.Subject.Names) != 0 {
					return fmt.Errorf("subject is %v", got.Subject)
				}

				return nil
			},
		},
	}
}

func oddNames() []requestCase {
	names := func(dns []string, ips ...net.IP) func() ([]byte, error) {
		return request(&stdx509.CertificateRequest{Subject: pkix.Name{CommonName: "node"}, DNSNames: dns, IPAddresses: ips}, newEd25519)
	}
	onlyDNS := func(want ...string) func(*stdx509.Certificate) error {
		return func(got *stdx509.Certificate) error {
			if !slices.Equal(got.DNSNames, want) {
				return fmt.Errorf("DNS names are %q", got.DNSNames)
			}

			for _, ip := range got.IPAddresses {
				if ip.Equal(net.ParseIP(ownAddress)) {
					return fmt.Errorf("addresses are %v", got.IPAddresses)
				}
			}

			return nil
		}
	}

	many := make([]string, 257)
	for i := range many {
		many[i] = fmt.Sprintf("n%d", i)
	}

	return []requestCase{
		{name: "no names", csr: names(nil)},
		{name: "256 names", csr: names(many[1:])},
		{name: "257 names", csr: names(many), code: codes.InvalidArgument, differences: []string{"name-limits"}},
		{name: "names in another order", csr: names([]string{"z", "a"}, net.ParseIP("fd00::9"), net.IPv4(10, 0, 0, 1))},
		{name: "a name twice", csr: names([]string{"a", "a"})},
		{name: "upper case", csr: names([]string{"Node-1.Example.Test"})},
		{
			name: "wildcard", csr: names([]string{"a", "*.example.test"}),
			differences: []string{"wildcard"}, holds: onlyDNS("a"),
		},
		{
			name: "the signer's own names", csr: names([]string{"a", strings.ToUpper(ownName)}, net.ParseIP(ownAddress), net.IPv4(127, 0, 0, 1)),
			differences: []string{"own-name"}, holds: onlyDNS("a"),
		},
		{name: "a name with a space", csr: names([]string{"a b"}), code: codes.InvalidArgument, differences: []string{"name-syntax"}},
		{name: "multicast address", csr: names(nil, net.IPv4(224, 0, 0, 1)), code: codes.InvalidArgument, differences: []string{"name-syntax"}},
		{name: "unspecified address", csr: names(nil, net.IPv6zero), code: codes.InvalidArgument, differences: []string{"name-syntax"}},
	}
}

func oddRequests(roles func() ([]byte, error)) []requestCase {
	extension := func(oid asn1.ObjectIdentifier, critical bool, value any) pkix.Extension {
		der, err := asn1.Marshal(value)
		if err != nil {
			panic(err)
		}

		return pkix.Extension{Id: oid, Critical: critical, Value: der}
	}
	link := &url.URL{Scheme: "spiffe", Host: "example.test", Path: "/admin"}
	asking := plain()
	asking.ExtraExtensions = []pkix.Extension{
		extension(asn1.ObjectIdentifier{2, 5, 29, 19}, true, struct{ CA bool }{true}),
		extension(asn1.ObjectIdentifier{2, 5, 29, 15}, true, asn1.BitString{Bytes: []byte{0x06}, BitLength: 7}),
		extension(asn1.ObjectIdentifier{2, 5, 29, 37}, false, []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 2}}),
		extension(asn1.ObjectIdentifier{1, 2, 3, 4}, true, "unknown"),
	}

	edited := func(edit func([]byte) []byte) func() ([]byte, error) {
		return func() ([]byte, error) {
			csr, err := request(plain(), newEd25519)()

			return edit(csr), err
		}
	}

	return []requestCase{
		{name: "organization os:admin", csr: roles},
		{name: "P-256 key", csr: request(plain(), newECDSA(elliptic.P256())), differences: []string{"other-key-type"}},
		{name: "RSA-2048 key", csr: request(plain(), newRSA), differences: []string{"other-key-type"}},
		{name: "CA, keyCertSign, clientAuth and an unknown extension", csr: request(asking, newEd25519)},
		{name: "URI and e-mail names", csr: request(&stdx509.CertificateRequest{
			Subject: pkix.Name{CommonName: "node"}, DNSNames: []string{"node"}, URIs: []*url.URL{link}, EmailAddresses: []string{"root@example.test"},
		}, newEd25519)},
		{
			name: "a changed byte", code: codes.InvalidArgument, differences: []string{"bad-signature"},
			csr: edited(func(csr []byte) []byte {
				block, _ := pem.Decode(csr)
				block.Bytes[len(block.Bytes)-1] ^= 1

				return pem.EncodeToMemory(block)
			}),
		},
		{
			name: "a second PEM block", code: codes.InvalidArgument, differences: []string{"one-block"},
			csr: edited(func(csr []byte) []byte { return append(csr, csr...) }),
		},
		{
			name: "text before the PEM block", code: codes.InvalidArgument, differences: []string{"one-block"},
			csr: edited(func(csr []byte) []byte { return append([]byte("hello\n"), csr...) }),
		},
		{name: "CRLF and white space around", csr: edited(func(csr []byte) []byte {
			return []byte("\n" + strings.ReplaceAll(string(csr), "\n", "\r\n") + "\r\n \n")
		})},
		{name: "the label NEW CERTIFICATE REQUEST", csr: edited(func(csr []byte) []byte {
			return bytes.ReplaceAll(csr, []byte("CERTIFICATE REQUEST"), []byte("NEW CERTIFICATE REQUEST"))
		})},
		{
			name: "the label CERTIFICATE", code: codes.InvalidArgument, differences: []string{"one-block"},
			csr: edited(func(csr []byte) []byte {
				return bytes.ReplaceAll(csr, []byte("CERTIFICATE REQUEST"), []byte("CERTIFICATE"))
			}),
		},
		{name: "no PEM", code: codes.InvalidArgument, csr: func() ([]byte, error) { return []byte("none"), nil }},
		{name: "nothing", code: codes.InvalidArgument, csr: func() ([]byte, error) { return nil, nil }},
		{
			name: "PEM over 32 KiB", code: codes.InvalidArgument, differences: []string{"size-limits"},
			csr: edited(func(csr []byte) []byte { return append(csr, bytes.Repeat([]byte("\n"), 32<<10)...) }),
		},
		{
			name: "message over 64 KiB", code: codes.ResourceExhausted, differences: []string{"size-limits"},
			csr: edited(func(csr []byte) []byte { return append(csr, bytes.Repeat([]byte("\n"), 64<<10)...) }),
		},
	}
}

func plain() *stdx509.CertificateRequest {
	return &stdx509.CertificateRequest{
		Subject: pkix.Name{CommonName: "node"}, DNSNames: []string{"node"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
}

type keyMaker func() (crypto.Signer, error)

func newEd25519() (crypto.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)

	return key, err
}

func newECDSA(curve elliptic.Curve) keyMaker {
	return func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) }
}

func newRSA() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }

func newKeyLike(keyType string) keyMaker {
	if keyType == "p256" {
		return newECDSA(elliptic.P256())
	}

	return newEd25519
}

// request makes the PEM of a CSR, with a new key, when it is called.
func request(template *stdx509.CertificateRequest, newKey keyMaker) func() ([]byte, error) {
	return func() ([]byte, error) {
		key, err := newKey()
		if err != nil {
			return nil, err
		}

		der, err := stdx509.CreateCertificateRequest(rand.Reader, template, key)
		if err != nil {
			return nil, err
		}

		return pem.EncodeToMemory(&pem.Block{Type: x509.PEMTypeCertificateRequest, Bytes: der}), nil
	}
}

func workerCSR(ca *x509.CertificateAuthority) func() ([]byte, error) {
	return func() ([]byte, error) {
		csr, _, err := workerRequest([]*stdx509.Certificate{ca.Crt}, workerNames())
		if err != nil {
			return nil, err
		}

		return csr.X509CertificateRequestPEM, nil
	}
}
