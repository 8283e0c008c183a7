package httpapi

import (
	"crypto/sha1" //nolint:gosec // a suffix of a name as Kyma's runtime agent makes it, no secret
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/pairsim/pairsim/btp"
)

// What follows are Kubernetes objects as Kyma's runtime agent makes them of an
// application (sap-domain §15.2, §15.3; kyma-project/application-connector-manager).

// kymaNamespace is where Kyma keeps the Secrets that its application gateway reads.
const kymaNamespace = "kyma-system"

// gatewayInCluster is the application gateway for applications that the landscape
// assigned (sap-domain §15.4).
const gatewayInCluster = "http://central-application-gateway.kyma-system:8082"

const notDescribed = "Description not provided"

// maxKubernetesName is the longest name of a Secret that the runtime agent makes,
// and maxServiceName that of a service before its suffix.
const (
	maxKubernetesName = 63
	maxServiceName    = 57
)

// objectList is a v1 List.
type objectList struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []any  `json:"items"`
}

type objectMeta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

// applicationResource is an Application, applicationconnector.kyma-project.io/v1alpha1.
type applicationResource struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Metadata   objectMeta      `json:"metadata"`
	Spec       applicationSpec `json:"spec"`
}

type applicationSpec struct {
	Description     string               `json:"description"`
	SkipVerify      bool                 `json:"skipVerify"`
	Labels          map[string]string    `json:"labels"`
	CompassMetadata compassMetadata      `json:"compassMetadata"`
	Services        []applicationService `json:"services"`
}

type compassMetadata struct {
	ApplicationID  btp.SystemID `json:"applicationId"`
	Authentication struct {
		ClientIDs []string `json:"clientIds"`
	} `json:"authentication"`
}

type applicationService struct {
	ID                  btp.ServiceID     `json:"id"`
	Identifier          string            `json:"identifier,omitempty"`
	Name                string            `json:"name"`
	DisplayName         string            `json:"displayName"`
	ProviderDisplayName string            `json:"providerDisplayName"`
	Description         string            `json:"description"`
	Labels              map[string]string `json:"labels,omitempty"`
	Entries             []serviceEntry    `json:"entries"`
}

type serviceEntry struct {
	Type                        string            `json:"type"` // API or Events
	ID                          btp.ServiceID     `json:"id"`
	Name                        string            `json:"name"`
	APIType                     string            `json:"apiType,omitempty"`
	TargetURL                   string            `json:"targetUrl,omitempty"`
	CentralGatewayURL           string            `json:"centralGatewayUrl,omitempty"`
	OAuthURL                    string            `json:"oauthUrl,omitempty"`
	Credentials                 *entryCredentials `json:"credentials,omitempty"`
	RequestParametersSecretName string            `json:"requestParametersSecretName,omitempty"`
}

type entryCredentials struct {
	Type              string    `json:"type"`
	SecretName        string    `json:"secretName"`
	AuthenticationURL string    `json:"authenticationUrl,omitempty"`
	CSRFInfo          *csrfInfo `json:"csrfInfo,omitempty"`
}

type csrfInfo struct {
	TokenEndpointURL string `json:"tokenEndpointURL"`
}

// secretResource is a v1 Secret; the values of Data are base64.
type secretResource struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Type       string            `json:"type"`
	Metadata   objectMeta        `json:"metadata"`
	Data       map[string]string `json:"data"`
}

// manifestsOf are the Application of a system and the Secrets that it names.
func manifestsOf(a *btp.RuntimeApplication) objectList {
	name := a.System.ApplicationName
	cr := applicationResource{
		APIVersion: "applicationconnector.kyma-project.io/v1alpha1", Kind: "Application",
		Metadata: objectMeta{Name: name, Labels: map[string]string{"applicationconnector.kyma-project.io/managed-by": "compass-runtime-agent"}},
		Spec: applicationSpec{
			Description: notDescribed, Labels: map[string]string{"connected-app": name},
			CompassMetadata: compassMetadata{ApplicationID: a.System.ID}, Services: []applicationService{},
		},
	}
	cr.Spec.CompassMetadata.Authentication.ClientIDs = []string{name} // the CN of its certificates
	var secrets []any
	for _, s := range a.Services {
		service := applicationService{
			ID: s.ID, Identifier: s.Identifier, Name: serviceName(s.Name, s.ID), DisplayName: s.Name, ProviderDisplayName: s.Provider,
			Description: s.Description, Labels: s.Labels, Entries: []serviceEntry{},
		}
		if service.Description == "" {
			service.Description = notDescribed
		}
		if s.API != nil {
			entry, of := entryOf(name, &s)
			service.Entries = append(service.Entries, entry)
			secrets = append(secrets, of...)
		}
		if s.Events != nil {
			service.Entries = append(service.Entries, serviceEntry{Type: "Events", ID: s.ID, Name: s.Name})
		}
		cr.Spec.Services = append(cr.Spec.Services, service)
	}
	return objectList{"v1", "List", append([]any{cr}, secrets...)}
}

