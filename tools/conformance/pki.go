package main

import (
	"bytes"
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
)

// pkiMaterial is what pki-material.ts prints.
type pkiMaterial struct {
	Now               time.Time
	Authorities       []struct{ Name, Crt, Key, Pkcs8 string }
	Leaves            []struct{ Name, Ca, Crt, Key string }
	Requests          []struct{ Name, Csr, Key string }
	Chains            []pkiChain
	ServiceAccountKey string
}

type pkiChain struct {
	Leaf, Usage, Name, Verdict string
	Roots, Intermediates       []string
}

// pkiChecks hold what the library makes against what siderolabs/crypto makes with the options of Talos's own code, and its
// verdicts on chains against Go's.
func pkiChecks() []check {
	var (
		once     sync.Once
		material pkiMaterial
		err      error
	)

	with := func(name string, body func(*pkiMaterial) error) check {
		return check{"pki/" + name, func(ctx context.Context, program program) error {
			once.Do(func() { material, err = makePkiMaterial(ctx, program) })

			if err != nil {
				return err
			}

			return body(&material)
		}}
	}

	return []check{
		with("authorities are Talos's own, field by field, and their keys load in both formats", checkAuthorities),
		with("leaves are Talos's own, field by field, and verify", checkLeaves),
		with("requests are read, verified and signed as trustd does", checkRequests),
		with("the service account key is RSA of 4096 bits", func(material *pkiMaterial) error {
			key, err := (&x509.PEMEncodedKey{Key: []byte(material.ServiceAccountKey)}).GetRSAKey()
			if err != nil {
				return err
			}

			return rsaBits(key.GetPrivateKeyPEM(), 4096)
		}),
		with("verdicts on random chains are Go's", checkChains),
	}
}

func makePkiMaterial(ctx context.Context, program program) (pkiMaterial, error) {
	script, err := filepath.Abs(filepath.Join(filepath.Dir(program.bundle), "../../../tools/conformance/pki-material.ts"))
	if err != nil {
		return pkiMaterial{}, err
	}

	var complaints bytes.Buffer

	cmd := exec.CommandContext(ctx, program.node, "--conditions=@talos-bridge/source", script)
	cmd.Stderr = &complaints

	output, err := cmd.Output()
	if err != nil {
		return pkiMaterial{}, fmt.Errorf("%w: %s", err, complaints.String())
	}

	var material pkiMaterial

	return material, json.Unmarshal(output, &material)
}

func checkAuthorities(material *pkiMaterial) error {
	// The options of config/generate/secrets/ca.go.
	options := map[string][]x509.Option{
		"talos":                {x509.Organization("talos")},
		"talos ecdsa-p256":     {x509.Organization("talos"), x509.ECDSA(true)},
		"talos rsa-4096":       {x509.Organization("talos"), x509.RSA(true)},
		"etcd":                 {x509.Organization("etcd"), x509.ECDSA(true)},
		"kubernetes":           {x509.Organization("kubernetes"), x509.ECDSA(true)},
		"kubernetesAggregator": {x509.CommonName("front-proxy"), x509.ECDSA(true)},
	}

	if len(material.Authorities) != len(options) {
		return fmt.Errorf("%d authorities", len(material.Authorities))
	}

	for _, authority := range material.Authorities {
		pair := &x509.PEMEncodedCertificateAndKey{Crt: []byte(authority.Crt), Key: []byte(authority.Key)}

		mine, err := x509.NewCertificateAuthorityFromCertificateAndKey(pair)
		if err != nil {
			return fmt.Errorf("%s: %w", authority.Name, err)
		}

		talos, err := x509.NewSelfSignedCertificateAuthority(append(options[authority.Name],
			x509.NotBefore(material.Now), x509.NotAfter(material.Now.Add(87600*time.Hour)))...)
		if err != nil {
			return err
		}

		if err := errors.Join(
			sameFields(mine.Crt, talos.Crt),
			keyOf(mine.Crt, authority.Key, pemLabel(talos.KeyPEM)),
			keyOf(mine.Crt, authority.Pkcs8, "PRIVATE KEY"),
			mine.Crt.CheckSignatureFrom(mine.Crt),
		); err != nil {
			return fmt.Errorf("%s: %w", authority.Name, err)
		}

		if len(mine.Crt.SubjectKeyId) != len(talos.Crt.SubjectKeyId) {
			return fmt.Errorf("%s: key identifier of %d bytes", authority.Name, len(mine.Crt.SubjectKeyId))
		}
	}

	return nil
}

