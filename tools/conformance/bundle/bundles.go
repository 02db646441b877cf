package main

import (
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"go.yaml.in/yaml/v4"
)

func newBundle(asked request) (any, error) {
	contract, err := config.ParseContractFromVersion(asked.Contract)
	if err != nil {
		return nil, err
	}

	bundle, err := secrets.NewBundle(secrets.NewFixedClock(time.Now()), contract)
	if err != nil {
		return nil, err
	}

	return text(yaml.Marshal(bundle))
}

func bundleFromPKI(asked request) (any, error) {
	contract, err := config.ParseContractFromVersion(asked.Contract)
	if err != nil {
		return nil, err
	}

	bundle, err := secrets.NewBundleFromKubernetesPKI(asked.Path, asked.Other, contract)
	if err != nil {
		return nil, err
	}

	return text(yaml.Marshal(bundle))
}

func bundleFromConfig(asked request) (any, error) {
	provider, err := configloader.NewFromFile(asked.Path)
	if err != nil {
		return nil, err
	}

	return text(yaml.Marshal(secrets.NewBundleFromConfig(secrets.NewClock(), provider)))
}

func validateBundle(asked request) (any, error) {
	bundle, err := secrets.LoadBundle(asked.Path)
	if err != nil {
		return nil, err
	}

	if err := bundle.Validate(); err != nil {
		return nil, err
	}

	// What Talos itself would write of it.
	return text(yaml.Marshal(bundle))
}

// readToken says how Talos reads the one value of a bundle that is any text.
func readToken(asked request) (any, error) {
	bundle, err := secrets.LoadBundle(asked.Path)
	if err != nil {
		return nil, err
	}

	return bundle.TrustdInfo.Token, nil
}

// describeBundle says all of a bundle that is alike in every bundle: shapes, types, subjects, extensions, validity.
func describeBundle(asked request) (any, error) {
	bundle, err := secrets.LoadBundle(asked.Path)
	if err != nil {
		return nil, err
	}

	described := map[string]any{
		"cluster.id":        shapeOf(bundle.Cluster.ID),
		"cluster.secret":    shapeOf(bundle.Cluster.Secret),
		"bootstraptoken":    shapeOf(bundle.Secrets.BootstrapToken),
		"aescbc":            shapeOf(bundle.Secrets.AESCBCEncryptionSecret),
		"secretbox":         shapeOf(bundle.Secrets.SecretboxEncryptionSecret),
		"trustdinfo.token":  shapeOf(bundle.TrustdInfo.Token),
		"k8sserviceaccount": labelOf(bundle.Certs.K8sServiceAccount.Key),
	}

	for name, pair := range map[string]*x509.PEMEncodedCertificateAndKey{
		"etcd": bundle.Certs.Etcd, "k8s": bundle.Certs.K8s, "k8saggregator": bundle.Certs.K8sAggregator, "os": bundle.Certs.OS,
	} {
		if described[name], err = describePair(pair); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}

	return described, nil
}

func describePair(pair *x509.PEMEncodedCertificateAndKey) (any, error) {
	// Takes the pair as a CA, and checks with it that key and certificate belong together.
	authority, err := x509.NewCertificateAuthorityFromCertificateAndKey(pair)
	if err != nil {
		return nil, err
	}

	keyPair, err := x509.NewKeyPair(authority, x509.Organization("os:admin"), x509.NotAfter(authority.Crt.NotAfter))
	if err != nil {
		return nil, err
	}

	leaf, err := stdx509.ParseCertificate(keyPair.Certificate.Certificate[0])
	if err != nil {
		return nil, err
	}

	if err := leaf.CheckSignatureFrom(authority.Crt); err != nil {
		return nil, err
	}

	crt := authority.Crt
	extensions := []string{}

	for _, extension := range crt.Extensions {
		extensions = append(extensions, fmt.Sprintf("%s critical=%t", extension.Id, extension.Critical))
	}

	slices.Sort(extensions)

	return map[string]any{
		"label":      labelOf(pair.Key),
		"subject":    crt.Subject.String(),
		"issuer":     crt.Issuer.String(),
		"hours":      crt.NotAfter.Sub(crt.NotBefore).Hours(),
		"started":    time.Since(crt.NotBefore).Abs() < 10*time.Minute,
		"signature":  crt.SignatureAlgorithm.String(),
		"public":     crt.PublicKeyAlgorithm.String(),
		"version":    crt.Version,
		"isCA":       crt.IsCA,
		"maxPathLen": crt.MaxPathLen,
		"keyUsage":   crt.KeyUsage,
		"extUsage":   crt.ExtKeyUsage,
		"extensions": extensions,
		"keyIdBytes": len(crt.SubjectKeyId),
		"dnsNames":   crt.DNSNames,
	}, nil
}

var token = regexp.MustCompile(`^[0-9a-z]{6}\.[0-9a-z]{16}$`)

func shapeOf(value string) string {
	if value == "" {
		return "none"
	}

	if token.MatchString(value) {
		return "token"
	}

	if decoded, err := base64.StdEncoding.DecodeString(value); err == nil {
		return fmt.Sprintf("base64 of %d", len(decoded))
	}

	if decoded, err := base64.URLEncoding.DecodeString(value); err == nil {
		return fmt.Sprintf("base64 of %d", len(decoded))
	}

	return "odd"
}

func labelOf(key []byte) string {
	block, rest := pem.Decode(key)
	if block == nil || len(rest) > 0 {
		return "no single PEM block"
	}

	return block.Type
}

func text(content []byte, err error) (any, error) {
	return string(content), err
}
