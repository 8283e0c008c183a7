package connector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

// Bounds of a service document; the vendor has none but those of its storage.
// Texts are counted in bytes. What is over a bound is refused with 400 as a
// fault of structure (our decision).
const (
	maxServiceName   = 255 // provider, name, identifier, apiType, commonName
	maxDescription   = 2000
	maxURL           = 2048
	maxSecret        = 4096
	maxLabels        = 50
	maxLabelText     = 255
	maxParameters    = 50 // headers or query parameters, and values of each
	maxParameterText = 4096
	maxTags          = 50 // tags, and docs, of a documentation
	maxDepth         = 200
)

// serviceDocument is the body of POST and PUT (pairing-protocols §3.2).
type serviceDocument struct {
	Provider         string            `json:"provider"`
	Name             string            `json:"name"`
	Description      string            `json:"description"`
	ShortDescription string            `json:"shortDescription"`
	Identifier       string            `json:"identifier"`
	Labels           map[string]string `json:"labels"`
	API              *apiDocument      `json:"api"`
	Events           *eventsDocument   `json:"events"`
	Documentation    *documentation    `json:"documentation"`
}

// apiDocument is both read and answered; answers lack the specification's
// credentials and the deprecated twins.
type apiDocument struct {
	TargetURL         string             `json:"targetUrl"`
	Credentials       *credentials       `json:"credentials,omitempty"`
	Spec              json.RawMessage    `json:"spec,omitempty"`
	SpecificationURL  string             `json:"specificationUrl,omitempty"`
	APIType           string             `json:"apiType,omitempty"`
	RequestParameters *requestParameters `json:"requestParameters,omitempty"`

	// The specification's own are used to fetch it, and not stored.
	SpecificationCredentials       *credentials       `json:"specificationCredentials,omitempty"`
	SpecificationRequestParameters *requestParameters `json:"specificationRequestParameters,omitempty"`
	// Headers and QueryParameters are deprecated twins of RequestParameters.
	Headers         map[string][]string `json:"headers,omitempty"`
	QueryParameters map[string][]string `json:"queryParameters,omitempty"`
}

type requestParameters struct {
	Headers         map[string][]string `json:"headers,omitempty"`
	QueryParameters map[string][]string `json:"queryParameters,omitempty"`
}

type credentials struct {
	OAuth          *oauthCredentials       `json:"oauth,omitempty"`
	Basic          *basicCredentials       `json:"basic,omitempty"`
	CertificateGen *certificateCredentials `json:"certificateGen,omitempty"`
}

type oauthCredentials struct {
	URL               string             `json:"url"`
	ClientID          string             `json:"clientId"`
	ClientSecret      string             `json:"clientSecret"`
	RequestParameters *requestParameters `json:"requestParameters,omitempty"`
	CSRFInfo          *csrfInfo          `json:"csrfInfo,omitempty"`
}

type basicCredentials struct {
	Username string    `json:"username"`
	Password string    `json:"password"`
	CSRFInfo *csrfInfo `json:"csrfInfo,omitempty"`
}

// certificateCredentials: Certificate stands in answers only.
type certificateCredentials struct {
	CommonName  string    `json:"commonName"`
	Certificate string    `json:"certificate"`
	CSRFInfo    *csrfInfo `json:"csrfInfo,omitempty"`
}

type csrfInfo struct {
	TokenEndpointURL string `json:"tokenEndpointURL"`
}

type eventsDocument struct {
	Spec json.RawMessage `json:"spec"`
}

type documentation struct {
	DisplayName string     `json:"displayName"`
	Description string     `json:"description"`
	Type        string     `json:"type"`
	Tags        []string   `json:"tags,omitempty"`
	Docs        []document `json:"docs,omitempty"`
}

type document struct {
	Title  string `json:"title"`
	Type   string `json:"type"`
	Source string `json:"source"`
}

// readServiceDocument reads and checks a body, in the vendor's order
// (pairing-protocols §3.4).
func readServiceDocument(c *gin.Context) (*serviceDocument, error) {
	body, err := readBody(c, maxServiceBody, btp.ServiceInvalid)
	if err != nil {
		return nil, btp.Errorf(btp.ServiceInvalid, "Failed to read request body, %s", readFault(err))
	}
	return parseServiceDocument(body)
}

func readFault(err error) string {
	if btp.CodeOf(err) == btp.ServiceInvalid {
		return fmt.Sprintf("it has more than %d bytes", maxServiceBody)
	}
	return "it ended early"
}

// ParseService reads a service document and checks it, as POST does. It fetches no
// specification and makes no certificate.
func ParseService(document []byte) (btp.Service, error) {
	if len(document) > maxServiceBody {
		return btp.Service{}, btp.Errorf(btp.ServiceInvalid, "the document has more than %d bytes", maxServiceBody)
	}
	d, err := parseServiceDocument(document)
	if err != nil {
		return btp.Service{}, err
	}
	return d.service(), nil
}

