package main

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/grpc/gen"
)

// nodeNames are the names that a Talos node asks for.
type nodeNames struct {
	commonName string
	dns        []string
	ips        []net.IP
}

// workerNames are those of an ordinary worker (Talos controllers/secrets/api_cert_sans.go): loopback, all its
// addresses, host name and FQDN; the FQDN is the CN.
func workerNames() nodeNames {
	return nodeNames{
		commonName: "worker-1.cluster.example.test",
		dns:        []string{"localhost", "worker-1", "worker-1.cluster.example.test"},
		ips: []net.IP{
			net.ParseIP("10.5.0.3").To4(), net.ParseIP("127.0.0.1").To4(), net.ParseIP("::1"), net.ParseIP("fd00:5::3"),
		},
	}
}

// workerRequest makes a key of the type of the last accepted CA, and a CSR, by the code that a worker runs
// (Talos controllers/secrets/api.go).
func workerRequest(accepted []*stdx509.Certificate, names nodeNames, more ...x509.Option) (*x509.CertificateSigningRequest, *x509.PEMEncodedCertificateAndKey, error) {
	options := append([]x509.Option{
		x509.IPAddresses(names.ips),
		x509.DNSNames(names.dns),
		x509.CommonName(names.commonName),
	}, more...)

	return x509.NewCSRAndIdentityFromCA(accepted[len(accepted)-1], options...)
}

// askAsWorker sends a CSR through Talos's RemoteGenerator.
func askAsWorker(ctx context.Context, addr, token string, accepted []*stdx509.Certificate, csr *x509.CertificateSigningRequest) (answer, error) {
	encoded := make([]*x509.PEMEncodedCertificate, 0, len(accepted))
	for _, certificate := range accepted {
		encoded = append(encoded, &x509.PEMEncodedCertificate{Crt: encodeCertificate(certificate)})
	}

	generator, err := gen.NewRemoteGenerator(token, []string{addr}, encoded)
	if err != nil {
		return answer{}, err
	}

	defer generator.Close()

	ca, crt, err := generator.IdentityContext(ctx, csr)
	if err != nil {
		return answer{}, err
	}

	return readAnswer(ca, crt)
}

// serveWith proves that a node's API can be served with what was answered: clients that trust the returned CAs reach
// it by each of its names, and nobody can be a client with it.
func serveWith(got answer, identity *x509.PEMEncodedCertificateAndKey, names []string) error {
	pair, err := tls.X509KeyPair(encodeCertificate(got.certificate), identity.Key)
	if err != nil {
		return fmt.Errorf("the certificate is not for the worker's key: %w", err)
	}

	trusted := pool(got.accepted...)

	for _, name := range names {
		client := &tls.Config{RootCAs: trusted, ServerName: name, MinVersion: tls.VersionTLS12}
		if err := handshake(&tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, client); err != nil {
			return fmt.Errorf("serving as %s: %w", name, err)
		}
	}

	server := &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted, MinVersion: tls.VersionTLS12,
	}

	client := &tls.Config{RootCAs: trusted, ServerName: names[0], Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if handshake(server, client) == nil {
		return errors.New("the certificate was accepted from a client")
	}

	return nil
}

// handshake connects both ends until the client's first byte is read. In TLS 1.3 a client is done before the server has
// judged it, so the server's verdict counts.
func handshake(serverConfig, clientConfig *tls.Config) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()

	deadline := time.Now().Add(10 * time.Second)
	served := make(chan error, 1)

	go func() {
		conn, err := listener.Accept()
		if err != nil {
			served <- err

			return
		}
		defer conn.Close()

		conn.SetDeadline(deadline)

		_, err = tls.Server(conn, serverConfig).Read(make([]byte, 1))
		served <- err
	}()

	conn, err := net.DialTimeout("tcp", listener.Addr().String(), 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()

	conn.SetDeadline(deadline)

	if _, err := tls.Client(conn, clientConfig).Write([]byte{1}); err != nil {
		return err
	}

	return <-served
}

func encodeCertificate(certificate *stdx509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: x509.PEMTypeCertificate, Bytes: certificate.Raw})
}
