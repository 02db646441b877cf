package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"
	"time"
)

// A check is one row of the closing table.
type check struct {
	name string
	run  func(ctx context.Context, program program) error
}

// A program is the built signer and command line, and what runs them.
type program struct {
	node   string
	bundle string
	cli    string
	// talosctl is the real one; "" = this program stands in for it.
	talosctl string
}

const checkTimeout = 60 * time.Second

func runTests(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	node := flags.String("node", "", "path of the Node binary")
	bundle := flags.String("bundle", "", "path of the signer's main.js")
	cli := flags.String("cli", "", "path of the command line's main.js")
	talosctl := flags.String("talosctl", "", "path of talosctl: run the checks of it alone")
	only := flags.String("only", "", "run the checks whose name holds this text")

	if err := flags.Parse(args); err != nil {
		return err
	}

	if *node == "" || *bundle == "" || *cli == "" {
		return errors.New("--node, --bundle and --cli are needed")
	}

	defer killRunning()

	differences, err := readDifferences()
	if err != nil {
		return err
	}

	checks := append(answerChecks(differences), callChecks(differences)...)
	checks = append(checks, rotationChecks()...)
	checks = append(checks, caRotateChecks()...)
	checks = append(checks, dropInChecks()...)
	checks = append(checks, faultChecks()...)
	checks = append(checks, pkiChecks()...)

	if *talosctl != "" {
		checks = talosctlChecks()
	} else if *only == "" {
		// It judges all the others, so it says nothing about a part of them.
		checks = append(checks, check{"differences/every listed one was seen", func(context.Context, program) error {
			return differences.unseen()
		}})
	}

	passed, failed := 0, 0

	for _, check := range checks {
		if !strings.Contains(check.name, *only) {
			continue
		}

		start := time.Now()
		err := runOne(ctx, check, program{*node, *bundle, *cli, *talosctl})
		seconds := time.Since(start).Seconds()

		if err == nil {
			passed++
			fmt.Printf("ok    %s (%.1f s)\n", check.name, seconds)
		} else {
			failed++
			fmt.Printf("FAIL  %s (%.1f s)\n      %s\n", check.name, seconds, strings.ReplaceAll(err.Error(), "\n", "\n      "))
		}
	}

	fmt.Printf("%d passed, %d failed\n", passed, failed)

	if failed > 0 || passed == 0 {
		return errors.New("not all checks passed")
	}

	return nil
}

func runOne(ctx context.Context, check check, program program) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()

	return check.run(ctx, program)
}
