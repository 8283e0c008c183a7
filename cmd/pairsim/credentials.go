package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
	"github.com/pairsim/pairsim/internal/pattern"
)

// vcapService is a service as Cloud Foundry tells an application of it in VCAP_SERVICES.
type vcapService struct {
	Label          string          `json:"label"`
	Provider       *string         `json:"provider"`
	Plan           string          `json:"plan"`
	Name           string          `json:"name"`
	Tags           []string        `json:"tags"`
	InstanceGUID   string          `json:"instance_guid"`
	InstanceName   string          `json:"instance_name"`
	BindingGUID    string          `json:"binding_guid"`
	BindingName    *string         `json:"binding_name"`
	Credentials    json.RawMessage `json:"credentials"`
	SyslogDrainURL *string         `json:"syslog_drain_url"`
	VolumeMounts   []string        `json:"volume_mounts"`
}

func vcapOf(i btpclient.Instance, b btpclient.Binding, tags []string) map[string][]vcapService {
	s := vcapService{
		Label: i.Offering, Plan: i.Plan, Name: i.Name, Tags: tags, InstanceGUID: i.ID, InstanceName: i.Name, BindingGUID: b.ID,
		Credentials: b.Credentials, VolumeMounts: []string{},
	}
	if b.Name != b.ID {
		s.BindingName = &b.Name
	}
	return map[string][]vcapService{i.Offering: {s}}
}

// secretProperty says how a key of a Secret is to be read: text or json.
type secretProperty struct {
	Name   string `json:"name"`
	Format string `json:"format"`
}

// secret is a Kubernetes Secret.
type secret struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Metadata   map[string]string `json:"metadata"`
	Type       string            `json:"type"`
	StringData map[string]string `json:"stringData"`
}

// secretOf is the Secret that the SAP BTP service operator makes of a binding: a key per
// credential, keys about the instance, and .metadata, which says how to read them.
func secretOf(i btpclient.Instance, b btpclient.Binding, tags []string) (secret, error) {
	var credentials map[string]json.RawMessage
	if err := json.Unmarshal(b.Credentials, &credentials); err != nil {
		return secret{}, err
	}
	about, err := json.Marshal(tags)
	if err != nil {
		return secret{}, err
	}
	var metadata struct {
		About       []secretProperty `json:"metaDataProperties"`
		Credentials []secretProperty `json:"credentialProperties"`
	}
	data := map[string]string{}
	for _, p := range []struct{ name, format, value string }{
		{"instance_name", "text", i.Name},
		{"instance_guid", "text", i.ID},
		{"plan", "text", i.Plan},
		{"label", "text", i.Offering},
		{"type", "text", i.Offering},
		{"tags", "json", string(about)},
	} {
		data[p.name] = p.value
		metadata.About = append(metadata.About, secretProperty{p.name, p.format})
	}
	for _, key := range sortedNames(credentials) {
		format := "json"
		if strings.HasPrefix(string(credentials[key]), `"`) {
			format = "text"
		}
		data[key] = plainText(credentials[key])
		metadata.Credentials = append(metadata.Credentials, secretProperty{key, format})
	}
	text, err := json.Marshal(metadata)
	data[".metadata"] = string(text)
	name := map[string]string{"name": kubernetesName(b.Name)}
	if i.Place.Environment == "kyma" {
		name["namespace"] = i.Place.Space
	}
	return secret{"v1", "Secret", name, "Opaque", data}, err
}

var notInNames = pattern.New(`[^a-z0-9.-]+`)

// kubernetesName makes a name that an object of Kubernetes may have (RFC 1123).
func kubernetesName(name string) string {
	name = notInNames.Regexp().ReplaceAllString(strings.ToLower(name), "-")
	return strings.Trim(name[:min(len(name), 253)], "-.")
}

// plainText is a JSON text without its quotes, and other JSON as it is.
func plainText(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
