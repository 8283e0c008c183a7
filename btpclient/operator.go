package btpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Problem is a refusal of pairsim's own APIs (RFC 9457). Compare Code: title and
// detail are for people. An answer that is no problem document has its status alone.
type Problem struct {
	Type, Title string
	// Code is the last part of Type: token-expired.
	Code   string
	Status int
	// Detail is about this one; Next says what to do now; Source names the
	// document that the refusal rests on.
	Detail, Next, Source string
	// Blockers are the objects that stand in the way, where the refusal names them.
	Blockers []Blocker
	// Findings are what is wrong with the document that was sent.
	Findings     []Finding
	Method, Path string
}

// Finding is one thing that is wrong with a document; Path is where, as $.systems[3].name.
type Finding struct {
	Path    string `json:"path"`
	Problem string `json:"problem"`
}

// Blocker is an object that must go before something can be done. Kind is
// system, formation, entitlement or subaccount.
type Blocker struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (p *Problem) Error() string {
	text := fmt.Sprintf("%s %s answered %d", p.Method, p.Path, p.Status)
	for _, part := range []string{p.Title, p.Detail} {
		if part != "" {
			text += ": " + part
		}
	}
	if p.Code != "" {
		text += " (" + p.Code + ")"
	}
	return text
}

// CodeOf is the code of the refusal that err is or wraps, *Problem or
// *RefusedError, and "" when it is none.
func CodeOf(err error) string {
	var p *Problem
	var refused *RefusedError
	switch {
	case errors.As(err, &p):
		return p.Code
	case errors.As(err, &refused):
		return refused.Reason
	}
	return ""
}

// Operator is the registry as an administrator of its global accounts sees it
// (docs/wire.md, Registry REST). It is safe for concurrent use. A refusal is a
// *Problem, a call without a whole answer an *UnreachableError.
type Operator struct{ api }

// NewOperator makes a client for the registry at this base URL. It makes no
// call; client may be nil.
func NewOperator(baseURL string, client *http.Client) *Operator {
	return &Operator{newAPI(baseURL, client)}
}

// GlobalAccount owns systems.
type GlobalAccount struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Subdomain   string `json:"subdomain"`
}

// Subaccount is where extensions live; Environments are cloudFoundry and kyma.
// ETag stands in answers about one subaccount only.
type Subaccount struct {
	ID            string   `json:"id"`
	GlobalAccount string   `json:"globalAccount"`
	DisplayName   string   `json:"displayName"`
	Subdomain     string   `json:"subdomain"`
	Region        string   `json:"region"`
	Environments  []string `json:"environments"`
	ETag          string   `json:"-"`
}

func (s *Subaccount) tagged(tag string) { s.ETag = tag }

// SystemType is a type that can be registered.
type SystemType struct {
	Name                 string   `json:"name"`
	TokenValiditySeconds int64    `json:"tokenValiditySeconds"`
	PairedByToken        bool     `json:"pairedByToken"`
	ShowsPresentToken    bool     `json:"showsPresentToken"`
	Environments         []string `json:"environments"`
	SupportComponent     string   `json:"supportComponent"`
	// FormationBeforePairing: its systems may join a formation without being registered.
	FormationBeforePairing bool `json:"formationBeforePairing"`
	// Namespace and Provider are those of a third party's type.
	Namespace string `json:"namespace,omitempty"`
	Provider  string `json:"provider,omitempty"`
}

// SystemStatus is a stable code and what the edition's cockpit shows for it.
type SystemStatus struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

