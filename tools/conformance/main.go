// Command conformance drives built services with Talos's own client code, and compares csr-signer's answers with trustd's.
//
//	conformance test --node NODE --bundle MAIN.JS --cli MAIN.JS [--talosctl F] [--only TEXT]
//	                                                              the conformance tests, or those of talosctl; the last line counts
//	conformance get-certificate --addr HOST:PORT --token-file F --ca CA.PEM
//	                                                              asks as a worker does and checks what comes back
//	conformance make-cluster --dir DIR [--key-type TYPE]          writes a new Talos CA and a token
//	conformance kms-node                                          seals and unseals as a node does, as its input orders
//	conformance verify-certs                                      filter: is it a certificate a Talos worker may have?
//	conformance parse-csrs                                        filter: does Go read and verify this request?
//	conformance patch machineconfig …                             stands in for talosctl, for the workers of a test
//
// Filters answer one line per line: "OK", or "BAD" and why. They flush when their input pauses.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	commands := map[string]func(context.Context, []string) error{
		"test":            runTests,
		"get-certificate": getCertificate,
		"make-cluster":    makeCluster,
		"kms-node":        kmsNode,
		"verify-certs":    verifyCertificates,
		"parse-csrs":      parseRequests,
		"patch":           patchWorker,
	}

	name, args := "", []string{}
	if len(os.Args) > 1 {
		name, args = os.Args[1], os.Args[2:]
	}

	command, known := commands[name]
	if !known {
		fmt.Fprintln(os.Stderr, "usage: conformance test | get-certificate | make-cluster | kms-node | verify-certs | parse-csrs")
		os.Exit(2)
	}

	if err := command(ctx, args); err != nil {
		fmt.Fprintf(os.Stderr, "conformance: %v\n", err)
		os.Exit(1)
	}
}
