package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/siderolabs/crypto/x509"
	coreconfig "github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"go.yaml.in/yaml/v4"
)

// caRotateChecks run `talos-bridge ca rotate` against a signer and workers that renew, by Talos's own code, at every step:
// whenever a file of the signer, what the signer has taken, or the configuration of any worker has changed. None may ever fail to.
func caRotateChecks() []check {
	return []check{
		{"ca rotate/ed25519 to p256", func(ctx context.Context, program program) error {
			return rotateWithCommand(ctx, program, "ed25519", "p256", runToEnd)
		}},
		{"ca rotate/rsa4096 to ed25519", func(ctx context.Context, program program) error {
			return rotateWithCommand(ctx, program, "rsa4096", "ed25519", runToEnd)
		}},
		{"ca rotate/killed again and again, and resumed", func(ctx context.Context, program program) error {
			return rotateWithCommand(ctx, program, "ed25519", "p256", runAndKill)
		}},
		{"ca rotate/by hand, each time the nodes before the signer", func(ctx context.Context, program program) error {
			return rotateWithCommand(ctx, program, "ed25519", "p256", runByHand)
		}},
	}
}

// A rotation is one cluster whose CA is replaced.
type rotation struct {
	program program
	keyType string
	// dir holds secrets.yaml, the folder of the rotation and what the stand-in for talosctl leaves for the workers.
	dir     string
	signer  *signer
	log     string
	workers []*worker
	// held are the stages whose files the signer does not get yet.
	held sync.Map
	// secrets are what may never be printed.
	secrets []string
}

func rotateWithCommand(ctx context.Context, program program, from, to string, run runs) error {
	dir, err := os.MkdirTemp("", "talos-bridge-conformance-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	old, err := pooledAuthority(from)
	if err != nil {
		return err
	}

	bundle, err := bundleOf(old)
	if err != nil {
		return err
	}

	text, err := yaml.Marshal(bundle)
	if err != nil {
		return err
	}

	accepted := filepath.Join(dir, "accepted-cas.pem")

	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "secrets.yaml"), text, 0o600),
		os.WriteFile(accepted, old.CrtPEM, 0o600),
	); err != nil {
		return err
	}

	more := map[string]string{"ACCEPTED_CAS_PATH": accepted, "TALOS_TOKEN": bundle.TrustdInfo.Token}

	return withSigner(ctx, program, old, more, func(s *signer) error {
		r := &rotation{
			program: program, keyType: to, dir: dir, signer: s, log: filepath.Join(dir, "signer.log"), secrets: secretsOf(bundle),
		}
		if err := r.startWorkers(ctx, bundle); err != nil {
			return err
		}

		defer r.stopWorkers()

		if err := r.drive(ctx, run); err != nil {
			return fmt.Errorf("%w\n%s", err, r.faults())
		}

		return r.judge(old)
	})
}

// bundleOf is a whole bundle by Talos's own code with this OS CA.
func bundleOf(ca *x509.CertificateAuthority) (*secrets.Bundle, error) {
	bundle, err := pooledBundle()
	if err != nil {
		return nil, err
	}

	certs := *bundle.Certs
	certs.OS = &x509.PEMEncodedCertificateAndKey{Crt: ca.CrtPEM, Key: ca.KeyPEM}
	copied := *bundle
	copied.Certs = &certs

	return &copied, copied.Validate()
}

// secretsOf are pieces of a bundle, as machine configs have them.
func secretsOf(bundle *secrets.Bundle) []string {
	return []string{
		"PRIVATE KEY",
		bundle.TrustdInfo.Token,
		bundle.Cluster.Secret,
		bundle.Secrets.BootstrapToken,
		base64.StdEncoding.EncodeToString(bundle.Certs.OS.Crt),
		base64.StdEncoding.EncodeToString(bundle.Certs.OS.Key),
		base64.StdEncoding.EncodeToString(bundle.Certs.K8s.Crt),
	}
}

// One for all checks: its service account key is RSA of 4096 bits.
var pooledBundle = sync.OnceValues(func() (*secrets.Bundle, error) {
	return secrets.NewBundle(secrets.NewClock(), coreconfig.TalosVersionCurrent)
})

func (r *rotation) startWorkers(ctx context.Context, bundle *secrets.Bundle) error {
	// One takes its trust from its configuration, as Talos has it; the other one keeps to the last answer alone.
	for i, host := range []string{"127.0.0.1", otherLoopback()} {
		w, err := startWorker(host, r.signer.addr, filepath.Join(r.dir, "talosctl"), bundle, i == 1)
		if err != nil {
			return err
		}

		r.workers = append(r.workers, w)
	}

	return r.renewAll(ctx)
}

