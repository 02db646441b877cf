package main

import (
	"context"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/siderolabs/crypto/x509"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

func faultChecks() []check {
	return []check{
		{"faults/SIGTERM under load loses no accepted call", terminateUnderLoad},
		{"faults/SIGTERM in a storm of new connections loses no accepted call", terminateInStorm},
		{"faults/files swapped under load lose no call and serve within 2 s", swapUnderLoad},
	}
}

// A load is many callers that go on until it is stopped.
type load struct {
	wait    sync.WaitGroup
	stopped chan struct{}
	mu      sync.Mutex
	calls   []madeCall
}

type madeCall struct {
	start, end time.Time
	err        error
}

// startLoad runs callers; `next` gives each its own way to call and to clean up.
func startLoad(callers int, next func() (call func() error, done func(), err error)) (*load, error) {
	l := &load{stopped: make(chan struct{})}

	for range callers {
		call, done, err := next()
		if err != nil {
			close(l.stopped)

			return nil, err
		}

		l.wait.Go(func() {
			defer done()

			for {
				select {
				case <-l.stopped:
					return
				default:
				}

				start := time.Now()
				err := call()

				l.mu.Lock()
				l.calls = append(l.calls, madeCall{start, time.Now(), err})
				l.mu.Unlock()

				if err != nil {
					time.Sleep(200 * time.Millisecond)
				}
			}
		})
	}

	return l, nil
}

func (l *load) stop() []madeCall {
	close(l.stopped)
	l.wait.Wait()

	return l.calls
}

// terminateUnderLoad keeps 120 calls in flight over kept connections, more than are worked on at once.
func terminateUnderLoad(ctx context.Context, program program) error {
	var conns []*grpc.ClientConn

	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()

	made := 0

	// Fewer than 20 in flight at the signal, and the check would not have met what it is about.
	return terminate(ctx, program, 120, 20, func(addr string, accepted []*stdx509.Certificate, csr []byte) (func() error, error) {
		if made%20 == 0 {
			conn, err := dial(addr, accepted)
			if err != nil {
				return nil, err
			}

			conns = append(conns, conn)
		}

		made++
		conn := conns[len(conns)-1]

		return func() error { _, err := askOver(ctx, conn, []string{joinToken}, csr); return err }, nil
	})
}

// terminateInStorm makes a connection for each call, as workers do.
func terminateInStorm(ctx context.Context, program program) error {
	return terminate(ctx, program, 20, 1, func(addr string, accepted []*stdx509.Certificate, csr []byte) (func() error, error) {
		return func() error { _, err := ask(ctx, addr, joinToken, accepted, csr); return err }, nil
	})
}

type callerMaker func(addr string, accepted []*stdx509.Certificate, csr []byte) (func() error, error)

// terminate stops the signer in the midst of calls. Those may fail that nobody can have taken: their connection was refused,
// or ended before the TLS handshake did, so that no byte of a call was sent. The kernel resets what waits to be accepted
// when a port closes.
func terminate(ctx context.Context, program program, callers, leastInFlight int, newCaller callerMaker) error {
	// Signing with RSA takes longest, so that many calls wait when the signal comes.
	ca, err := pooledAuthority("rsa4096")
	if err != nil {
		return err
	}

	csr, err := request(plain(), newEd25519)()
	if err != nil {
		return err
	}

	s, err := startSigner(ctx, program, ca, nil)
	if err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)

	running, err := startLoad(callers, func() (func() error, func(), error) {
		call, err := newCaller(s.addr, []*stdx509.Certificate{ca.Crt}, csr)

		return call, func() {}, err
	})
	if err != nil {
		return errors.Join(err, s.stop())
	}

	time.Sleep(1500 * time.Millisecond)

	signalled := time.Now()
	s.cmd.Process.Signal(syscall.SIGTERM)

	ended := s.waitExit(15 * time.Second)
	took := time.Since(signalled)

	calls := running.stop()
	if ended != nil {
		return ended
	}

	var served, finished, refused, reset int

	for _, call := range calls {
		switch {
		case call.err == nil:
			served++

			if call.start.Before(signalled) && call.end.After(signalled) {
				finished++
			}
		case (failedWith(call.err, "connection refused") || failedWith(call.err, "connect: connection reset by peer")) && call.end.After(signalled):
			refused++
		case failedWith(call.err, "handshake failed") && call.end.After(signalled):
			reset++
		default:
			return fmt.Errorf("lost: a call begun %v before the signal: %w", signalled.Sub(call.start), call.err)
		}
	}

	fmt.Printf("      %d calls served, %d of them in flight at the signal; then %d met a closed port, %d one that closed in the TLS handshake; ended after %.2f s\n",
		served, finished, refused, reset, took.Seconds())

	if finished < leastInFlight {
		return fmt.Errorf("only %d calls were in flight at the signal", finished)
	}

	return s.secretsInLog()
}