// System is a row of the system landscape. Token, Services, Certificates, and
// what holds the system stand in answers about one system only.
type System struct {
	ID               string              `json:"id"`
	Name             string              `json:"name"`
	Type             string              `json:"type"`
	GlobalAccount    string              `json:"globalAccount"`
	Edition          string              `json:"edition"`
	Status           SystemStatus        `json:"status"`
	ApplicationName  string              `json:"applicationName"`
	CreatedAt        time.Time           `json:"createdAt"`
	UpdatedAt        time.Time           `json:"updatedAt"`
	RegisteredAt     time.Time           `json:"registeredAt,omitzero"`
	Token            *TokenState         `json:"token,omitempty"`
	Tenant           *SystemTenant       `json:"tenant,omitempty"`
	Error            *SystemError        `json:"error,omitempty"`
	Services         []SystemService     `json:"services,omitempty"`
	Certificates     []SystemCertificate `json:"certificates,omitempty"`
	Formations       []SystemFormation   `json:"formations,omitempty"`
	Entitlements     []SystemEntitlement `json:"entitlements,omitempty"`
	IntegrationToken *IntegrationToken   `json:"integrationToken,omitempty"`
	Discovery        SystemDiscovery     `json:"discovery"`
	// MergeTargets are what an auto-discovered system can be merged into.
	MergeTargets []SystemName `json:"mergeTargets,omitempty"`
}

// SystemDiscovery is how a row came, Mode being manual or auto, and what SAP's landscape
// tells of its system.
type SystemDiscovery struct {
	Mode           string   `json:"mode"`
	Label          string   `json:"label"`
	URL            string   `json:"url,omitempty"`
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

// TokenState is a system's newest token, without its secret. State is live,
// used, void or expired.
type TokenState struct {
	State     string    `json:"state"`
	IssuedAt  time.Time `json:"issuedAt"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// SystemTenant is what a paired tenant said of itself.
type SystemTenant struct {
	TenantID               string   `json:"tenantId"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl,omitempty"`
	CommunicationScenarios []string `json:"communicationScenarios"`
}

// SystemError is why a system is in an error status.
type SystemError struct {
	Cause     string    `json:"cause"`
	Step      string    `json:"step"`
	Component string    `json:"component"`
	At        time.Time `json:"at"`
	// Incident is the id of the open incident, in answers about one system only.
	Incident string `json:"incident,omitempty"`
}

// SystemFormation is a formation that holds a system.
type SystemFormation struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// SystemEntitlement is an entitlement configuration that holds a system.
type SystemEntitlement struct {
	ID         string `json:"id"`
	Plan       string `json:"plan"`
	Subaccount string `json:"subaccount"`
}

// SystemName is a system as other objects name it.
type SystemName struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// SystemService is what a paired system publishes.
type SystemService struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Provider    string `json:"provider"`
	Description string `json:"description"`
	API         bool   `json:"api"`
	Events      bool   `json:"events"`
	// EventTypes are those that it publishes, in answers about one system only.
	EventTypes []string `json:"eventTypes,omitempty"`
}

// SystemCertificate is a client certificate of a system. State is valid,
// expired, revoked or renewalBlocked.
type SystemCertificate struct {
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	State     string    `json:"state"`
}

// IntegrationToken is a token in the three forms that people copy: a secret.
type IntegrationToken struct {
	Token            string    `json:"token"`
	TokenURL         string    `json:"tokenUrl"`
	Encoded          string    `json:"encoded"`
	IssuedAt         time.Time `json:"issuedAt"`
	ExpiresAt        time.Time `json:"expiresAt"`
	RemainingSeconds int64     `json:"remainingSeconds"`
}

// TokenInspection says what a token is. Claims, State and System are empty where
// the registry knows nothing of it; Refusal is nil when it would be accepted.
type TokenInspection struct {
	Accepted         bool          `json:"accepted"`
	Now              time.Time     `json:"now"`
	Claims           *TokenClaims  `json:"claims,omitempty"`
	State            string        `json:"state,omitempty"`
	IssuedAt         time.Time     `json:"issuedAt,omitzero"`
	ExpiresAt        time.Time     `json:"expiresAt,omitzero"`
	RemainingSeconds int64         `json:"remainingSeconds"`
	System           *System       `json:"system,omitempty"`
	Refusal          *TokenRefusal `json:"refusal,omitempty"`
}

// TokenClaims are what a token says (docs/wire.md, Integration token).
type TokenClaims struct {
	Iss           string `json:"iss"`
	Aud           string `json:"aud"`
	Sub           string `json:"sub"`
	Jti           string `json:"jti"`
	Iat           int64  `json:"iat"`
	Exp           int64  `json:"exp"`
	GlobalAccount string `json:"global_account"`
	SystemType    string `json:"system_type"`
	TokenURL      string `json:"token_url"`
	Edition       string `json:"edition"`
}

