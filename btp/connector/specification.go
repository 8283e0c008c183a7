package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/pairsim/pairsim/btp"
)

// specificationAddress is where a specification is fetched from, "" for none:
// an inline one wins; OData without either is asked for its metadata
// (pairing-protocols §3.2, §3.3).
func (a *apiDocument) specificationAddress() string {
	switch {
	case jsonKind(a.Spec) == "object":
		return ""
	case a.SpecificationURL != "":
		return a.SpecificationURL
	case strings.EqualFold(a.APIType, "odata"):
		return strings.TrimSuffix(a.TargetURL, "/") + "/$metadata"
	}
	return ""
}

// fetchSpecification gets the specification of a. Whatever fails is a 502, for
// OData metadata too (pairing-protocols §3.4).
func (s *server) fetchSpecification(ctx context.Context, a *apiDocument) (json.RawMessage, error) {
	address := a.specificationAddress()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fetchRefusal(address, errors.New("it is not a URL"))
	}
	if err := s.authorize(ctx, req, a.SpecificationCredentials); err != nil {
		return nil, btp.Errorf(btp.SpecificationFetch, "Adding authorization for fetching API spec from %s failed%s",
			masked(address), fetchFault(err))
	}
	a.SpecificationRequestParameters.addTo(req)
	body, _, err := s.Fetch.Fetch(ctx, req)
	if err != nil {
		return nil, fetchRefusal(address, err)
	}
	spec, err := specificationOf(body)
	if err != nil {
		return nil, fetchRefusal(address, err)
	}
	return spec, nil
}

// authorize adds the credentials to req, fetching a token where they are OAuth's.
func (s *server) authorize(ctx context.Context, req *http.Request, c *credentials) error {
	switch {
	case c == nil:
	case c.Basic != nil:
		req.SetBasicAuth(c.Basic.Username, c.Basic.Password)
	case c.OAuth != nil:
		token, err := s.accessToken(ctx, c.OAuth)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// accessToken asks as the vendor's gateway does: client credentials in the form
// and in a Basic header (pairing-protocols §5.2).
func (s *server) accessToken(ctx context.Context, o *oauthCredentials) (string, error) {
	form := url.Values{"client_id": {o.ClientID}, "client_secret": {o.ClientSecret}, "grant_type": {"client_credentials"}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("the token address is not a URL")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(o.ClientID, o.ClientSecret)
	o.RequestParameters.addTo(req)
	body, _, err := s.Fetch.Fetch(ctx, req)
	if err != nil {
		return "", err
	}
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.AccessToken == "" {
		return "", errors.New("the token answer has no access_token")
	}
	return answer.AccessToken, nil
}

// addTo adds parameters to req; what it has already stays.
func (p *requestParameters) addTo(req *http.Request) {
	if p == nil {
		return
	}
	for name, values := range p.Headers {
		if name = http.CanonicalHeaderKey(name); req.Header[name] == nil {
			req.Header[name] = values
		}
	}
	if len(p.QueryParameters) == 0 {
		return
	}
	query := req.URL.Query()
	for name, values := range p.QueryParameters {
		if !query.Has(name) {
			query[name] = values
		}
	}
	req.URL.RawQuery = query.Encode()
}

// specificationOf is a fetched JSON object as it is, and any other text, such as
// XML or YAML, as a JSON string (pairing-protocols §3.2). An empty one is none.
func specificationOf(body []byte) (json.RawMessage, error) {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return nil, nil
	case !utf8.Valid(body):
		return nil, errors.New("the answer is not UTF-8 text")
	case jsonKind(body) == "object" && !tooDeep(body) && json.Valid(body):
		return compact(body), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false) // XML would grow sixfold
	if err := enc.Encode(string(body)); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func fetchRefusal(address string, err error) error {
	return btp.Errorf(btp.SpecificationFetch, "Fetching API spec from %s failed%s", masked(address), fetchFault(err))
}

// fetchFault words what a Fetcher reports; one that knows the answer's status
// has a method for it.
func fetchFault(err error) string {
	var answered interface{ HTTPStatus() string }
	if errors.As(err, &answered) {
		return " with status " + answered.HTTPStatus()
	}
	return ", " + err.Error()
}

// masked is an address without user, password and query, which may hold secrets.
func masked(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return mask
	}
	user, query := u.User != nil, u.RawQuery != ""
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	text := u.String()
	if user {
		text = strings.Replace(text, "//", "//"+mask+"@", 1)
	}
	if query {
		text += "?" + mask
	}
	return text
}

// publishedSpecification rewrites a Swagger 2.0 document so that it names the
// service's gateway host (pairing-protocols §3.3). It does so on the way out,
// for the host holds the id that the registry gives; clients see no difference.
func publishedSpecification(s btp.Service, application string) json.RawMessage {
	if jsonKind(s.API.Spec) != "object" || strings.EqualFold(s.API.APIType, "odata") {
		return s.API.Spec
	}
	var document map[string]json.RawMessage
	if json.Unmarshal(s.API.Spec, &document) != nil || string(document["swagger"]) != `"2.0"` {
		return s.API.Spec
	}
	host, err := json.Marshal(gatewayHost(application, s.ID))
	if err != nil {
		return s.API.Spec
	}
	document["host"], document["basePath"], document["schemes"] = host, json.RawMessage(`""`), json.RawMessage(`["http"]`)
	rewritten, err := json.Marshal(document)
	if err != nil {
		return s.API.Spec
	}
	return rewritten
}

// gatewayHost is the cluster-internal name of a service: the application is cut
// so that a UUID still fits into a label of 63 characters.
func gatewayHost(application string, id btp.ServiceID) string {
	const most = 26
	return application[:min(most, len(application))] + "-" + string(id) + ".kyma-integration.svc.cluster.local"
}
