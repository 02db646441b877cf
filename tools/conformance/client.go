package main

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"time"

	securityapi "github.com/siderolabs/talos/pkg/machinery/api/security"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// dial gives a plain grpc-go connection: unlike Talos's client it shows the first error.
func dial(addr string, accepted []*stdx509.Certificate, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	config := &tls.Config{RootCAs: pool(accepted...), MinVersion: tls.VersionTLS12}

	return grpc.NewClient("passthrough:///"+addr, append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))...)
}

// ask sends one CSR over a connection of its own.
func ask(ctx context.Context, addr, token string, accepted []*stdx509.Certificate, csr []byte) (answer, error) {
	conn, err := dial(addr, accepted)
	if err != nil {
		return answer{}, err
	}

	defer conn.Close()

	return askOver(ctx, conn, []string{token}, csr)
}

func askOver(ctx context.Context, conn *grpc.ClientConn, tokens []string, csr []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(withTokens(ctx, tokens), 10*time.Second)
	defer cancel()

	response, err := securityapi.NewSecurityServiceClient(conn).Certificate(ctx, &securityapi.CertificateRequest{Csr: csr})
	if err != nil {
		return answer{}, err
	}

	return readAnswer(response.GetCa(), response.GetCrt())
}

func withTokens(ctx context.Context, tokens []string) context.Context {
	for _, token := range tokens {
		ctx = metadata.AppendToOutgoingContext(ctx, "token", token)
	}

	return ctx
}

// codeOf is Unknown for an error that no server sent.
func codeOf(err error) codes.Code {
	if err == nil {
		return codes.OK
	}

	var sent interface{ GRPCStatus() *status.Status }
	if errors.As(err, &sent) {
		return sent.GRPCStatus().Code()
	}

	return codes.Unknown
}