// parseServiceDocument takes time in proportion to the body.
func parseServiceDocument(body []byte) (*serviceDocument, error) {
	// What follows re-encodes parts of the body as they are, into stores and
	// answers; so these must be fit for it.
	if !utf8.Valid(body) {
		return nil, unreadable("it is not UTF-8")
	}
	if tooDeep(body) {
		return nil, unreadable(fmt.Sprintf("it is nested more than %d deep", maxDepth))
	}
	var d serviceDocument
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, unreadable(err.Error())
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	return &d, nil
}

func unreadable(text string) error {
	return btp.Errorf(btp.ServiceInvalid, "Failed to unmarshal request body, %s", text)
}

// tooDeep says in one pass whether JSON is nested deeper than maxDepth.
func tooDeep(text []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	return false
}

// check holds the document against the rules, in the vendor's order: structure,
// api or events, api.spec, credentials, events.spec.
func (d *serviceDocument) check() error {
	if f := d.structure(); len(f) > 0 {
		slices.Sort(f) // the vendor's validator sorts too
		return invalidService("Incorrect structure of service definition, " + strings.Join(slices.Compact(f), ";"))
	}
	if d.API == nil && d.Events == nil {
		return invalidService("At least one of service definition attributes: 'api', 'events' have to be provided")
	}
	if d.API != nil {
		if kind := jsonKind(d.API.Spec); kind != "" && kind != "null" && kind != "object" {
			return invalidService("api.Spec is not a proper json object, it is of type " + kind)
		}
		if d.API.Credentials.count() > 1 || d.API.SpecificationCredentials.count() > 1 {
			return invalidService("api.CredentialsWithCSRF is invalid: to many authentication methods provided")
		}
	}
	if d.Events != nil && jsonKind(d.Events.Spec) != "object" {
		return invalidService("events.Spec is not a proper json object, it is of type " + jsonKind(d.Events.Spec))
	}
	return nil
}

func invalidService(text string) error {
	return btp.Errorf(btp.ServiceInvalid, "Failed to validate request body, %s", text)
}

// jsonKind names the type of a JSON value that is known to be well formed; "" if there is none.
func jsonKind(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

func (c *credentials) count() int {
	n := 0
	if c != nil {
		for _, given := range []bool{c.OAuth != nil, c.Basic != nil, c.CertificateGen != nil} {
			if given {
				n++
			}
		}
	}
	return n
}

// faults are what is wrong with the structure of a document, in the vendor's words.
type faults []string

// text checks an optional text.
func (f *faults) text(key, value string, most int) {
	switch {
	case len(value) > most:
		*f = append(*f, fmt.Sprintf("%s cannot be longer than %d bytes.", key, most))
	case strings.IndexByte(value, 0) >= 0: // not every store keeps it
		*f = append(*f, key+" cannot hold the character U+0000.")
	}
}

// required checks a text that must be there; empty counts as missing.
func (f *faults) required(key, value string, most int, missing string) {
	if value == "" {
		*f = append(*f, missing)
		return
	}
	f.text(key, value, most)
}

// address checks a required absolute URL. It is not repeated in the fault, for
// it may hold a password.
func (f *faults) address(key, value, missing string) {
	before := len(*f)
	f.required(key, value, maxURL, missing)
	if len(*f) > before {
		return
	}
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		*f = append(*f, key+" does not validate as url")
	}
}

// number says whether n entries are within their bound.
func (f *faults) number(key string, n, most int) bool {
	if n > most {
		*f = append(*f, fmt.Sprintf("%s cannot have more than %d entries.", key, most))
	}
	return n <= most
}

func (d *serviceDocument) structure() faults {
	var f faults
	f.required("Provider", d.Provider, maxServiceName, "Provider field cannot be empty.")
	f.required("Name", d.Name, maxServiceName, "Name field cannot be empty.")
	f.required("Description", d.Description, maxDescription, "Description field cannot be empty.")
	f.text("shortDescription", d.ShortDescription, maxDescription)
	f.text("identifier", d.Identifier, maxServiceName)
	if f.number("labels", len(d.Labels), maxLabels) {
		for key, value := range d.Labels {
			f.text("label key", key, maxLabelText)
			f.text("label value", value, maxLabelText)
		}
	}
	if d.API != nil {
		d.API.structure(&f)
	}
	if d.Events != nil && len(d.Events.Spec) == 0 {
		f = append(f, "spec cannot be empty")
	}
	if doc := d.Documentation; doc != nil {
		f.required("displayName", doc.DisplayName, maxDescription, "displayName field cannot be empty in documentation")
		f.required("description", doc.Description, maxServiceBody, "description field cannot be empty in documentation")
		f.required("type", doc.Type, maxServiceName, "type field cannot be empty in documentation")
		f.number("tags", len(doc.Tags), maxTags)
		f.number("docs", len(doc.Docs), maxTags)
	}
	return f
}

