// Command bundle lets Talos's own machinery code read, check and make the files that packages/secrets-bundle writes.
//
// It reads one request a line (JSON) and answers each with one line: {"ok":true,"value":…} or {"ok":false,"error":…}.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// request names what to do in "do"; the rest is what that needs.
type request struct {
	Do       string   `json:"do"`
	Path     string   `json:"path"`
	Other    string   `json:"other"`
	Contract string   `json:"contract"`
	Worker   worker   `json:"worker"`
	Roles    []string `json:"roles"`
}

type answer struct {
	OK    bool   `json:"ok"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// Machine configs with inline manifests are the longest lines.
const maxLine = 4 << 20

func main() {
	handlers := map[string]func(request) (any, error){
		"describe-bundle":      describeBundle,
		"new-bundle":           newBundle,
		"bundle-from-pki":      bundleFromPKI,
		"bundle-from-config":   bundleFromConfig,
		"validate-bundle":      validateBundle,
		"read-token":           readToken,
		"worker-config":        workerConfig,
		"control-plane-config": controlPlaneConfig,
		"validate-config":      validateConfig,
		"apply-patch":          applyPatch,
		"new-talosconfig":      newTalosconfig,
		"open-talosconfig":     openTalosconfig,
		"merge-talosconfig":    mergeTalosconfig,
	}

	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLine)

	out := json.NewEncoder(os.Stdout)

	for lines.Scan() {
		var asked request

		result := answer{}

		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			result.Error = err.Error()
		} else if handler, known := handlers[asked.Do]; !known {
			result.Error = fmt.Sprintf("unknown request %q", asked.Do)
		} else if value, err := handler(asked); err != nil {
			result.Error = err.Error()
		} else {
			result.OK, result.Value = true, value
		}

		if err := out.Encode(result); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}

	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
