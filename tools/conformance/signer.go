package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/siderolabs/crypto/x509"
)

const joinToken = "abcdef.0123456789abcdef"

// Names that the signer serves under beside loopback; no worker gets them.
const (
	ownAddress = "192.0.2.10"
	ownName    = "talos-api.example.test"
)

// A signer is a running one, with its files in a folder of its own.
type signer struct {
	addr   string
	dir    string
	cmd    *exec.Cmd
	output *lockedBuffer
	exited chan error
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()

	return b.text.String()
}

// An endedError tells that the signer ended before it was ready.
type endedError struct {
	status int
}

func (e *endedError) Error() string { return fmt.Sprintf("it ended with status %d", e.status) }

// running are the signers still to stop, should a check forget it or be left out.
var running sync.Map

func killRunning() {
	running.Range(func(key, _ any) bool {
		if s, ok := key.(*signer); ok {
			s.kill()
		}

		return true
	})
}

// startSigner starts the signer for a CA and waits until it says it is ready. `more` is laid over its environment.
func startSigner(ctx context.Context, program program, ca *x509.CertificateAuthority, more map[string]string) (*signer, error) {
	dir, err := os.MkdirTemp("", "talos-bridge-conformance-")
	if err != nil {
		return nil, err
	}

	for name, content := range map[string][]byte{"ca.crt": ca.CrtPEM, "ca.key": ca.KeyPEM} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			return nil, err
		}
	}

	port, admin := freePort(), freePort()
	settings := map[string]string{
		"BIND_ADDRESS": "127.0.0.1",
		"PORT":         strconv.Itoa(port),
		"ADMIN_ADDR":   fmt.Sprintf("127.0.0.1:%d", admin),
		"SERVER_IPS":   "127.0.0.1," + ownAddress + "," + ownName,
		"CA_CERT_PATH": filepath.Join(dir, "ca.crt"),
		"CA_KEY_PATH":  filepath.Join(dir, "ca.key"),
		"TALOS_TOKEN":  joinToken,
		"LOG_LEVEL":    "debug",
	}

	environment := []string{"PATH=" + os.Getenv("PATH")}

	for name, value := range more {
		settings[name] = value
	}

	for name, value := range settings {
		if value != "" {
			environment = append(environment, name+"="+value)
		}
	}

	s := &signer{
		addr:   fmt.Sprintf("127.0.0.1:%d", port),
		dir:    dir,
		cmd:    exec.Command(program.node, "--max-old-space-size=48", "--max-semi-space-size=2", "--no-sparkplug", program.bundle),
		output: &lockedBuffer{},
		exited: make(chan error, 1),
	}
	s.cmd.Env = environment
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output

	if err := s.cmd.Start(); err != nil {
		return nil, err
	}

	running.Store(s, nil)

	go func() {
		err := s.cmd.Wait()

		running.Delete(s)
		s.exited <- err
	}()

	if err := s.waitReady(ctx, admin); err != nil {
		s.kill()

		return nil, fmt.Errorf("signer not ready: %w\n%s", err, tail(s.output.String()))
	}

	return s, nil
}

func (s *signer) waitReady(ctx context.Context, admin int) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", admin), nil)
		if err != nil {
			return err
		}

		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()

			if response.StatusCode == http.StatusOK {
				return nil
			}
		}

		select {
		case err := <-s.exited:
			s.exited <- err

			return &endedError{s.cmd.ProcessState.ExitCode()}
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// stop ends the signer as Kubernetes does, and fails unless it ends by itself, with status 0 and no secret in its log.
func (s *signer) stop() error {
	defer os.RemoveAll(s.dir)

	s.cmd.Process.Signal(syscall.SIGTERM)

	if err := s.waitExit(15 * time.Second); err != nil {
		return err
	}

	return s.secretsInLog()
}

func (s *signer) waitExit(limit time.Duration) error {
	select {
	case err := <-s.exited:
		if err != nil {
			return fmt.Errorf("signer ended with %w\n%s", err, tail(s.output.String()))
		}

		return nil
	case <-time.After(limit):
		s.kill()

		return errors.New("signer did not end after SIGTERM")
	}
}

func (s *signer) secretsInLog() error {
	log := s.output.String()
	if strings.Contains(log, joinToken) {
		return errors.New("the token is in the log")
	}

	if strings.Contains(log, "-----BEGIN") || strings.Contains(log, "PRIVATE KEY") {
		return errors.New("PEM is in the log")
	}

	return nil
}

func (s *signer) kill() {
	s.cmd.Process.Kill()
	<-s.exited
	os.RemoveAll(s.dir)
}

// withSigner runs body against a signer; the body's fault comes first, then the signer's own.
func withSigner(ctx context.Context, program program, ca *x509.CertificateAuthority, more map[string]string, body func(*signer) error) error {
	s, err := startSigner(ctx, program, ca, more)
	if err != nil {
		return err
	}

	if err := body(s); err != nil {
		stopped := s.stop()

		return errors.Join(fmt.Errorf("%w\n%s", err, tail(s.output.String())), stopped)
	}

	return s.stop()
}

// freePort gives a port below the ephemeral range, where no client's own port can take it meanwhile.
func freePort() int {
	for {
		port := 20_000 + rand.IntN(12_000)

		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			listener.Close()

			return port
		}
	}
}

func tail(text string) string {
	const lines = 8

	all := strings.Split(strings.TrimSpace(text), "\n")

	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
