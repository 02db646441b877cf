package main

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/client"
	clientconfig "github.com/siderolabs/talos/pkg/machinery/client/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// newTalosconfig makes a client certificate of a bundle's CA and the talosconfig that Talos makes of it.
func newTalosconfig(asked request) (any, error) {
	bundle, err := secrets.LoadBundle(asked.Path)
	if err != nil {
		return nil, err
	}

	roles := make([]role.Role, len(asked.Roles))
	for i, name := range asked.Roles {
		roles[i] = role.Role(name)
	}

	pair, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(roles...))
	if err != nil {
		return nil, err
	}

	return text(clientconfig.NewConfig("demo", []string{"10.5.0.2"}, bundle.Certs.OS.Crt, pair).Bytes())
}

// openTalosconfig builds the TLS configuration of the current context the way the real client does, and says what is in it.
func openTalosconfig(asked request) (any, error) {
	if _, err := os.Stat(asked.Path); err != nil {
		// Open would make the file.
		return nil, err
	}

	opened, err := clientconfig.Open(asked.Path)
	if err != nil {
		return nil, err
	}

	current, found := opened.Contexts[opened.Context]
	if !found {
		return nil, errors.New("no current context")
	}

	pair, err := client.CertificateFromConfigContext(current)
	if err != nil {
		return nil, err
	}

	authority, err := base64.StdEncoding.DecodeString(current.CA)
	if err != nil {
		return nil, err
	}

	pool := stdx509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("no CA")
	}

	settings := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{*pair}}

	leaf, err := stdx509.ParseCertificate(settings.Certificates[0].Certificate[0])
	if err != nil {
		return nil, err
	}

	if _, err := leaf.Verify(stdx509.VerifyOptions{
		Roots:     settings.RootCAs,
		KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth},
	}); err != nil {
		return nil, err
	}

	return map[string]any{
		"context":   opened.Context,
		"endpoints": current.Endpoints,
		"nodes":     current.Nodes,
		"roles":     strings.Join(leaf.Subject.Organization, ","),
	}, nil
}

func mergeTalosconfig(asked request) (any, error) {
	base, err := clientconfig.Open(asked.Path)
	if err != nil {
		return nil, err
	}

	added, err := clientconfig.Open(asked.Other)
	if err != nil {
		return nil, err
	}

	renames := []string{}
	for _, rename := range base.Merge(added) {
		renames = append(renames, fmt.Sprintf("%s=%s", rename.From, rename.To))
	}

	merged, err := base.Bytes()

	return map[string]any{"merged": string(merged), "renames": renames}, err
}
