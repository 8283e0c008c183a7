package destination

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pairsim/pairsim/btp"
)

// The properties of every destination (service-apis §2).
const (
	Name           = "Name"
	Type           = "Type"
	URL            = "URL"
	ProxyType      = "ProxyType"
	Authentication = "Authentication"
	Description    = "Description"
)

// The properties of authentication.
const (
	User                 = "User"
	Password             = "Password"
	ClientID             = "clientId"
	ClientSecret         = "clientSecret"
	TokenServiceURL      = "tokenServiceURL"
	TokenServiceURLType  = "tokenServiceURLType"
	TokenServiceUser     = "tokenServiceUser"
	TokenServicePassword = "tokenServicePassword"
	Scope                = "scope"
	Audience             = "audience"
	AuthnContextClassRef = "authnContextClassRef"
	ClientKey            = "clientKey"
	NameIDFormat         = "nameIdFormat"
	UserIDSource         = "userIdSource"
	SystemUser           = "SystemUser"
	KeyStoreLocation     = "KeyStoreLocation"
	KeyStorePassword     = "KeyStorePassword"
)

// The kinds of Authentication.
const (
	NoAuthentication                = "NoAuthentication"
	BasicAuthentication             = "BasicAuthentication"
	OAuth2ClientCredentials         = "OAuth2ClientCredentials"
	OAuth2SAMLBearerAssertion       = "OAuth2SAMLBearerAssertion"
	ClientCertificateAuthentication = "ClientCertificateAuthentication"
)

// authentications say which properties each kind needs; all others are free.
var authentications = map[string][]string{
	NoAuthentication:                nil,
	BasicAuthentication:             {User, Password},
	OAuth2ClientCredentials:         {ClientID, ClientSecret, TokenServiceURL},
	OAuth2SAMLBearerAssertion:       {Audience, AuthnContextClassRef, ClientKey, TokenServiceURL},
	ClientCertificateAuthentication: {KeyStoreLocation},
}

// The values of tokenServiceURLType; without one it is Dedicated.
const (
	Dedicated = "Dedicated"
	Common    = "Common"
)

// The formats of nameIdFormat; without one it is unspecified.
const (
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
)

// closed are the properties with few values.
var closed = map[string][]string{
	Type:                {"HTTP"},
	ProxyType:           {"Internet"},
	Authentication:      slices.Sorted(maps.Keys(authentications)),
	TokenServiceURLType: {Dedicated, Common},
	NameIDFormat:        {NameIDUnspecified, NameIDEmail},
	UserIDSource:        {"email", "user_name", "user_id"},
}

// The bounds of a destination. The name's is the service's (sap-domain §14.2), the
// others are ours.
const (
	MaxName          = 200 // characters
	maxProperties    = 100
	maxPropertyName  = 255  // bytes
	maxPropertyValue = 8192 // bytes
	maxSize          = 32 << 10
)

// Check refuses a destination with DestinationInvalid whose properties break a rule;
// its Findings name each property. They quote no value that may be secret.
func Check(d Destination) error {
	var found []btp.Finding
	wrong := func(property, problem string) {
		if len(found) < maxFindings {
			found = append(found, finding(property, problem))
		}
	}
	if problem := checkName(d.Name); problem != "" {
		wrong(Name, problem)
	}
	if given, ok := d.Properties[Name]; ok && given != d.Name {
		wrong(Name, "two different names")
	}
	all := d.All()
	size := 0
	for _, property := range slices.Sorted(maps.Keys(all)) {
		value := all[property]
		size += len(property) + len(value)
		if problem := checkProperty(property, value); problem != "" {
			wrong(clip(property), problem)
		} else if values := closed[property]; values != nil && !slices.Contains(values, value) {
			wrong(property, "must be "+strings.Join(values, " or "))
		}
	}
	switch {
	case len(all) > maxProperties:
		wrong("", "more than 100 properties")
	case size > maxSize:
		wrong("", "more than 32768 bytes in all")
	}
	for _, property := range append([]string{Type, URL}, authentications[all[Authentication]]...) {
		if all[property] == "" {
			wrong(property, "is required"+because(property, all[Authentication]))
		}
	}
	if (all[TokenServiceUser] == "") != (all[TokenServicePassword] == "") {
		wrong(TokenServiceUser, "tokenServiceUser and tokenServicePassword belong together")
	}
	for _, property := range []string{URL, TokenServiceURL} {
		if problem := checkURL(all[property]); all[property] != "" && problem != "" {
			wrong(property, problem)
		}
	}
	if file := all[KeyStoreLocation]; file != "" {
		if problem := checkFileName(file); problem != "" {
			wrong(KeyStoreLocation, problem)
		}
	}
	return invalid(found)
}

// maxFindings is the most that a refusal names.
const maxFindings = 50

// finding is about a property, or with "" about the whole.
func finding(property, problem string) btp.Finding {
	if property == "" {
		return btp.Finding{Path: "$", Problem: problem}
	}
	return btp.Finding{Path: "$." + property, Problem: problem}
}

// invalid refuses with DestinationInvalid for what was found; nil for nothing.
func invalid(found []btp.Finding) error {
	if len(found) == 0 {
		return nil
	}
	texts := make([]string, len(found))
	for i, f := range found {
		texts[i] = Words(f)
	}
	refused := btp.Errorf(btp.DestinationInvalid, "%s", strings.Join(texts, "; "))
	refused.Findings = found
	return refused
}

// Words is a finding as one text.
func Words(f btp.Finding) string {
	if property, ok := strings.CutPrefix(f.Path, "$."); ok {
		return property + ": " + f.Problem
	}
	return f.Problem
}

func because(property, authentication string) string {
	if slices.Contains(authentications[authentication], property) {
		return " for " + authentication
	}
	return ""
}

func checkName(name string) string {
	switch {
	case name == "":
		return "is required"
	case !utf8.ValidString(name) || utf8.RuneCountInString(name) > MaxName:
		return "at most 200 characters"
	case strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, `/\`) || name != strings.TrimSpace(name):
		return "no control characters, slashes, or blanks at its ends"
	}
	return ""
}

func checkProperty(name, value string) string {
	switch {
	case name == "" || len(name) > maxPropertyName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "a property's name has 1 to 255 bytes without control characters"
	case len(value) > maxPropertyValue || !utf8.ValidString(value):
		return "at most 8192 bytes of UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\r\t", r) }):
		return "no control characters"
	}
	return ""
}

func checkURL(text string) string {
	u, err := url.Parse(strings.ReplaceAll(text, "{tenant}", "tenant"))
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return "must be an absolute http or https URL"
	case u.User != nil:
		return "must hold no user or password"
	}
	return ""
}

// clip shortens what is quoted.
func clip(text string) string {
	const most = 64
	if len(text) <= most {
		return strings.ToValidUTF8(text, "")
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