// TokenRefusal is why a token would be refused.
type TokenRefusal struct {
	Code   string `json:"code"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Next   string `json:"next"`
	Source string `json:"source"`
}

// page is a list answer.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"nextCursor"`
}

// GlobalAccounts lists the global accounts.
func (o *Operator) GlobalAccounts(ctx context.Context) ([]GlobalAccount, error) {
	var answer page[GlobalAccount]
	err := o.do(ctx, http.MethodGet, "/api/v1/globalAccounts", nil, nil, &answer)
	return answer.Items, err
}

// GlobalAccount finds a global account by id or subdomain.
func (o *Operator) GlobalAccount(ctx context.Context, ga string) (a GlobalAccount, err error) {
	err = o.do(ctx, http.MethodGet, accountPath(ga), nil, nil, &a)
	return a, err
}

// CreateGlobalAccount adds a global account; without an id it gets one.
func (o *Operator) CreateGlobalAccount(ctx context.Context, a GlobalAccount, options ...CallOption) (created GlobalAccount, err error) {
	err = o.do(ctx, http.MethodPost, "/api/v1/globalAccounts", nil, a, &created, options...)
	return created, err
}

// Subaccounts lists the subaccounts of a global account.
func (o *Operator) Subaccounts(ctx context.Context, ga string) ([]Subaccount, error) {
	var answer page[Subaccount]
	err := o.do(ctx, http.MethodGet, accountPath(ga)+"/subaccounts", nil, nil, &answer)
	return answer.Items, err
}

// CreateSubaccount adds a subaccount; without an id it gets one. GlobalAccount is not read.
func (o *Operator) CreateSubaccount(ctx context.Context, ga string, s Subaccount, options ...CallOption) (created Subaccount, err error) {
	if s.Environments == nil {
		s.Environments = []string{}
	}
	body := map[string]any{
		"id": s.ID, "displayName": s.DisplayName, "subdomain": s.Subdomain, "region": s.Region, "environments": s.Environments,
	}
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/subaccounts", nil, body, &created, options...)
	return created, err
}

// SystemTypes lists the types that can be registered.
func (o *Operator) SystemTypes(ctx context.Context) ([]SystemType, error) {
	var answer page[SystemType]
	err := o.do(ctx, http.MethodGet, "/api/v1/systemTypes", nil, nil, &answer)
	return answer.Items, err
}

// Register adds a system to a global account. In edition v1 it comes with its
// first IntegrationToken.
func (o *Operator) Register(ctx context.Context, ga, name, systemType string, options ...CallOption) (s System, err error) {
	body := map[string]string{"name": name, "type": systemType}
	err = o.do(ctx, http.MethodPost, accountPath(ga)+"/systems", nil, body, &s, options...)
	return s, err
}

// System returns a system by id.
func (o *Operator) System(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodGet, systemPath(id), nil, nil, &s)
	return s, err
}

// SystemFilter selects systems; empty fields select all.
type SystemFilter struct {
	// Status is a code or label, in any case.
	Status, Type, Name string
	// PageSize is how many are fetched at once, 1 to 200; 0: the registry's default.
	PageSize int
}

// Systems goes through the systems of a global account, in the order of
// registration, fetching page by page. It ends with the first error.
func (o *Operator) Systems(ctx context.Context, ga string, f SystemFilter) iter.Seq2[System, error] {
	query := filters(f.PageSize, map[string]string{"status": f.Status, "type": f.Type, "name": f.Name})
	return pages[System](ctx, o.api, accountPath(ga)+"/systems", query)
}

// filters are the query parameters of a list; empty ones are left out.
func filters(pageSize int, values map[string]string) url.Values {
	query := url.Values{}
	for name, value := range values {
		if value != "" {
			query.Set(name, value)
		}
	}
	if pageSize != 0 {
		query.Set("limit", strconv.Itoa(pageSize))
	}
	return query
}