func failedWith(err error, text string) bool {
	return codeOf(err) == codes.Unavailable && strings.Contains(err.Error(), text)
}

// material is one generation of everything the signer reads.
type material struct {
	files map[string][]byte
	leaf  *stdx509.Certificate
}

const (
	oldToken = joinToken
	newToken = "fedcba.9876543210fedcba"
)

func swapUnderLoad(ctx context.Context, program program) error {
	old, err := pooledAuthority("ed25519")
	if err != nil {
		return err
	}

	next, err := pooledAuthority("p256")
	if err != nil {
		return err
	}

	volume, err := os.MkdirTemp("", "talos-bridge-volume-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(volume)

	first, err := newMaterial(old, next, oldToken)
	if err != nil {
		return err
	}

	if err := swapVolume(volume, 0, first.files); err != nil {
		return err
	}

	path := func(file string) string { return filepath.Join(volume, file) }

	return withSigner(ctx, program, old, map[string]string{
		"CA_CERT_PATH": path("ca.crt"), "CA_KEY_PATH": path("ca.key"), "TLS_CERT_PATH": path("tls.crt"), "TLS_KEY_PATH": path("tls.key"),
		"ACCEPTED_CAS_PATH": path("accepted.crt"), "TALOS_TOKEN": "", "TALOS_TOKEN_FILE": path("token"),
	}, func(s *signer) error {
		return swapRounds(ctx, s, volume, old, next)
	})
}

func swapRounds(ctx context.Context, s *signer, volume string, old, next *x509.CertificateAuthority) error {
	accepted := []*stdx509.Certificate{old.Crt, next.Crt}

	csr, err := request(plain(), newEd25519)()
	if err != nil {
		return err
	}

	made := 0
	running, err := startLoad(12, func() (func() error, func(), error) {
		made++
		if made%3 == 0 {
			return func() error { _, err := ask(ctx, s.addr, oldToken, accepted, csr); return err }, func() {}, nil
		}

		conn, err := dial(s.addr, accepted)
		if err != nil {
			return nil, nil, err
		}

		return func() error { _, err := askOver(ctx, conn, []string{oldToken}, csr); return err }, func() { conn.Close() }, nil
	})
	if err != nil {
		return err
	}

	var (
		slowest time.Duration
		fault   error
	)

	cas := []*x509.CertificateAuthority{old, next}
	for round := 1; round <= 4 && fault == nil; round++ {
		var took time.Duration

		took, fault = swapRound(ctx, s, volume, round, cas[round%2], cas[1-round%2], csr)
		slowest = max(slowest, took)
	}

	calls := running.stop()
	for _, call := range calls {
		if call.err != nil {
			return errors.Join(fault, fmt.Errorf("a call failed: %w", call.err))
		}
	}

	if fault != nil {
		return fault
	}

	fmt.Printf("      %d calls, none failed; 4 swaps, the slowest served after %.2f s\n", len(calls), slowest.Seconds())

	return oldTokenEnds(ctx, s, volume, old, next, csr)
}

// swapRound changes everything in one step and waits until all of it is served.
func swapRound(ctx context.Context, s *signer, volume string, round int, issuing, other *x509.CertificateAuthority, csr []byte) (time.Duration, error) {
	generation, err := newMaterial(issuing, other, oldToken, newToken)
	if err != nil {
		return 0, err
	}

	if err := swapVolume(volume, round, generation.files); err != nil {
		return 0, err
	}

	return within2s(func() error {
		leaf, err := servedLeaf(s.addr, pool(issuing.Crt))
		if err != nil {
			return err
		}

		if !leaf.Equal(generation.leaf) {
			return errors.New("the old serving certificate is served")
		}

		got, err := ask(ctx, s.addr, newToken, []*stdx509.Certificate{issuing.Crt}, csr)
		if err != nil {
			return err
		}

		if !got.accepted[len(got.accepted)-1].Equal(issuing.Crt) {
			return errors.New("the old CA is returned last")
		}

		return got.certificate.CheckSignatureFrom(issuing.Crt)
	})
}

func oldTokenEnds(ctx context.Context, s *signer, volume string, old, next *x509.CertificateAuthority, csr []byte) error {
	generation, err := newMaterial(next, old, newToken)
	if err != nil {
		return err
	}

	if err := swapVolume(volume, 5, generation.files); err != nil {
		return err
	}

	accepted := []*stdx509.Certificate{old.Crt, next.Crt}

	_, err = within2s(func() error {
		if _, err := ask(ctx, s.addr, oldToken, accepted, csr); codeOf(err) != codes.Unauthenticated {
			return fmt.Errorf("the old token answers %v", codeOf(err))
		}

		_, err := ask(ctx, s.addr, newToken, accepted, csr)

		return err
	})

	return err
}

func within2s(try func() error) (time.Duration, error) {
	start := time.Now()

	for {
		err := try()
		if took := time.Since(start); err == nil || took > 2*time.Second {
			return took, err
		}

		time.Sleep(20 * time.Millisecond)
	}
}

func newMaterial(issuing, other *x509.CertificateAuthority, tokens ...string) (material, error) {
	pair, err := servingPair(issuing, nodeNames{
		commonName: ownName, dns: []string{ownName}, ips: []net.IP{net.IPv4(127, 0, 0, 1).To4(), net.ParseIP(ownAddress).To4()},
	})
	if err != nil {
		return material{}, err
	}

	leaf, err := stdx509.ParseCertificate(pair.Certificate.Certificate[0])
	if err != nil {
		return material{}, err
	}

	return material{map[string][]byte{
		"ca.crt": issuing.CrtPEM, "ca.key": issuing.KeyPEM, "accepted.crt": other.CrtPEM,
		"tls.crt": pair.CrtPEM, "tls.key": pair.KeyPEM, "token": []byte(strings.Join(tokens, "\n") + "\n"),
	}, leaf}, nil
}

// swapVolume writes a generation of files as the kubelet does: a folder of its own, then one rename of the link ..data.
func swapVolume(volume string, generation int, files map[string][]byte) error {
	folder := fmt.Sprintf("..generation_%d", generation)
	if err := os.Mkdir(filepath.Join(volume, folder), 0o755); err != nil {
		return err
	}

	for name, content := range files {
		if err := os.WriteFile(filepath.Join(volume, folder, name), content, 0o644); err != nil {
			return err
		}
	}

	temporary := filepath.Join(volume, "..data_tmp")
	if err := errors.Join(os.Symlink(folder, temporary), os.Rename(temporary, filepath.Join(volume, "..data"))); err != nil {
		return err
	}

	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(volume, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}

	if generation == 0 {
		return nil
	}

	return os.RemoveAll(filepath.Join(volume, fmt.Sprintf("..generation_%d", generation-1)))
}
