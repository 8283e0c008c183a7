package services

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/pattern"
)

// Bounds.
const (
	MaxInstances  = 1000 // of a subaccount
	MaxBindings   = 100  // of an instance
	MaxParameters = 32 << 10
	MaxContext    = 16 << 10
	maxLabels     = 50
	maxLabelValue = 255
	maxName       = 255
	maxFindings   = 50
)

var (
	// A platform's ids are mostly UUIDs.
	idRule = pattern.New(`^[A-Za-z0-9][A-Za-z0-9-]{0,63}$`)
	// A namespace is a DNS label (RFC 1123).
	namespaceRule = pattern.New(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

func checkID(id string) error {
	if !idRule.MatchString(id) {
		return btp.Errorf(btp.InvalidRequest, "id %.80q: 1 to 64 letters, digits and hyphens", id)
	}
	return nil
}

// checkName holds names: 1 to 255 characters, none of them a control character.
func checkName(name string) error {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) ||
		strings.TrimSpace(name) != name {
		return btp.Errorf(btp.NameInvalid, "name %.80q: 1 to %d bytes of UTF-8 without control characters, no blank first or last", name, maxName)
	}
	return nil
}

func checkLabels(labels map[string][]string) error {
	if len(labels) > maxLabels {
		return btp.Errorf(btp.InvalidRequest, "labels: at most %d", maxLabels)
	}
	for key, values := range labels {
		if key == "" || len(key) > maxLabelValue || len(values) > maxLabels ||
			slices.ContainsFunc(values, func(v string) bool { return len(v) > maxLabelValue || !utf8.ValidString(v) }) {
			return btp.Errorf(btp.InvalidRequest, "labels: a key has 1 to %d bytes, and at most %d values of as many", maxLabelValue, maxLabels)
		}
	}
	return nil
}

// checkPlace holds where an instance is used; without one it is the first environment's
// default: the namespace or the space "default" (docs/fidelity.md).
func checkPlace(sub *btp.Subaccount, p Place) (Place, error) {
	if len(sub.Environments) == 0 {
		return p, btp.Errorf(btp.SubaccountWithoutEnvironment,
			"subaccount %q has neither Cloud Foundry nor Kyma enabled, where a service instance would be", sub.ID)
	}
	if p.Environment == "" {
		p.Environment = sub.Environments[0]
	}
	if !sub.Has(p.Environment) {
		return p, btp.Errorf(btp.PlaceInvalid, "subaccount %q does not have %.40q enabled; it has %v", sub.ID, p.Environment, sub.Environments)
	}
	if p.Space == "" {
		p.Space = "default"
	}
	switch {
	case p.Environment == btp.Kyma && !namespaceRule.MatchString(p.Space):
		return p, btp.Errorf(btp.PlaceInvalid, "namespace %.80q: 1 to 63 small letters, digits and hyphens, no hyphen first or last", p.Space)
	case p.Environment == btp.Kyma && p.Organization != "":
		return p, btp.Errorf(btp.PlaceInvalid, "a namespace of Kyma is in no organization")
	case len(p.Space) > maxName || len(p.Organization) > maxName || !utf8.ValidString(p.Space+p.Organization):
		return p, btp.Errorf(btp.PlaceInvalid, "organization and space have at most %d bytes", maxName)
	}
	return p, nil
}

// checkParameters holds what every plan wants of parameters: an object, not too large,
// as the schema says. None is {}.
func checkParameters(given json.RawMessage, by judge) (json.RawMessage, error) {
	if given = bytes.TrimSpace(given); len(given) == 0 || string(given) == "null" {
		given = json.RawMessage(`{}`)
	}
	if len(given) > MaxParameters {
		return nil, btp.Errorf(btp.ParametersInvalid, "parameters: %d bytes, at most %d", len(given), MaxParameters)
	}
	var value any
	if err := json.Unmarshal(given, &value); err != nil {
		return nil, btp.Errorf(btp.ParametersInvalid, "parameters: not JSON")
	}
	if _, is := value.(map[string]any); !is {
		return nil, btp.Errorf(btp.ParametersInvalid, "parameters: not a JSON object")
	}
	if by != nil {
		rules, err := by()
		if err != nil {
			return nil, fmt.Errorf("the plan's schema: %w", err)
		}
		var findings []btp.Finding
		rules.Judge(value, "$", func(path, problem string) {
			findings = append(findings, btp.Finding{Path: clip(path), Problem: problem})
		})
		if err := InvalidParameters(findings); err != nil {
			return nil, err
		}
	}
	return given, nil
}

// InvalidParameters refuses with ParametersInvalid for what was found, and names every
// JSON path; nil for nothing.
func InvalidParameters(findings []btp.Finding) error {
	if len(findings) == 0 {
		return nil
	}
	slices.SortStableFunc(findings, func(a, b btp.Finding) int { return strings.Compare(a.Path, b.Path) })
	const told = 10
	var texts []string
	for _, f := range findings[:min(told, len(findings))] {
		texts = append(texts, f.Path+": "+f.Problem)
	}
	if more := len(findings) - told; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	refused := btp.Errorf(btp.ParametersInvalid, "%s", strings.Join(texts, "; "))
	refused.Findings = findings[:min(maxFindings, len(findings))]
	return refused
}

func clip(text string) string {
	const most = 200
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// digest is of what makes two requests the same.
func digest(parts ...any) []byte {
	text, _ := json.Marshal(parts) // texts and JSON that was read: it always can be written
	sum := sha256.Sum256(text)
	return sum[:]
}

// compact is JSON without blanks, so that only what is said counts.
func compact(text json.RawMessage) json.RawMessage {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return text
	}
	plain, _ := json.Marshal(value) // keys in order
	return plain
}
