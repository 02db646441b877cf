package main

import (
	"context"
	"sync"

	"github.com/siderolabs/crypto/x509"
)

// A group is a row of checks against one signer, which the first of them starts and its end stops.
type group struct {
	name    string
	keyType string
	more    map[string]string
	once    sync.Once
	signer  *signer
	ca      *x509.CertificateAuthority
	err     error
}

func newGroup(name, keyType string, more map[string]string) *group {
	return &group{name: name, keyType: keyType, more: more}
}

func (g *group) check(name string, body func(context.Context, *signer, *x509.CertificateAuthority) error) check {
	return check{g.name + "/" + name, func(ctx context.Context, program program) error {
		g.once.Do(func() {
			if g.ca, g.err = pooledAuthority(g.keyType); g.err == nil {
				g.signer, g.err = startSigner(ctx, program, g.ca, g.more)
			}
		})

		if g.err != nil {
			return g.err
		}

		return body(ctx, g.signer, g.ca)
	}}
}

func (g *group) end() check {
	return check{g.name + "/ends with status 0 and no secret in its log", func(context.Context, program) error {
		if g.err != nil || g.signer == nil {
			return g.err
		}

		return g.signer.stop()
	}}
}