// pages goes through a list, fetching page by page. It ends with the first error.
func pages[T any](ctx context.Context, a api, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		query := maps.Clone(query) // a sequence may be gone through twice
		for {
			var answer page[T]
			if err := a.do(ctx, http.MethodGet, path, query, nil, &answer); err != nil {
				yield(none, err)
				return
			}
			for _, one := range answer.Items {
				if !yield(one, nil) {
					return
				}
			}
			if answer.NextCursor == "" {
				return
			}
			if answer.NextCursor == query.Get("cursor") {
				yield(none, fmt.Errorf("the list at %s does not end", path))
				return
			}
			query.Set("cursor", answer.NextCursor)
		}
	}
}

// SystemNamed finds a system of a global account by its exact name. Without one
// it returns a *Problem with code system-not-found.
func (o *Operator) SystemNamed(ctx context.Context, ga, name string) (System, error) {
	for s, err := range o.Systems(ctx, ga, SystemFilter{Name: name}) {
		if err != nil {
			return System{}, err
		}
		return o.System(ctx, s.ID)
	}
	return System{}, nobodyNamed("system", ga, name)
}

// nobodyNamed is the refusal of a search for the one object of a kind that has a name.
func nobodyNamed(kind, ga, name string) *Problem {
	return &Problem{
		Type: "urn:pairsim:problem:" + kind + "-not-found", Code: kind + "-not-found", Title: "No such " + kind, Status: http.StatusNotFound,
		Detail: fmt.Sprintf("global account %s has no %s %q", ga, kind, name), Next: "List " + kind + "s: pairsim " + kind + "s list.", Source: "pairsim",
		Method: http.MethodGet, Path: accountPath(ga) + "/" + kind + "s",
	}
}

// Deregister takes the connectivity of a system down; it returns the system as
// accepted. While formations or entitlements hold it, it is refused with
// system-in-use, and the *Problem names them.
func (o *Operator) Deregister(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodPost, systemPath(id)+"/deregistration", nil, nil, &s)
	return s, err
}

// Remove deletes the record of a system that is not registered, in edition v2;
// it returns the system as accepted.
func (o *Operator) Remove(ctx context.Context, id string) (s System, err error) {
	err = o.do(ctx, http.MethodDelete, systemPath(id), nil, nil, &s)
	return s, err
}

// IssueToken makes a new token for a system; it voids the present one.
func (o *Operator) IssueToken(ctx context.Context, id string, options ...CallOption) (t IntegrationToken, err error) {
	err = o.do(ctx, http.MethodPost, systemPath(id)+"/tokens", nil, nil, &t, options...)
	return t, err
}

// ShowToken returns the present token of a type that shows it again; others are
// refused with token-shown-once.
func (o *Operator) ShowToken(ctx context.Context, id string) (t IntegrationToken, err error) {
	err = o.do(ctx, http.MethodGet, systemPath(id)+"/token", nil, nil, &t)
	return t, err
}

// InspectToken says what a token, in any form, is and why it would be refused.
func (o *Operator) InspectToken(ctx context.Context, token string) (in TokenInspection, err error) {
	err = o.do(ctx, http.MethodPost, "/api/v1/tokens/inspection", nil, map[string]string{"token": token}, &in)
	return in, err
}

// OpenAPI returns the API's OpenAPI document, as JSON.
func (o *Operator) OpenAPI(ctx context.Context) (doc json.RawMessage, err error) {
	err = o.do(ctx, http.MethodGet, "/api/v1/openapi.json", nil, nil, &doc)
	return doc, err
}

func accountPath(ga string) string { return "/api/v1/globalAccounts/" + url.PathEscape(ga) }

func systemPath(id string) string { return "/api/v1/systems/" + url.PathEscape(id) }

// api makes calls to one of pairsim's own APIs.
type api struct {
	base   string
	client *http.Client
	prefer string // RFC 7240, sent where it is set
	token  string // RFC 6750, sent where it is set
}

