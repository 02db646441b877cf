package main

import (
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// A worker has a machine config, renews as Talos does (controllers/secrets/root.go, api.go), and serves its API's handshake.
type worker struct {
	signerAddr string
	inbox      string
	// byAnswer: the last answer is its whole trust, instead of its configuration.
	byAnswer bool
	address  string
	api      *machineAPI
	// first is the config that it began with.
	first   []byte
	patches int
	applied bool

	mu      sync.Mutex
	serving *tls.Certificate
	got     answer
}

func startWorker(host, signerAddr, inbox string, bundle *secrets.Bundle, byAnswer bool) (*worker, error) {
	input, err := generate.NewInput("rotation", "https://10.5.0.1:6443", "1.35.0", generate.WithSecretsBundle(bundle))
	if err != nil {
		return nil, err
	}

	provider, err := input.Config(machine.TypeWorker)
	if err != nil {
		return nil, err
	}

	config, err := provider.Bytes()
	if err != nil {
		return nil, err
	}

	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(freePort())))
	if err != nil {
		return nil, err
	}

	w := &worker{signerAddr: signerAddr, inbox: inbox, byAnswer: byAnswer, address: listener.Addr().String(), first: config}
	w.api = &machineAPI{host: host, config: config, identity: w.identity}
	w.api.serve(listener)

	return w, os.MkdirAll(inbox, 0o700)
}

func (w *worker) addr() string { return w.address }

func (w *worker) machine() (*v1alpha1.Config, error) {
	provider, err := configloader.NewFromBytes(w.api.current())
	if err != nil {
		return nil, err
	}

	return provider.RawV1Alpha1(), nil
}

// configured are machine.acceptedCAs and then machine.ca, in the order of Talos's root controller.
func (w *worker) configured() ([]*stdx509.Certificate, error) {
	config, err := w.machine()
	if err != nil {
		return nil, err
	}

	security := config.Machine().Security()
	all := append([]*x509.PEMEncodedCertificate{}, security.AcceptedCAs()...)
	all = append(all, &x509.PEMEncodedCertificate{Crt: security.IssuingCA().Crt})

	var certificates []*stdx509.Certificate

	for _, each := range all {
		certificate, err := each.GetCert()
		if err != nil {
			return nil, err
		}

		certificates = append(certificates, certificate)
	}

	return certificates, nil
}

func (w *worker) trust() []*stdx509.Certificate {
	w.mu.Lock()
	answered := w.got.accepted
	w.mu.Unlock()

	if w.byAnswer && len(answered) > 0 {
		return answered
	}

	configured, err := w.configured()
	if err != nil {
		return nil
	}

	return configured
}

type identityRequest struct {
	csr      *x509.CertificateSigningRequest
	identity *x509.PEMEncodedCertificateAndKey
}

// requestFor makes a new key and a request for it after the last CA that is trusted, as a worker does. RSA keys of 4096 bits
// take seconds: one does for all requests.
func requestFor(trusted []*stdx509.Certificate) (identityRequest, error) {
	if trusted[len(trusted)-1].PublicKeyAlgorithm == stdx509.RSA {
		return rsaRequest()
	}

	csr, identity, err := workerRequest(trusted, workerNames())

	return identityRequest{csr, identity}, err
}

var rsaRequest = sync.OnceValues(func() (identityRequest, error) {
	csr, identity, err := x509.NewRSACSRAndIdentity(x509.IPAddresses(workerNames().ips), x509.DNSNames(workerNames().dns))

	return identityRequest{csr, identity}, err
})

func (w *worker) renew(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()

	trusted := w.trust()
	if len(trusted) == 0 {
		return errors.New("it trusts nobody")
	}

	made, err := requestFor(trusted)
	if err != nil {
		return err
	}

	config, err := w.machine()
	if err != nil {
		return err
	}

	got, err := askAsWorker(ctx, w.signerAddr, config.Machine().Security().Token(), trusted, made.csr)
	if err != nil {
		return err
	}

	pair, err := tls.X509KeyPair(encodeCertificate(got.certificate), made.identity.Key)
	if err != nil {
		return err
	}

	w.mu.Lock()
	defer w.mu.Unlock()

	w.serving, w.got = &pair, got

	return nil
}

// identity is how a worker shakes hands, as apid does: clients are verified with the CAs of the last answer.
func (w *worker) identity() (*tls.Config, error) {
	w.mu.Lock()
	defer w.mu.Unlock()

	if w.serving == nil {
		return nil, errors.New("no certificate yet")
	}

	return &tls.Config{
		Certificates: []tls.Certificate{*w.serving},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool(w.got.accepted...),
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2"},
	}, nil
}

// judge looks at a worker after the rotation: it knows the new CA alone, and so do those who reach it.
func (w *worker) judge(next, old *x509.CertificateAuthority, rotation string) error {
	configured, err := w.configured()
	if err != nil {
		return err
	}

	for name, list := range map[string][]*stdx509.Certificate{"configuration": configured, "last answer": w.got.accepted} {
		if len(list) != 1 || !list[0].Equal(next.Crt) {
			return fmt.Errorf("its %s has %d CAs, not the new one alone", name, len(list))
		}
	}

	if w.patches < 3 {
		return fmt.Errorf("it was patched %d times", w.patches)
	}

	if err := w.judgeTaken(next, old); err != nil {
		return err
	}

	if err := w.got.certificate.CheckSignatureFrom(next.Crt); err != nil {
		return err
	}

	for _, row := range []struct {
		stage string
		ok    bool
	}{{"stage-1-accept", false}, {"stage-2-issue", true}, {"stage-3-forget", true}} {
		err := reachWith(filepath.Join(rotation, row.stage, "talosconfig"), w.addr())
		if (err == nil) != row.ok {
			return fmt.Errorf("with the talosconfig of %s: %v", row.stage, err)
		}
	}

	return nil
}

// reachWith shakes hands as talosctl does with a talosconfig, and waits until the server goes on.
func reachWith(path, endpoint string) error {
	if _, err := os.Stat(path); err != nil {
		return err
	}

	config, err := clientconfig.Open(path)
	if err != nil {
		return err
	}

	context, err := contextOf(config, endpoint)
	if err != nil {
		return err
	}

	var decoded [3][]byte

	for i, text := range []string{context.CA, context.Crt, context.Key} {
		if decoded[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return err
		}
	}

	pair, err := tls.X509KeyPair(decoded[1], decoded[2])
	if err != nil {
		return err
	}

	roots := stdx509.NewCertPool()
	for rest := decoded[0]; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}

		certificate, err := stdx509.ParseCertificate(block.Bytes)
		if err != nil {
			return err
		}

		roots.AddCert(certificate)
	}

	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return err
	}

	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", endpoint, &tls.Config{
		ServerName: host, RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2"},
	})
	if err != nil {
		return err
	}
	defer conn.Close()

	conn.SetDeadline(time.Now().Add(5 * time.Second))
	_, err = conn.Read(make([]byte, 9))

	return err
}

func contextOf(config *clientconfig.Config, endpoint string) (*clientconfig.Context, error) {
	for _, each := range config.Contexts {
		if len(each.Endpoints) == 1 && each.Endpoints[0] == endpoint {
			return each, nil
		}
	}

	return nil, errors.New("no context for " + endpoint)
}
