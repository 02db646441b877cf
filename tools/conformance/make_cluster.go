package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"time"
)

// makeCluster writes a new Talos CA and a join token, under the names that the signer's Secret mounts have.
func makeCluster(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("make-cluster", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder to write tls.crt, tls.key and token to")
	keyType := flags.String("key-type", "ed25519", "ed25519, p256 or rsa4096")

	if err := flags.Parse(args); err != nil {
		return err
	}

	if *dir == "" {
		return errors.New("--dir is needed")
	}

	ca, err := newAuthority(*keyType, time.Now(), authorityLife)
	if err != nil {
		return err
	}

	// 0644 is what the kubelet gives the files of a Secret, so that any user of a container can read them.
	return errors.Join(
		os.WriteFile(filepath.Join(*dir, "tls.crt"), ca.CrtPEM, 0o644),
		os.WriteFile(filepath.Join(*dir, "tls.key"), ca.KeyPEM, 0o644),
		os.WriteFile(filepath.Join(*dir, "token"), []byte(joinToken+"\n"), 0o644),
	)
}
