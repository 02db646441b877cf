package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/container"
)

// Where the stand-in for talosctl leaves patches.
const patchFolderVariable = "TALOS_BRIDGE_CONFORMANCE_PATCHES"

// patchWorker does as `talosctl patch machineconfig` does towards a worker of a test: it needs a talosconfig that reaches it.
func patchWorker(_ context.Context, args []string) error {
	if len(args) == 0 || args[0] != "machineconfig" {
		return errors.New("only machineconfig can be patched")
	}

	flags := flag.NewFlagSet("patch", flag.ContinueOnError)
	talosconfig := flags.String("talosconfig", "", "")
	endpoints := flags.String("endpoints", "", "")
	nodes := flags.String("nodes", "", "")
	mode := flags.String("mode", "", "")
	patch := flags.String("patch", "", "")

	if err := flags.Parse(args[1:]); err != nil {
		return err
	}

	host, _, err := net.SplitHostPort(*endpoints)
	if err != nil {
		return err
	}

	if *mode != "no-reboot" || *nodes != host || !strings.HasPrefix(*patch, "@") || flags.NArg() != 0 {
		return errors.New("other arguments than were expected")
	}

	if err := reachWith(*talosconfig, *endpoints); err != nil {
		return err
	}

	text, err := os.ReadFile(strings.TrimPrefix(*patch, "@"))
	if err != nil {
		return err
	}

	file := inboxFile(os.Getenv(patchFolderVariable), *endpoints, "")
	if err := leavePatch(file, text); err != nil {
		return err
	}

	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(file + ".applied"); err == nil {
			return nil
		}
	}

	return errors.New("the worker did not take the patch")
}

func (w *worker) inboxFile(end string) string { return inboxFile(w.inbox, w.addr(), end) }

func inboxFile(folder, addr, end string) string {
	return filepath.Join(folder, strings.ReplaceAll(addr, ":", "_")+end)
}

func (w *worker) leavePatch(text []byte) error { return leavePatch(w.inboxFile(""), text) }

// leavePatch leaves a patch for a worker, whole or not at all.
func leavePatch(file string, text []byte) error {
	// Of a run before, that was killed.
	if err := os.Remove(file + ".applied"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}

	draft := fmt.Sprintf("%s.%d", file, os.Getpid())

	return errors.Join(os.WriteFile(draft, text, 0o600), os.Rename(draft, file+".patch"))
}

// takePatch tells whether talosctl patched the worker; else it applies a patch that was left, by the code of talosctl, twice:
// the second time must change nothing.
func (w *worker) takePatch() (bool, error) {
	if w.api.takeChange() {
		w.patches++

		return true, nil
	}

	text, err := os.ReadFile(w.inboxFile(".patch"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}

	once, err := applyPatch(w.api.current(), text)
	if err != nil {
		return false, err
	}

	twice, err := applyPatch(once, text)
	if err != nil {
		return false, err
	}

	if !bytes.Equal(once, twice) {
		return false, errors.New("a patch applied twice is not the same as once")
	}

	// Whatever is in the list already, the patch makes it exact.
	config, err := w.machine()
	if err != nil {
		return false, err
	}

	foreign := append(config.MachineConfig.MachineAcceptedCAs, &x509.PEMEncodedCertificate{Crt: []byte("another")})
	config.MachineConfig.MachineAcceptedCAs = foreign

	documents, err := container.New(config)
	if err != nil {
		return false, err
	}

	other, err := documents.Bytes()
	if err != nil {
		return false, err
	}

	if other, err = applyPatch(other, text); err != nil {
		return false, err
	}

	if bytes.Contains(other, []byte(base64.StdEncoding.EncodeToString([]byte("another")))) {
		return false, errors.New("a patch leaves accepted CAs that it does not name")
	}

	w.api.set(once)
	w.applied = true
	w.patches++

	return true, os.Remove(w.inboxFile(".patch"))
}

func (w *worker) tellApplied() error {
	if !w.applied {
		return nil
	}

	w.applied = false

	return os.WriteFile(w.inboxFile(".applied"), nil, 0o600)
}

func applyPatch(config, patch []byte) ([]byte, error) {
	loaded, err := configpatcher.LoadPatch(patch)
	if err != nil {
		return nil, err
	}

	output, err := configpatcher.Apply(configpatcher.WithBytes(config), []configpatcher.Patch{loaded})
	if err != nil {
		return nil, err
	}

	return output.Bytes()
}
