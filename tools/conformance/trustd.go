package main

import (
	"bytes"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"

	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc/codes"
)

// answerOfTrustd gives what trustd answers to a request that carried a good token: the rules of Talos
// internal/app/trustd/internal/reg/reg.go, which can't be imported, by the library calls made there.
func answerOfTrustd(ca *x509.CertificateAuthority, accepted []*stdx509.Certificate, csr []byte) (answer, codes.Code) {
	block, _ := pem.Decode(csr)
	if block == nil {
		return answer{}, codes.InvalidArgument
	}

	request, err := stdx509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return answer{}, codes.InvalidArgument
	}

	options := []x509.Option{
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature),
		x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth}),
	}
	if len(request.Subject.Organization) != 0 {
		options = append(options, x509.OverrideSubject(func(subject *pkix.Name) { subject.Organization = nil }))
	}

	signed, err := x509.NewCertificateFromCSRBytes(ca.CrtPEM, ca.KeyPEM, csr, options...)
	if err != nil {
		return answer{}, codes.Internal
	}

	var returned bytes.Buffer
	for _, certificate := range accepted {
		returned.Write(encodeCertificate(certificate))
	}

	got, err := readAnswer(returned.Bytes(), signed.X509CertificatePEM)
	if err != nil {
		return answer{}, codes.Internal
	}

	return got, codes.OK
}