func newAPI(baseURL string, client *http.Client) api {
	if client == nil {
		client = &http.Client{}
	}
	// Redirects are not followed: a token could be sent elsewhere.
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return api{base: strings.TrimRight(baseURL, "/"), client: &own}
}

// CallOption is what one call asks beside its arguments.
type CallOption func(http.Header)

// IfMatch makes a change only if the object still has this ETag; otherwise it is
// refused with precondition-failed. "" asks nothing.
func IfMatch(tag string) CallOption {
	return func(h http.Header) { setUnlessEmpty(h, "If-Match", tag) }
}

// IdempotencyKey makes a create safe to repeat: with the same key, the same
// request gets what it made the first time. "" repeats nothing.
func IdempotencyKey(key string) CallOption {
	return func(h http.Header) { setUnlessEmpty(h, "Idempotency-Key", key) }
}

func setUnlessEmpty(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

// do makes one call, within 30 seconds, and decodes a 2xx answer into answer,
// and its entity tag if answer keeps one. Without an answer it reads none.
func (a api) do(ctx context.Context, method, path string, query url.Values, body, answer any, options ...CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	res, err := a.send(ctx, method, path, query, body, "application/json", options...)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := readAnswer(res, method, path)
	if err != nil || answer == nil {
		return err
	}
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	if json.Unmarshal(text, answer) != nil {
		return a.otherForm(Call{Method: method, Path: path, Status: res.StatusCode})
	}
	if versioned, ok := answer.(interface{ tagged(tag string) }); ok {
		versioned.tagged(res.Header.Get("ETag"))
	}
	return nil
}

func (a api) badBase() error {
	return fmt.Errorf("the base URL %q cannot be used: want http(s)://host[:port]", a.base)
}

// otherForm leaves out the decoder's error, which could quote a token.
func (a api) otherForm(call Call) error {
	return fmt.Errorf("%s %s answered %d with JSON of another form", call.Method, call.Path, call.Status)
}

// asItIs is a body that is sent byte for byte.
type asItIs []byte

// send makes a call; a refusal is returned as *Problem.
func (a api) send(ctx context.Context, method, path string, query url.Values, body any, accept string, options ...CallOption) (*http.Response, error) {
	target := a.base + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var content io.Reader
	if whole, ok := body.(asItIs); ok {
		content = bytes.NewReader(whole)
	} else if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, a.badBase()
	}
	req.Header.Set("Accept", accept)
	if a.prefer != "" {
		req.Header.Set("Prefer", a.prefer)
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, option := range options {
		option(req.Header)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, unreachable(Call{Method: method, Path: path}, err)
	}
	if res.StatusCode/100 == 2 {
		return res, nil
	}
	defer res.Body.Close()
	text, err := readAnswer(res, method, path)
	if err != nil {
		return nil, err
	}
	return nil, problemOf(res.StatusCode, method, path, text)
}

func readAnswer(res *http.Response, method, path string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, unreachable(Call{Method: method, Path: path}, err)
	}
	if len(text) > maxAnswer {
		return nil, fmt.Errorf("%s %s answered with more than %d bytes", method, path, maxAnswer)
	}
	return text, nil
}

func problemOf(status int, method, path string, body []byte) *Problem {
	var doc struct {
		Type, Title, Detail, Next, Source string
		Blockers                          []Blocker
		Findings                          []Finding
	}
	p := &Problem{Status: status, Method: method, Path: path}
	if json.Unmarshal(body, &doc) != nil || doc.Type == "" {
		p.Title = http.StatusText(status)
		return p
	}
	p.Type, p.Title, p.Detail = clean(doc.Type), clean(doc.Title), clean(doc.Detail)
	p.Next, p.Source = clean(doc.Next), clean(doc.Source)
	for _, b := range doc.Blockers {
		p.Blockers = append(p.Blockers, Blocker{clean(b.Kind), clean(b.ID), clean(b.Name)})
	}
	for _, f := range doc.Findings {
		p.Findings = append(p.Findings, Finding{clean(f.Path), clean(f.Problem)})
	}
	if code, ours := strings.CutPrefix(p.Type, "urn:pairsim:problem:"); ours {
		p.Code = code
	}
	return p
}
