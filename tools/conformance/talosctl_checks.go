package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// talosctlChecks let the real talosctl do to workers what `talos-bridge ca rotate` has it do.
func talosctlChecks() []check {
	rotate := func(name, from, to string, run runs) check {
		return check{"talosctl/" + name, func(ctx context.Context, program program) error {
			return rotateWithCommand(ctx, program, from, to, run)
		}}
	}

	sick := func(fault fault, says string) check {
		return rotate("a node that "+string(fault)+" is told of and waited for", "ed25519", "p256", sickOnce(fault, says))
	}

	return []check{
		rotate("ca rotate --apply, ed25519 to p256", "ed25519", "p256", runToEnd),
		rotate("ca rotate --apply, p256 to ed25519", "p256", "ed25519", runToEnd),
		rotate("killed again and again, and resumed", "ed25519", "p256", runAndKill),
		rotate("by hand as the guide says, each time the nodes before the signer", "ed25519", "p256", runByHand),
		sick(unwilling, "talosctl ended with status 1: PermissionDenied"),
		sick(stranger, "it takes the node's address for another node's"),
		sick(choosy, "talosctl ended with status 1: InvalidArgument"),
		sick(down, "talosctl ended with status 1: Unavailable"),
		sick(stuck, ""),
	}
}

// sickOnce runs the rotation while one worker has a fault: it waits for that one alone, says why, and goes on from there.
func sickOnce(fault fault, says string) runs {
	return func(ctx context.Context, r *rotation, args ...string) error {
		if args[0] == "start" {
			if err := r.waitInVain(ctx, fault, says, args); err != nil {
				return fmt.Errorf("while a node %s: %w", fault, err)
			}
		}

		return runToEnd(ctx, r, args...)
	}
}

// How talos-bridge ends when it is interrupted, and when the time of --timeout is over.
const (
	exitInterrupted = 130
	exitTimeout     = 124
)

func (r *rotation) waitInVain(ctx context.Context, fault fault, says string, args []string) error {
	sick := r.workers[1]
	sick.api.setFault(fault)

	if fault == down {
		sick.api.stop()
	}

	cmd, output := r.command(ctx, append(r.applying(args), "--timeout", "6s")...)
	if err := cmd.Start(); err != nil {
		return err
	}

	wanted := exitTimeout
	if says != "" {
		wanted = exitInterrupted

		for deadline := time.Now().Add(6 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			if strings.Contains(output.String(), says) {
				break
			}
		}

		cmd.Process.Signal(os.Interrupt)
	}

	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != wanted || !strings.Contains(output.String(), says) {
		return fmt.Errorf("ended with %v, not %d and %q\n%s", err, wanted, says, output.String())
	}

	if err := r.leak(output.String()); err != nil {
		return err
	}

	if err := errors.Join(r.judgeState(), r.strays()); err != nil {
		return err
	}

	sick.api.setFault(none)

	if fault == down {
		listener, err := net.Listen("tcp", sick.addr())
		if err != nil {
			return err
		}

		sick.api.serve(listener)
	}

	return nil
}

// judgeState: in the first stage, the one worker is patched, and the other was tried.
func (r *rotation) judgeState() error {
	text, err := os.ReadFile(filepath.Join(r.dir, "rotation", "rotation.json"))
	if err != nil {
		return err
	}

	type patch struct {
		Node, By string
		Done     bool
	}

	var state struct {
		Stage   string
		Patched []patch
	}

	if err := json.Unmarshal(text, &state); err != nil {
		return err
	}

	if state.Stage != "accept" || len(state.Patched) != 2 {
		return fmt.Errorf("the state is of stage %s, with %d patches", state.Stage, len(state.Patched))
	}

	for i, w := range r.workers {
		if want := (patch{w.addr(), "talosctl", i == 0}); !slices.Contains(state.Patched, want) {
			return fmt.Errorf("the state has %+v, not %+v", state.Patched, want)
		}
	}

	return nil
}

// strays are programs that run on behalf of the rotation after the command has ended.
func (r *rotation) strays() error {
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}

	for _, process := range processes {
		if line, err := os.ReadFile(process); err == nil && bytes.Contains(line, []byte(filepath.Join(r.dir, "rotation"))) {
			return fmt.Errorf("still running: %s", strings.ReplaceAll(string(line), "\x00", " "))
		}
	}

	return nil
}

// patchWithTalosctl patches the workers as docs/guides/rotation.md says.
func (r *rotation) patchWithTalosctl(ctx context.Context, folder string) error {
	for _, w := range r.workers {
		cmd := exec.CommandContext(ctx, r.program.talosctl, "--talosconfig", filepath.Join(folder, "talosconfig"),
			"-e", w.addr(), "-n", w.api.host, "patch", "machineconfig",
			"--mode", "no-reboot", "--patch", "@"+filepath.Join(folder, "node-patch.yaml"))
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("talosctl: %w\n%s", err, output)
		}
	}

	return nil
}

// judgeTaken compares the configs that talosctl brought with the first one: machine.ca and acceptedCAs went through the three
// stages, and nothing else was touched.
func (w *worker) judgeTaken(next, old *x509.CertificateAuthority) error {
	if len(w.api.taken) == 0 {
		return nil
	}

	certificate := func(ca *x509.CertificateAuthority) *x509.PEMEncodedCertificate {
		return &x509.PEMEncodedCertificate{Crt: ca.CrtPEM}
	}

	var wanted [][]byte

	for _, stage := range []struct {
		ca       *x509.CertificateAuthority
		accepted []*x509.PEMEncodedCertificate
	}{
		{old, []*x509.PEMEncodedCertificate{certificate(next)}},
		{next, []*x509.PEMEncodedCertificate{certificate(old)}},
		{next, nil},
	} {
		config, err := written(w.first, func(config *v1alpha1.Config) error {
			config.MachineConfig.MachineCA = &x509.PEMEncodedCertificateAndKey{Crt: stage.ca.CrtPEM}
			config.MachineConfig.MachineAcceptedCAs = stage.accepted

			return nil
		})
		if err != nil {
			return err
		}

		wanted = append(wanted, config)
	}

	var taken [][]byte

	for _, each := range w.api.taken {
		config, err := written(each, func(*v1alpha1.Config) error { return nil })
		if err != nil {
			return err
		}

		taken = append(taken, config)
	}

	// A command that was killed applies a patch again.
	if taken = slices.CompactFunc(taken, bytes.Equal); !slices.EqualFunc(taken, wanted, bytes.Equal) {
		return fmt.Errorf("talosctl brought\n%s\nnot\n%s", bytes.Join(taken, []byte("\n\n")), bytes.Join(wanted, []byte("\n\n")))
	}

	return nil
}

// written is a config as the code of this program writes it, once it was changed.
func written(config []byte, change func(*v1alpha1.Config) error) ([]byte, error) {
	provider, err := configloader.NewFromBytes(config)
	if err != nil {
		return nil, err
	}

	if provider, err = provider.PatchV1Alpha1(change); err != nil {
		return nil, err
	}

	return provider.Bytes()
}
