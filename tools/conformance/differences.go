package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed differences.json
var differencesJSON []byte

// A difference is a deliberate one between trustd's answer and the signer's.
type difference struct {
	ID string `json:"id"`
	// Fields are those of Go's Certificate in which it shows, or "code".
	Fields []string `json:"fields"`
	Trustd string   `json:"trustd"`
	Signer string   `json:"signer"`
}

type allowList struct {
	byID map[string]difference
	seen map[string]bool
}

func readDifferences() (*allowList, error) {
	var list []difference
	if err := json.Unmarshal(differencesJSON, &list); err != nil {
		return nil, fmt.Errorf("differences.json: %w", err)
	}

	allowed := &allowList{map[string]difference{}, map[string]bool{}}

	for _, entry := range list {
		if _, twice := allowed.byID[entry.ID]; twice || entry.ID == "" || len(entry.Fields) == 0 || entry.Trustd == "" || entry.Signer == "" {
			return nil, fmt.Errorf("differences.json: %q is there twice or not whole", entry.ID)
		}

		allowed.byID[entry.ID] = entry
	}

	return allowed, nil
}

// judge says whether exactly the differences with these ids show in these fields.
func (allowed *allowList) judge(fields, ids []string) error {
	explained := []string{}

	for _, id := range ids {
		entry, known := allowed.byID[id]
		if !known {
			return fmt.Errorf("%s is not in differences.json", id)
		}

		if !slices.ContainsFunc(entry.Fields, func(field string) bool { return slices.Contains(fields, field) }) {
			return fmt.Errorf("the listed difference %s does not show", id)
		}

		allowed.seen[id] = true
		explained = append(explained, entry.Fields...)
	}

	var others []string

	for _, field := range fields {
		if !slices.Contains(explained, field) {
			others = append(others, field)
		}
	}

	if len(others) > 0 {
		return fmt.Errorf("differs from trustd in %s", strings.Join(others, ", "))
	}

	return nil
}

// unseen fails for a listed difference that no check has met: the list is what users read.
func (allowed *allowList) unseen() error {
	var ids []string

	for id := range allowed.byID {
		if !allowed.seen[id] {
			ids = append(ids, id)
		}
	}

	if len(ids) > 0 {
		slices.Sort(ids)

		return fmt.Errorf("never seen: %s", strings.Join(ids, ", "))
	}

	return nil
}