func checkLeaves(material *pkiMaterial) error {
	for _, leaf := range material.Leaves {
		i := slices.IndexFunc(material.Authorities, func(a struct{ Name, Crt, Key, Pkcs8 string }) bool { return a.Name == leaf.Ca })
		authority := material.Authorities[i]

		ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(&x509.PEMEncodedCertificateAndKey{
			Crt: []byte(authority.Crt), Key: []byte(authority.Key),
		})
		if err != nil {
			return err
		}

		mine, err := (&x509.PEMEncodedCertificate{Crt: []byte(leaf.Crt)}).GetCert()
		if err != nil {
			return fmt.Errorf("%s: %w", leaf.Name, err)
		}

		// Not before the CA, so nothing is back-dated here.
		talos, err := x509.NewKeyPair(ca, append(leafOptions(leaf.Name), x509.NotBefore(ca.Crt.NotBefore), x509.NotAfter(mine.NotAfter))...)
		if err != nil {
			return err
		}

		theirs, err := stdx509.ParseCertificate(talos.Certificate.Certificate[0])
		if err != nil {
			return err
		}

		_, verifyErr := mine.Verify(stdx509.VerifyOptions{Roots: pool(ca.Crt), CurrentTime: material.Now.Add(time.Second), KeyUsages: theirs.ExtKeyUsage[:1]})

		if err := errors.Join(
			sameFields(mine, theirs),
			verifyErr,
			keyOf(mine, leaf.Key, pemLabel(talos.KeyPEM)),
		); err != nil {
			return fmt.Errorf("%s: %w", leaf.Name, err)
		}
	}

	return nil
}

// leafOptions are those of internal/pkg/etcd/certs.go, kubernetes_dynamic_certs.go and config/generate/secrets/ca.go.
func leafOptions(name string) []x509.Option {
	var (
		signing = x509.KeyUsage(stdx509.KeyUsageDigitalSignature | stdx509.KeyUsageKeyEncipherment)
		server  = x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth})
		client  = x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth})
		both    = x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth, stdx509.ExtKeyUsageClientAuth})
		names   = []x509.Option{x509.DNSNames([]string{"cp-1", "cp-1.example.org"}), x509.IPAddresses([]net.IP{net.ParseIP("10.5.0.2")})}
		with    = func(more ...x509.Option) []x509.Option { return more }
	)

	switch name {
	case "client":
		return with(x509.KeyUsage(stdx509.KeyUsageDigitalSignature), client, x509.Organization("os:operator", "os:reader"))
	case "etcd-server", "etcd-peer":
		return append(names, signing, both, x509.CommonName("cp-1"))
	case "etcd-client":
		return with(signing, client, x509.CommonName("kube-apiserver"))
	case "kube-apiserver":
		return append(names, signing, server, x509.CommonName("kube-apiserver"), x509.Organization("kube-master"))
	case "apiserver-kubelet-client":
		return with(signing, client, x509.CommonName("apiserver-kubelet-client"), x509.Organization("system:masters"))
	default:
		return with(signing, client, x509.CommonName("front-proxy-client"))
	}
}

func checkRequests(material *pkiMaterial) error {
	ca, err := pooledAuthority("ed25519")
	if err != nil {
		return err
	}

	for _, request := range material.Requests {
		block, _ := pem.Decode([]byte(request.Csr))
		if block == nil || block.Type != x509.PEMTypeCertificateRequest {
			return fmt.Errorf("%s: no request", request.Name)
		}

		csr, err := stdx509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", request.Name, err)
		}

		if err := csr.CheckSignature(); err != nil {
			return fmt.Errorf("%s: %w", request.Name, err)
		}

		if request.Name != "ed25519" {
			continue
		}

		// trustd itself refuses requests whose key has another type than its CA.
		signed, err := x509.NewCertificateFromCSRBytes(ca.CrtPEM, ca.KeyPEM, []byte(request.Csr),
			x509.OverrideSubject(func(subject *pkix.Name) { subject.Organization = nil }))
		if err != nil {
			return err
		}

		if err := keyOf(signed.X509Certificate, request.Key, x509.PEMTypeEd25519Private); err != nil {
			return err
		}
	}

	return nil
}