// entryOf is the entry of a service's API, with the Secrets that it names. A Secret
// that the runtime lacks is named all the same.
func entryOf(application string, s *btp.Service) (serviceEntry, []any) {
	api := s.API
	entry := serviceEntry{
		Type: "API", ID: s.ID, Name: s.Name, APIType: api.APIType, TargetURL: api.TargetURL,
		CentralGatewayURL: gatewayInCluster + "/" + application + "/" + btp.GatewayName(s.Name) + "/" + btp.GatewayName(s.Name),
	}
	var secrets []any
	keep := func(kind btp.SecretKind, secret secretResource) {
		if api.MissingSecret != kind {
			secrets = append(secrets, secret)
		}
	}
	if kind, address, data := secretData(api.Credentials); kind != "" {
		entry.OAuthURL = address
		entry.Credentials = &entryCredentials{Type: kind, SecretName: secretName("", application, s.ID), AuthenticationURL: address}
		if at := api.Credentials.CSRFTokenURL(); at != "" {
			entry.Credentials.CSRFInfo = &csrfInfo{at}
		}
		keep(btp.SecretCredentials, secretOf(entry.Credentials.SecretName, data))
	}
	if p := parameterData(api.RequestParameters); len(p) > 0 {
		entry.RequestParametersSecretName = secretName("params-", application, s.ID)
		keep(btp.SecretRequestParameters, secretOf(entry.RequestParametersSecretName, p))
	}
	return entry, secrets
}

// secretData is what Kyma calls a kind of credentials, where tokens come from, and
// what stands in the Secret.
func secretData(c *btp.Credentials) (kind, tokenURL string, data map[string][]byte) {
	switch {
	case c == nil:
	case c.OAuth != nil:
		data = parameterData(c.OAuth.RequestParameters)
		data["clientId"], data["clientSecret"] = []byte(c.OAuth.ClientID), []byte(c.OAuth.ClientSecret)
		return "OAuth", c.OAuth.URL, data
	case c.OAuthWithCertificate != nil:
		o := c.OAuthWithCertificate
		data = parameterData(o.RequestParameters)
		data["clientId"], data["crt"], data["key"] = []byte(o.ClientID), o.CertificatePEM, o.PrivateKeyPEM
		return "OAuthWithCert", o.URL, data
	case c.Basic != nil:
		return "Basic", "", map[string][]byte{"username": []byte(c.Basic.Username), "password": []byte(c.Basic.Password)}
	case c.CertificateGen != nil:
		return "CertificateGen", "", map[string][]byte{"crt": c.CertificateGen.CertificatePEM, "key": c.CertificateGen.PrivateKeyPEM}
	}
	return "", "", nil
}

// parameterData are extra headers and query parameters as they stand in a Secret.
func parameterData(p *btp.RequestParameters) map[string][]byte {
	data := map[string][]byte{}
	if p == nil {
		return data
	}
	for key, values := range map[string]map[string][]string{"headers": p.Headers, "queryParameters": p.QueryParameters} {
		if len(values) > 0 {
			data[key], _ = json.Marshal(values) // texts cannot fail
		}
	}
	return data
}

func secretOf(name string, data map[string][]byte) secretResource {
	s := secretResource{
		APIVersion: "v1", Kind: "Secret", Type: "Opaque", Metadata: objectMeta{Name: name, Namespace: kymaNamespace}, Data: map[string]string{},
	}
	for key, value := range data {
		s.Data[key] = base64.StdEncoding.EncodeToString(value)
	}
	return s
}

// secretName is prefix, application and id, the application cut so that all fits.
func secretName(prefix, application string, id btp.ServiceID) string {
	most := max(maxKubernetesName-len(prefix)-len(id)-1, 0)
	return prefix + application[:min(len(application), most)] + "-" + string(id)
}

// serviceName is a display name in lower case, all else one hyphen, with five
// hexadecimal digits of the id's SHA-1: so that it is unique in its application.
func serviceName(display string, id btp.ServiceID) string {
	name := strings.Join(strings.FieldsFunc(btp.GatewayName(display), func(r rune) bool { return r == '-' }), "-")
	digest := sha1.Sum([]byte(id)) //nolint:gosec // see the import
	return strings.Trim(name[:min(len(name), maxServiceName)]+"-"+hex.EncodeToString(digest[:])[:5], "-")
}