// otherLoopback is that of IPv6, where there is one.
func otherLoopback() string {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		return "127.0.0.1"
	}

	listener.Close()

	return "::1"
}

func (r *rotation) stopWorkers() {
	for _, w := range r.workers {
		w.api.stop()
	}
}

func (r *rotation) renewAll(ctx context.Context) error {
	var errs []error
	for _, w := range r.workers {
		errs = append(errs, w.renew(ctx))
	}

	return errors.Join(errs...)
}

func (r *rotation) faults() string {
	var text []string
	for _, w := range r.workers {
		text = append(text, fmt.Sprintf("%s trusts %d, %d patches", w.addr(), len(w.trust()), w.patches))
	}

	return strings.Join(text, "\n")
}

// drive runs start and finish while the signer's files are swapped and the workers renew.
func (r *rotation) drive(ctx context.Context, run runs) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	var background sync.WaitGroup

	background.Go(func() {
		if err := r.follow(ctx); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	})

	err := run(ctx, r, "start", "--key-type", r.keyType)
	if err == nil {
		err = run(ctx, r, "finish")
	}

	if cause := context.Cause(ctx); cause != nil {
		err = errors.Join(cause, err)
	}

	cancel(nil)
	background.Wait()

	return err
}

// follow brings the files of the newest stage to the signer, one by one and in any order, and patches to their workers.
func (r *rotation) follow(ctx context.Context) error {
	reloads := 0

	for ctx.Err() == nil {
		log := r.signer.output.String()
		if err := os.WriteFile(r.log, []byte(log), 0o600); err != nil {
			return err
		}

		changed, err := r.deliver()
		if err != nil {
			return err
		}

		// The signer takes its files a moment after they came: a step too.
		if now := strings.Count(log, `"msg":"reloaded`); now != reloads {
			reloads, changed = now, true
		}

		for _, w := range r.workers {
			patched, err := w.takePatch()
			if err != nil {
				return err
			}

			changed = changed || patched
		}

		if changed {
			if err := r.renewAll(ctx); err != nil {
				return fmt.Errorf("a worker lost its trust: %w", err)
			}
		}

		for _, w := range r.workers {
			if err := w.tellApplied(); err != nil {
				return err
			}
		}

		time.Sleep(20 * time.Millisecond)
	}

	return ctx.Err()
}

// deliver replaces one file of the signer that differs from the newest stage's.
func (r *rotation) deliver() (bool, error) {
	stages, err := filepath.Glob(filepath.Join(r.dir, "rotation", "stage-*", "talosconfig"))
	if err != nil || len(stages) == 0 {
		return false, err
	}

	stage := filepath.Dir(slices.Max(stages))
	if _, held := r.held.Load(filepath.Base(stage)); held {
		return false, nil
	}

	folder := filepath.Join(stage, "signer")
	targets := map[string]string{
		"ca.crt":           filepath.Join(r.signer.dir, "ca.crt"),
		"ca.key":           filepath.Join(r.signer.dir, "ca.key"),
		"accepted-cas.pem": filepath.Join(r.dir, "accepted-cas.pem"),
	}

	names := []string{"ca.crt", "ca.key", "accepted-cas.pem"}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })

	for _, name := range names {
		want, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return false, err
		}

		if have, err := os.ReadFile(targets[name]); err == nil && bytes.Equal(want, have) {
			continue
		}

		draft := targets[name] + ".new"

		return true, errors.Join(os.WriteFile(draft, want, 0o600), os.Rename(draft, targets[name]))
	}

	return false, nil
}

// judge looks at what is left when the command says that it is done.
func (r *rotation) judge(old *x509.CertificateAuthority) error {
	bundle, err := secrets.LoadBundle(filepath.Join(r.dir, "rotation", "stage-3-forget", "secrets.yaml"))
	if err != nil {
		return err
	}

	if err := bundle.Validate(); err != nil {
		return err
	}

	if bytes.Equal(bundle.Certs.OS.Crt, old.CrtPEM) {
		return errors.New("the bundle has the old CA still")
	}

	next, err := x509.NewCertificateAuthorityFromCertificateAndKey(bundle.Certs.OS)
	if err != nil {
		return err
	}

	if want := map[string]string{"p256": "ECDSA", "ed25519": "Ed25519"}[r.keyType]; next.Crt.PublicKeyAlgorithm.String() != want {
		return fmt.Errorf("the new CA is %v", next.Crt.PublicKeyAlgorithm)
	}

	for _, w := range r.workers {
		if err := w.judge(next, old, filepath.Join(r.dir, "rotation")); err != nil {
			return fmt.Errorf("%s: %w", w.addr(), err)
		}
	}

	return nil
}