func checkChains(material *pkiMaterial) error {
	good := 0

	for i, chain := range material.Chains {
		leaf, err := parseBase64(chain.Leaf)
		if err != nil {
			return fmt.Errorf("chain %d: %w", i, err)
		}

		roots, err := poolOfBase64(chain.Roots)
		if err != nil {
			return fmt.Errorf("chain %d: %w", i, err)
		}

		intermediates, err := poolOfBase64(chain.Intermediates)
		if err != nil {
			return fmt.Errorf("chain %d: %w", i, err)
		}

		usage := stdx509.ExtKeyUsageServerAuth
		if chain.Usage == "clientAuth" {
			usage = stdx509.ExtKeyUsageClientAuth
		}

		_, verdict := leaf.Verify(stdx509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: material.Now, DNSName: chain.Name, KeyUsages: []stdx509.ExtKeyUsage{usage},
		})
		if (verdict == nil) != (chain.Verdict == "ok") {
			return fmt.Errorf("chain %d: here %q, Go says %v", i, chain.Verdict, verdict)
		}

		if verdict == nil {
			good++
		}
	}

	// Else the two only agreed on nonsense.
	if good < 200 || len(material.Chains)-good < 200 {
		return fmt.Errorf("%d of %d chains are good", good, len(material.Chains))
	}

	return nil
}

func poolOfBase64(texts []string) (*stdx509.CertPool, error) {
	certificates := make([]*stdx509.Certificate, 0, len(texts))

	for _, text := range texts {
		certificate, err := parseBase64(text)
		if err != nil {
			return nil, err
		}

		certificates = append(certificates, certificate)
	}

	return pool(certificates...), nil
}

// sameFields compares all that Go reads in two certificates but keys, key identifiers, serial numbers and signatures.
func sameFields(mine, talos *stdx509.Certificate) error {
	type fields struct {
		Subject, Issuer  string
		NotBefore, After time.Time
		KeyUsage         stdx509.KeyUsage
		ExtKeyUsage      []stdx509.ExtKeyUsage
		Basic, IsCA      bool
		MaxPathLen       int
		Algorithm        stdx509.SignatureAlgorithm
		KeyAlgorithm     stdx509.PublicKeyAlgorithm
		DNSNames         []string
		IPAddresses      string
		AuthorityKeyID   string
		Extensions       string
		SerialSign       int
	}

	of := func(c *stdx509.Certificate) fields {
		extensions := make([]string, 0, len(c.Extensions))
		for _, extension := range c.Extensions {
			extensions = append(extensions, fmt.Sprintf("%s %t", extension.Id, extension.Critical))
		}

		return fields{
			c.Subject.String(), c.Issuer.String(), c.NotBefore, c.NotAfter, c.KeyUsage, c.ExtKeyUsage, c.BasicConstraintsValid, c.IsCA,
			c.MaxPathLen, c.SignatureAlgorithm, c.PublicKeyAlgorithm, c.DNSNames, fmt.Sprint(c.IPAddresses), fmt.Sprintf("%x", c.AuthorityKeyId),
			strings.Join(extensions, ", "), c.SerialNumber.Sign(),
		}
	}

	if a, b := of(mine), of(talos); !reflect.DeepEqual(a, b) {
		return fmt.Errorf("differs:\nhere  %+v\nTalos %+v", a, b)
	}

	return nil
}

// keyOf fails unless a PEM key under this label loads by Talos's code and belongs to the certificate.
func keyOf(certificate *stdx509.Certificate, keyPEM, label string) error {
	if got := pemLabel([]byte(keyPEM)); got != label {
		return fmt.Errorf("key labelled %q, not %q", got, label)
	}

	key, err := (&x509.PEMEncodedKey{Key: []byte(keyPEM)}).GetKey()
	if err != nil {
		return err
	}

	crt := pem.EncodeToMemory(&pem.Block{Type: x509.PEMTypeCertificate, Bytes: certificate.Raw})
	_, err = tls.X509KeyPair(crt, key.GetPrivateKeyPEM())

	return err
}

func pemLabel(text []byte) string {
	block, _ := pem.Decode(text)
	if block == nil {
		return ""
	}

	return block.Type
}

func rsaBits(keyPEM []byte, bits int) error {
	block, _ := pem.Decode(keyPEM)

	key, err := stdx509.ParsePKCS1PrivateKey(block.Bytes)
	if err == nil && key.N.BitLen() != bits {
		err = fmt.Errorf("%d bits", key.N.BitLen())
	}

	return err
}
