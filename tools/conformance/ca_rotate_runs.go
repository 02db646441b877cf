package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runs is how the command is run until it ends by itself.
type runs func(ctx context.Context, r *rotation, args ...string) error

func (r *rotation) command(ctx context.Context, args ...string) (*exec.Cmd, *lockedBuffer) {
	nodes := make([]string, 0, len(r.workers))
	for _, w := range r.workers {
		nodes = append(nodes, w.addr())
	}

	all := []string{
		r.program.cli, "ca", "rotate", args[0],
		"--secrets", filepath.Join(r.dir, "secrets.yaml"), "--dir", filepath.Join(r.dir, "rotation"),
		"--nodes", strings.Join(nodes, ","), "--signer", r.signer.addr, "--signer-audit", r.log,
		"--dry-run=false", "--timeout", "50s", "-v",
	}

	cmd := exec.CommandContext(ctx, r.program.node, append(all, args[1:]...)...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"),
		"TALOS_BRIDGE_AUDIT_LOG=" + filepath.Join(r.dir, "audit.log"),
		patchFolderVariable + "=" + filepath.Join(r.dir, "talosctl"),
	}
	output := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = output, output

	return cmd, output
}

// applying names talosctl, or this program, which stands in for it.
func (r *rotation) applying(args []string) []string {
	talosctl := r.program.talosctl
	if talosctl == "" {
		talosctl = os.Args[0]
	}

	return append(slices.Clone(args), "--apply", "--talosctl", talosctl)
}

// leak tells whether a secret was printed.
func (r *rotation) leak(output string) error {
	for _, secret := range r.secrets {
		if strings.Contains(output, secret) {
			return fmt.Errorf("a secret was printed: %.12s…", secret)
		}
	}

	return nil
}

func runToEnd(ctx context.Context, r *rotation, args ...string) error {
	cmd, output := r.command(ctx, r.applying(args)...)
	err := cmd.Run()

	if leak := r.leak(output.String()); leak != nil {
		return leak
	}

	if err != nil {
		return fmt.Errorf("ca rotate %s: %w\n%s", args[0], err, output.String())
	}

	return nil
}

// runAndKill kills the command eight times, wherever it is, and then lets it run.
func runAndKill(ctx context.Context, r *rotation, args ...string) error {
	for range 8 {
		cmd, _ := r.command(ctx, r.applying(args)...)
		if err := cmd.Start(); err != nil {
			return err
		}

		timer := time.AfterFunc(time.Duration(200+rand.IntN(1_000))*time.Millisecond, func() { cmd.Process.Kill() })
		err := cmd.Wait()

		timer.Stop()

		if err == nil {
			return nil
		}
	}

	return runToEnd(ctx, r, args...)
}

// runByHand patches the nodes of a stage as soon as its files are there, and only then lets the signer have its own. What it
// did it says in the next run.
func runByHand(ctx context.Context, r *rotation, args ...string) error {
	stages := map[string][]string{"start": {"accept", "issue"}, "finish": {"forget"}}[args[0]]
	numbers := map[string]string{"accept": "stage-1-accept", "issue": "stage-2-issue", "forget": "stage-3-forget"}

	for _, stage := range stages {
		r.held.Store(numbers[stage], true)
	}

	said := slices.Clone(args)

	for _, stage := range stages {
		cmd, output := r.command(ctx, said...)
		if err := cmd.Start(); err != nil {
			return err
		}

		err := r.patchByHand(ctx, filepath.Join(r.dir, "rotation", numbers[stage]))

		cmd.Process.Kill()
		cmd.Wait()

		if err != nil {
			return fmt.Errorf("%s by hand: %w\n%s", stage, err, output.String())
		}

		r.held.Delete(numbers[stage])

		said = append(said, "--patched", stage+"=all")
	}

	cmd, output := r.command(ctx, said...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ca rotate %s: %w\n%s", args[0], err, output.String())
	}

	return nil
}

func (r *rotation) patchByHand(ctx context.Context, folder string) error {
	if err := waitFor(ctx, filepath.Join(folder, "talosconfig")); err != nil {
		return err
	}

	text, err := os.ReadFile(filepath.Join(folder, "node-patch.yaml"))
	if err != nil {
		return err
	}

	if r.program.talosctl != "" {
		return r.patchWithTalosctl(ctx, folder)
	}

	for _, w := range r.workers {
		if err := w.leavePatch(text); err != nil {
			return err
		}

		if err := waitFor(ctx, w.inboxFile(".applied")); err != nil {
			return err
		}
	}

	return nil
}

func waitFor(ctx context.Context, path string) error {
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not come: %w", filepath.Base(path), context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
