package main

import (
	"bytes"
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
	securityapi "github.com/siderolabs/talos/pkg/machinery/api/security"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const certificateMethod = "/securityapi.SecurityService/Certificate"

func callChecks(allowed *allowList) []check {
	group := newGroup("calls", "ed25519", nil)

	var checks []check

	for _, row := range callRows() {
		checks = append(checks, group.check(row.name, func(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
			conn, err := dial(s.addr, []*stdx509.Certificate{ca.Crt}, grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(8<<20)))
			if err != nil {
				return err
			}
			defer conn.Close()

			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()

			csr, err := workerCSR(ca)()
			if err != nil {
				return err
			}

			if err := row.call(ctx, conn, csr); codeOf(err) != row.code {
				return fmt.Errorf("answered %v, want %v", err, row.code)
			}

			if row.difference == "" {
				return nil
			}

			return allowed.judge([]string{"code"}, []string{row.difference})
		}))
	}

	checks = append(checks,
		group.check("200 at once over one connection", concurrentCalls),
		group.check("300 new connections, 50 at once", bootStorm),
		group.check("a kept connection serves again after 12 s", keptConnections),
		group.check("TLS 1.2 is served, TLS 1.1 and plain text are not", tlsVersions),
	)

	return append(checks, group.end())
}

type callRow struct {
	name       string
	code       codes.Code
	difference string
	call       func(ctx context.Context, conn *grpc.ClientConn, csr []byte) error
}

func callRows() []callRow {
	certificate := func(tokens ...string) func(context.Context, *grpc.ClientConn, []byte) error {
		return func(ctx context.Context, conn *grpc.ClientConn, csr []byte) error {
			_, err := askOver(ctx, conn, tokens, csr)

			return err
		}
	}
	large := func(token string) func(context.Context, *grpc.ClientConn, []byte) error {
		return func(ctx context.Context, conn *grpc.ClientConn, _ []byte) error {
			_, err := askOver(ctx, conn, []string{token}, bytes.Repeat([]byte("A"), 4<<20))

			return err
		}
	}
	method := func(name string, tokens ...string) func(context.Context, *grpc.ClientConn, []byte) error {
		return func(ctx context.Context, conn *grpc.ClientConn, _ []byte) error {
			return conn.Invoke(withTokens(ctx, tokens), name, &emptypb.Empty{}, &emptypb.Empty{})
		}
	}
	health := func(service string) func(context.Context, *grpc.ClientConn, []byte) error {
		return func(ctx context.Context, conn *grpc.ClientConn, _ []byte) error {
			response, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
			if err == nil && response.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
				return fmt.Errorf("health is %v", response.GetStatus())
			}

			return err
		}
	}

	return []callRow{
		{"good token", codes.OK, "", certificate(joinToken)},
		{"no token", codes.Unauthenticated, "", certificate()},
		{"empty token", codes.Unauthenticated, "", certificate("")},
		{"wrong token", codes.Unauthenticated, "", certificate("wrong")},
		{"wrong token of the same length", codes.Unauthenticated, "", certificate("abcdef.0123456789abcdeg")},
		{"token with more behind it", codes.Unauthenticated, "", certificate(joinToken + "0")},
		{"good token, then another", codes.Unauthenticated, "two-tokens", certificate(joinToken, "wrong")},
		{"good token twice", codes.Unauthenticated, "two-tokens", certificate(joinToken, joinToken)},
		{"4 MiB with a good token", codes.ResourceExhausted, "size-limits", large(joinToken)},
		{"4 MiB with a wrong token", codes.Unauthenticated, "", large("wrong")},
		{"ReadFile of older Talos", codes.Unimplemented, "", method("/securityapi.SecurityService/ReadFile", joinToken)},
		{"an unknown service", codes.Unimplemented, "", method("/machine.MachineService/Reset", joinToken)},
		{"an unknown service without a token", codes.Unimplemented, "", method("/machine.MachineService/Reset")},
		{"health", codes.OK, "health", health("")},
		{"health of the service", codes.OK, "health", health("securityapi.SecurityService")},
		{"health of an unknown service", codes.NotFound, "", health("nothing.Here")},
		{"health watch", codes.Unimplemented, "", func(ctx context.Context, conn *grpc.ClientConn, _ []byte) error {
			stream, err := grpc_health_v1.NewHealthClient(conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
			if err != nil {
				return err
			}

			_, err = stream.Recv()

			return err
		}},
		{"a compressed request", codes.Unimplemented, "", func(ctx context.Context, conn *grpc.ClientConn, csr []byte) error {
			_, err := securityapi.NewSecurityServiceClient(conn).Certificate(
				withTokens(ctx, []string{joinToken}), &securityapi.CertificateRequest{Csr: csr}, grpc.UseCompressor(gzip.Name))

			return err
		}},
		{"two messages", codes.Unimplemented, "", func(ctx context.Context, conn *grpc.ClientConn, csr []byte) error {
			description := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}

			stream, err := conn.NewStream(withTokens(ctx, []string{joinToken}), description, certificateMethod)
			if err != nil {
				return err
			}

			// Sending may fail already: the answer tells why.
			for range 2 {
				if stream.SendMsg(&securityapi.CertificateRequest{Csr: csr}) != nil {
					break
				}
			}

			stream.CloseSend()

			return stream.RecvMsg(&securityapi.CertificateResponse{})
		}},
	}
}