func (a *apiDocument) structure(f *faults) {
	f.address("targetUrl", a.TargetURL, "targetUrl field cannot be empty.")
	f.text("specificationUrl", a.SpecificationURL, maxURL)
	f.text("apiType", a.APIType, maxServiceName)
	a.Credentials.structure(f)
	a.SpecificationCredentials.structure(f)
	a.RequestParameters.structure(f)
	a.SpecificationRequestParameters.structure(f)
	(&requestParameters{a.Headers, a.QueryParameters}).structure(f)
}

func (c *credentials) structure(f *faults) {
	if c == nil {
		return
	}
	if o := c.OAuth; o != nil {
		f.address("oauth url", o.URL, "oauth url field cannot be empty")
		f.required("oauth clientId", o.ClientID, maxSecret, "oauth clientId field cannot be empty")
		f.required("oauth clientSecret", o.ClientSecret, maxSecret, "oauth clientSecret cannot be empty")
		o.RequestParameters.structure(f)
		o.CSRFInfo.structure(f)
	}
	if b := c.Basic; b != nil {
		f.required("basic auth username", b.Username, maxSecret, "basic auth username field cannot be empty")
		f.required("basic auth password", b.Password, maxSecret, "basic auth password field cannot be empty")
		b.CSRFInfo.structure(f)
	}
	if g := c.CertificateGen; g != nil {
		f.text("commonName", g.CommonName, maxServiceName)
		g.CSRFInfo.structure(f)
	}
}

func (i *csrfInfo) structure(f *faults) {
	if i != nil {
		f.address("tokenEndpointURL", i.TokenEndpointURL, "tokenEndpointURL field cannot be empty")
	}
}

func (p *requestParameters) structure(f *faults) {
	if p == nil {
		return
	}
	for _, values := range []map[string][]string{p.Headers, p.QueryParameters} {
		if !f.number("headers and queryParameters", len(values), maxParameters) {
			continue
		}
		for key, list := range values {
			f.text("parameter name", key, maxParameterText)
			if f.number("values of a parameter", len(list), maxParameters) {
				for _, value := range list {
					f.text("parameter value", value, maxParameterText)
				}
			}
		}
	}
}

// service is what the registry keeps of a checked document, but for a
// specification to fetch and a certificate to make.
func (d *serviceDocument) service() btp.Service {
	s := btp.Service{
		Provider: d.Provider, Name: d.Name, Description: d.Description, ShortDescription: d.ShortDescription,
		Identifier: d.Identifier, Labels: d.Labels,
	}
	if a := d.API; a != nil {
		s.API = &btp.ServiceAPI{
			TargetURL: a.TargetURL, APIType: a.APIType, SpecificationURL: a.SpecificationURL,
			Credentials: a.Credentials.stored(), RequestParameters: a.RequestParameters.stored(),
		}
		if jsonKind(a.Spec) == "object" {
			s.API.Spec = compact(a.Spec)
		}
		if s.API.RequestParameters == nil && (a.Headers != nil || a.QueryParameters != nil) {
			s.API.RequestParameters = &btp.RequestParameters{Headers: a.Headers, QueryParameters: a.QueryParameters}
		}
	}
	if d.Events != nil {
		s.Events = &btp.ServiceEvents{Spec: compact(d.Events.Spec)}
	}
	if d.Documentation != nil {
		s.Documentation, _ = json.Marshal(d.Documentation) // of strings alone: it cannot fail
	}
	return s
}

// compact drops the blanks of well-formed JSON.
func compact(value json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		return value
	}
	return b.Bytes()
}

func (p *requestParameters) stored() *btp.RequestParameters { return (*btp.RequestParameters)(p) }

// stored returns nil for an empty object, which is legal and means none; so
// does a certificateGen without commonName.
func (c *credentials) stored() *btp.Credentials {
	switch {
	case c == nil:
		return nil
	case c.OAuth != nil:
		o := c.OAuth
		return &btp.Credentials{OAuth: &btp.OAuthCredentials{
			URL: o.URL, ClientID: o.ClientID, ClientSecret: o.ClientSecret,
			RequestParameters: o.RequestParameters.stored(), CSRFTokenURL: o.CSRFInfo.url(),
		}}
	case c.Basic != nil:
		b := c.Basic
		return &btp.Credentials{Basic: &btp.BasicCredentials{Username: b.Username, Password: b.Password, CSRFTokenURL: b.CSRFInfo.url()}}
	case c.CertificateGen != nil && c.CertificateGen.CommonName != "":
		g := c.CertificateGen
		return &btp.Credentials{CertificateGen: &btp.CertificateCredentials{CommonName: g.CommonName, CSRFTokenURL: g.CSRFInfo.url()}}
	}
	return nil
}

func (i *csrfInfo) url() string {
	if i == nil {
		return ""
	}
	return i.TokenEndpointURL
}
