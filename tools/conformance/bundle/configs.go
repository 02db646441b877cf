package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
)

// worker is what both sides make a config of.
type worker struct {
	ClusterName       string   `json:"clusterName"`
	Endpoint          string   `json:"endpoint"`
	KubernetesVersion string   `json:"kubernetesVersion"`
	CertSANs          []string `json:"certSans"`
	InstallDisk       string   `json:"installDisk"`
	InstallImage      string   `json:"installImage"`
	DNSDomain         string   `json:"dnsDomain"`
	Discovery         bool     `json:"discovery"`
}

func workerConfig(asked request) (any, error) {
	return generated(asked, machine.TypeWorker)
}

func controlPlaneConfig(asked request) (any, error) {
	return generated(asked, machine.TypeControlPlane)
}

func generated(asked request, machineType machine.Type) (any, error) {
	contract, err := config.ParseContractFromVersion(asked.Contract)
	if err != nil {
		return nil, err
	}

	bundle, err := secrets.LoadBundle(asked.Path)
	if err != nil {
		return nil, err
	}

	want := asked.Worker
	options := []generate.Option{
		generate.WithVersionContract(contract),
		generate.WithSecretsBundle(bundle),
		generate.WithAdditionalSubjectAltNames(want.CertSANs),
		generate.WithInstallDisk(want.InstallDisk),
		generate.WithInstallImage(want.InstallImage),
		generate.WithClusterDiscovery(want.Discovery),
	}

	if want.DNSDomain != "" {
		options = append(options, generate.WithDNSDomain(want.DNSDomain))
	}

	input, err := generate.NewInput(want.ClusterName, want.Endpoint, want.KubernetesVersion, options...)
	if err != nil {
		return nil, err
	}

	provider, err := input.Config(machineType)
	if err != nil {
		return nil, err
	}

	comments := encoder.CommentsDisabled
	if asked.Other == "comments" {
		comments = encoder.CommentsAll
	}

	return text(provider.EncodeBytes(encoder.WithComments(comments)))
}

// metal is the mode of a node that installs itself to a disk.
type metal struct{}

func (metal) String() string        { return "metal" }
func (metal) RequiresInstall() bool { return true }
func (metal) InContainer() bool     { return false }

func validateConfig(asked request) (any, error) {
	provider, err := configloader.NewFromFile(asked.Path)
	if err != nil {
		return nil, err
	}

	return nil, validated(provider)
}

func validated(provider config.Provider) error {
	warnings, err := provider.Validate(metal{})
	if err != nil {
		return err
	}

	if len(warnings) > 0 {
		return fmt.Errorf("warnings: %s", strings.Join(warnings, "; "))
	}

	return nil
}

// applyPatch puts the patch of "other" onto the config of "path", as talosctl does, and says which KMS endpoints come out.
func applyPatch(asked request) (any, error) {
	base, err := os.ReadFile(asked.Path)
	if err != nil {
		return nil, err
	}

	content, err := os.ReadFile(asked.Other)
	if err != nil {
		return nil, err
	}

	patch, err := configpatcher.LoadPatch(content)
	if err != nil {
		return nil, err
	}

	output, err := configpatcher.Apply(configpatcher.WithBytes(base), []configpatcher.Patch{patch})
	if err != nil {
		return nil, err
	}

	provider, err := output.Config()
	if err != nil {
		return nil, err
	}

	if err := validated(provider); err != nil {
		return nil, err
	}

	endpoints := map[string]string{}

	for _, label := range []string{"STATE", "EPHEMERAL"} {
		if encryption := provider.Machine().SystemDiskEncryption().Get(label); encryption != nil {
			for _, key := range encryption.Keys() {
				if kms := key.KMS(); kms != nil {
					endpoints[fmt.Sprintf("%s %d", label, key.Slot())] = kms.Endpoint()
				}
			}
		}

		volume, found := provider.Volumes().ByName(label)
		if !found || volume.Encryption() == nil {
			continue
		}

		for _, key := range volume.Encryption().Keys() {
			if kms := key.KMS(); kms != nil {
				endpoints[fmt.Sprintf("%s %d", label, key.Slot())] = kms.Endpoint()
			}
		}
	}

	return endpoints, nil
}
