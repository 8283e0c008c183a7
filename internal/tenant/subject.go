package tenant

import (
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strings"
)

// parseSubject reads the subject that the registry asks for: attributes split on
// ',' then '=', no escaping, in any order, a trailing comma tolerated
// (pairing-protocols §1.4, §9.2). Each attribute stands once; a CN is required.
func parseSubject(text string) (pkix.Name, error) {
	var name pkix.Name
	if len(text) > 1024 {
		return name, errors.New("the subject is longer than 1024 bytes")
	}
	lists := map[string]*[]string{
		"O": &name.Organization, "OU": &name.OrganizationalUnit, "L": &name.Locality, "ST": &name.Province, "C": &name.Country,
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, ","), ",") {
		key, value, ok := strings.Cut(part, "=")
		list := lists[key]
		switch {
		case !ok || value == "" || strings.Contains(value, "="):
			return name, fmt.Errorf("the subject's part %q is not key=value", part)
		case key == "CN" && name.CommonName == "":
			name.CommonName = value
		case list != nil && len(*list) == 0:
			*list = []string{value}
		default:
			return name, fmt.Errorf("the subject's attribute %q is unknown or stands twice", key)
		}
	}
	if name.CommonName == "" {
		return name, errors.New("the subject has no CN")
	}
	return name, nil
}
