package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// getCertificate asks a running signer once, as a worker does, and checks the answer.
func getCertificate(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("get-certificate", flag.ContinueOnError)
	addr := flags.String("addr", "", "host:port of the signer")
	token := flags.String("token-file", "", "file that holds the join token")
	ca := flags.String("ca", "", "PEM file of the accepted CAs, the issuing one last")

	if err := flags.Parse(args); err != nil {
		return err
	}

	if *addr == "" || *token == "" || *ca == "" {
		return errors.New("--addr, --token-file and --ca are needed")
	}

	caText, err := os.ReadFile(*ca)
	if err != nil {
		return err
	}

	accepted, err := readCertificates(caText)
	if err != nil {
		return fmt.Errorf("%s: %w", *ca, err)
	}

	tokenText, err := os.ReadFile(*token)
	if err != nil {
		return err
	}

	csr, identity, err := workerRequest(accepted, workerNames())
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()

	got, err := askAsWorker(ctx, *addr, strings.TrimSpace(string(tokenText)), accepted, csr)
	if err != nil {
		return err
	}

	issuing := got.accepted[len(got.accepted)-1]
	if !slices.ContainsFunc(accepted, issuing.Equal) {
		return errors.New("the issuing CA is none of the accepted ones")
	}

	if err := errors.Join(
		mayServeOnly(issuing, got.certificate, time.Now()),
		rangeFaults(issuing, got.certificate, time.Now()),
		serveWith(got, identity, []string{"worker-1", "127.0.0.1"}),
	); err != nil {
		return err
	}

	fmt.Printf("certificate for %v key, serial %x, until %s\n",
		got.certificate.PublicKeyAlgorithm, got.certificate.SerialNumber, got.certificate.NotAfter.Format(time.RFC3339))

	return nil
}