func concurrentCalls(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
	accepted := []*stdx509.Certificate{ca.Crt}

	conn, err := dial(s.addr, accepted, grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}))
	if err != nil {
		return err
	}
	defer conn.Close()

	csr, err := workerCSR(ca)()
	if err != nil {
		return err
	}

	return distinctSerials(200, 200, func() (answer, error) { return askOver(ctx, conn, []string{joinToken}, csr) })
}

func bootStorm(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
	csr, err := workerCSR(ca)()
	if err != nil {
		return err
	}

	return distinctSerials(300, 50, func() (answer, error) {
		return ask(ctx, s.addr, joinToken, []*stdx509.Certificate{ca.Crt}, csr)
	})
}

// distinctSerials calls n times, some at once; each answer must be good and each serial its own.
func distinctSerials(n, atOnce int, call func() (answer, error)) error {
	var (
		mu      sync.Mutex
		wait    sync.WaitGroup
		faults  []error
		serials = map[string]bool{}
		slots   = make(chan struct{}, atOnce)
	)

	for range n {
		slots <- struct{}{}

		wait.Go(func() {
			got, err := call()

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				faults = append(faults, err)
			} else {
				serials[got.certificate.SerialNumber.String()] = true
			}

			<-slots
		})
	}

	wait.Wait()

	if len(faults) > 0 {
		return fmt.Errorf("%d of %d failed, the first with %w", len(faults), n, faults[0])
	}

	if len(serials) != n {
		return fmt.Errorf("%d serials in %d certificates", len(serials), n)
	}

	return nil
}

// keptConnections: a worker's connection stays usable, and a client whose connection the signer closed, since it never
// showed a token, goes on without noticing.
func keptConnections(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
	accepted := []*stdx509.Certificate{ca.Crt}
	alive := grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second, PermitWithoutStream: true})

	worker, err := dial(s.addr, accepted, alive)
	if err != nil {
		return err
	}
	defer worker.Close()

	probe, err := dial(s.addr, accepted, alive)
	if err != nil {
		return err
	}
	defer probe.Close()

	csr, err := workerCSR(ca)()
	if err != nil {
		return err
	}

	var from [2]peer.Peer

	for round := range 2 {
		if round == 1 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(12 * time.Second):
			}
		}

		_, err := securityapi.NewSecurityServiceClient(worker).Certificate(
			withTokens(ctx, []string{joinToken}), &securityapi.CertificateRequest{Csr: csr}, grpc.Peer(&from[round]))
		if err != nil {
			return fmt.Errorf("worker, round %d: %w", round+1, err)
		}

		if _, err := grpc_health_v1.NewHealthClient(probe).Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
			return fmt.Errorf("health probe, round %d: %w", round+1, err)
		}
	}

	if from[0].LocalAddr.String() != from[1].LocalAddr.String() {
		return errors.New("the worker's connection was not kept")
	}

	return nil
}

func tlsVersions(ctx context.Context, s *signer, ca *x509.CertificateAuthority) error {
	for _, row := range []struct {
		name  string
		creds credentials.TransportCredentials
		want  codes.Code
	}{
		{"TLS 1.2", credentials.NewTLS(&tls.Config{RootCAs: pool(ca.Crt), MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}), codes.OK},
		{"TLS 1.1", credentials.NewTLS(&tls.Config{RootCAs: pool(ca.Crt), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), codes.Unavailable},
		{"plain text", insecure.NewCredentials(), codes.Unavailable},
	} {
		conn, err := grpc.NewClient("passthrough:///"+s.addr, grpc.WithTransportCredentials(row.creds))
		if err != nil {
			return err
		}

		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})

		cancel()
		conn.Close()

		if status.Code(err) != row.want {
			return fmt.Errorf("%s: %v, want %v", row.name, err, row.want)
		}
	}

	return nil
}
