package main

import (
	"bufio"
	"context"
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// verifyCertificates reads lines of "CA LEAF [TIME]": base64 of DER, and seconds since 1970 to verify at (now, if
// left out). OK means: Go parses both, the leaf chains to the CA, and may serve TLS and do nothing else.
func verifyCertificates(context.Context, []string) error {
	return filterLines(os.Stdin, os.Stdout, func(line string) error {
		fields := strings.Fields(line)
		if len(fields) != 2 && len(fields) != 3 {
			return errors.New("line is not CA LEAF [TIME]")
		}

		at := time.Now()

		if len(fields) == 3 {
			seconds, err := strconv.ParseInt(fields[2], 10, 64)
			if err != nil {
				return errors.New("time is not a number of seconds")
			}

			at = time.Unix(seconds, 0)
		}

		ca, err := parseBase64(fields[0])
		if err != nil {
			return fmt.Errorf("ca: %w", err)
		}

		leaf, err := parseBase64(fields[1])
		if err != nil {
			return fmt.Errorf("leaf: %w", err)
		}

		return mayServeOnly(ca, leaf, at)
	})
}

func parseBase64(text string) (*stdx509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}

	return stdx509.ParseCertificate(der)
}

// mayServeOnly fails unless a leaf is one that trustd could have issued from the CA.
func mayServeOnly(ca, leaf *stdx509.Certificate, at time.Time) error {
	switch {
	case leaf.Version != 3:
		return fmt.Errorf("version %d", leaf.Version)
	case leaf.IsCA || leaf.BasicConstraintsValid:
		return errors.New("basic constraints in a leaf")
	case leaf.KeyUsage != stdx509.KeyUsageDigitalSignature:
		return fmt.Errorf("key usage %b", leaf.KeyUsage)
	case len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != stdx509.ExtKeyUsageServerAuth || len(leaf.UnknownExtKeyUsage) != 0:
		return errors.New("extended key usage is not serverAuth alone")
	case len(leaf.Subject.Organization) != 0 || len(leaf.Subject.OrganizationalUnit) != 0:
		return errors.New("organization in the subject")
	}

	_, err := leaf.Verify(stdx509.VerifyOptions{
		Roots:       pool(ca),
		CurrentTime: at,
		KeyUsages:   []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth},
	})

	return err
}

// parseRequests reads base64 of PEM, a line each. OK means: Go reads the first block as a CSR and its signature is good.
func parseRequests(context.Context, []string) error {
	return filterLines(os.Stdin, os.Stdout, func(line string) error {
		text, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return err
		}

		block, _ := pem.Decode(text)
		if block == nil {
			return errors.New("no PEM block")
		}

		request, err := stdx509.ParseCertificateRequest(block.Bytes)
		if err != nil {
			return err
		}

		return request.CheckSignature()
	})
}

// filterLines answers each line, and flushes whenever no more input is at hand: a test may ask line by line.
func filterLines(in io.Reader, out io.Writer, judge func(string) error) error {
	reader := bufio.NewReaderSize(in, 1<<16)
	writer := bufio.NewWriter(out)

	for {
		line, err := reader.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return errors.Join(writer.Flush(), ignoreEOF(err))
		}

		verdict := "OK"
		if fault := judge(strings.TrimSpace(line)); fault != nil {
			verdict = "BAD " + strconv.QuoteToGraphic(fault.Error())
		}

		if _, err := fmt.Fprintln(writer, verdict); err != nil {
			return err
		}

		if reader.Buffered() == 0 {
			if err := writer.Flush(); err != nil {
				return err
			}
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}

	return err
}
