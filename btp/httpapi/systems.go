package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
)

type status struct {
	Code  btp.Status `json:"code"`
	Label string     `json:"label"`
}

// systemRow is a system as it stands in a list.
type systemRow struct {
	ID              btp.SystemID        `json:"id"`
	Name            string              `json:"name"`
	Type            string              `json:"type"`
	GlobalAccount   btp.GlobalAccountID `json:"globalAccount"`
	Edition         string              `json:"edition"`
	Status          status              `json:"status"`
	ApplicationName string              `json:"applicationName"`
	CreatedAt       time.Time           `json:"createdAt"`
	UpdatedAt       time.Time           `json:"updatedAt"`
	RegisteredAt    time.Time           `json:"registeredAt,omitzero"`
	Tenant          *tenant             `json:"tenant,omitempty"`
	Error           *failure            `json:"error,omitempty"`
	Discovery       discovery           `json:"discovery"`
}

// discovery is how a row came, and what SAP's landscape tells of its system.
type discovery struct {
	Mode           string   `json:"mode"`
	Label          string   `json:"label"`
	URL            string   `json:"url,omitempty"`
	SystemID       string   `json:"systemId,omitempty"`
	BusinessType   string   `json:"businessType,omitempty"`
	CorrelationIDs []string `json:"correlationIds,omitempty"`
}

func discoveryOf(s *btp.System) discovery {
	shown := discovery{Mode: "manual", Label: s.DiscoveryLabel()}
	if s.AutoDiscovered() {
		shown.Mode = "auto"
	}
	if d := s.Discovery; d != nil {
		shown.URL, shown.SystemID, shown.BusinessType, shown.CorrelationIDs = d.URL, d.SystemID, d.BusinessType, d.CorrelationIDs
	}
	return shown
}

// system is a system with what belongs to it (docs/wire.md, Registry REST).
type system struct {
	systemRow
	Token            *tokenState       `json:"token,omitempty"`
	Services         []service         `json:"services"`
	Certificates     []certificate     `json:"certificates"`
	Formations       []formationName   `json:"formations"`
	Entitlements     []entitlementName `json:"entitlements"`
	MergeTargets     []systemName      `json:"mergeTargets,omitempty"`
	IntegrationToken *integrationToken `json:"integrationToken,omitempty"`
}

// formationName and entitlementName are what holds a system.
type formationName struct {
	ID   btp.FormationID `json:"id"`
	Name string          `json:"name"`
}

type entitlementName struct {
	ID         btp.EntitlementID `json:"id"`
	Plan       string            `json:"plan"`
	Subaccount btp.SubaccountID  `json:"subaccount"`
}

// systemName is a system as other objects name it.
type systemName struct {
	ID   btp.SystemID `json:"id"`
	Name string       `json:"name"`
	Type string       `json:"type"`
}

func systemNameOf(s btp.System) systemName { return systemName{s.ID, s.Name, s.Type} }

type tenant struct {
	TenantID               string   `json:"tenantId"`
	URL                    string   `json:"url"`
	CallbackURL            string   `json:"callbackUrl,omitempty"`
	CommunicationScenarios []string `json:"communicationScenarios"`
}

type failure struct {
	Cause     string    `json:"cause"`
	Step      btp.Point `json:"step"`
	Component string    `json:"component"`
	At        time.Time `json:"at"`
	// Incident is the open one, in answers about one system only.
	Incident btp.IncidentID `json:"incident,omitempty"`
}

func failureOf(f *btp.Failure) *failure {
	if f == nil {
		return nil
	}
	return &failure{Cause: f.Cause, Step: f.Step, Component: f.Component, At: f.At.UTC()}
}

type tokenState struct {
	State     btp.TokenState `json:"state"`
	IssuedAt  time.Time      `json:"issuedAt"`
	ExpiresAt time.Time      `json:"expiresAt"`
}

type service struct {
	ID          btp.ServiceID `json:"id"`
	Name        string        `json:"name"`
	Provider    string        `json:"provider"`
	Description string        `json:"description"`
	API         bool          `json:"api"`
	Events      bool          `json:"events"`
	// EventTypes are those that it publishes, in answers about one system only.
	EventTypes []string `json:"eventTypes,omitempty"`
}

func serviceOf(s btp.Service) service {
	return service{ID: s.ID, Name: s.Name, Provider: s.Provider, Description: s.Description, API: s.API != nil, Events: s.Events != nil}
}

type certificate struct {
	Serial    btp.Serial `json:"serial"`
	NotBefore time.Time  `json:"notBefore"`
	NotAfter  time.Time  `json:"notAfter"`
	State     string     `json:"state"`
}

func (s *server) rowOf(sys btp.System) systemRow {
	e := s.Registry.Edition()
	row := systemRow{
		ID: sys.ID, Name: sys.Name, Type: sys.Type, GlobalAccount: sys.GlobalAccount, Edition: e.ID,
		Status: status{sys.Status, e.Label(sys.Status)}, ApplicationName: sys.ApplicationName,
		CreatedAt: sys.CreatedAt.UTC(), UpdatedAt: sys.UpdatedAt.UTC(), RegisteredAt: sys.RegisteredAt,
	}
	if !row.RegisteredAt.IsZero() {
		row.RegisteredAt = row.RegisteredAt.UTC()
	}
	if t := sys.Tenant; t != nil {
		row.Tenant = &tenant{t.TenantID, t.URL, t.CallbackURL, append([]string{}, t.CommunicationScenarios...)}
	}
	row.Error = failureOf(sys.Failure)
	row.Discovery = discoveryOf(&sys)
	return row
}

func (s *server) systemOf(v btp.SystemView) system {
	sys := system{
		systemRow: s.rowOf(v.System), Services: make([]service, len(v.Services)), Certificates: make([]certificate, len(v.Certificates)),
		Formations: make([]formationName, len(v.Formations)), Entitlements: make([]entitlementName, len(v.Entitlements)),
	}
	if sys.Error != nil {
		sys.Error.Incident = v.Incident
	}
	if t := v.Token; t != nil {
		sys.Token = &tokenState{t.State, t.IssuedAt.UTC(), t.ExpiresAt.UTC()}
	}
	for i, one := range v.Services {
		sys.Services[i] = serviceOf(one)
		sys.Services[i].EventTypes = one.EventTypes()
	}
	for i, one := range v.Formations {
		sys.Formations[i] = formationName{one.ID, one.Name}
	}
	for i, one := range v.Entitlements {
		sys.Entitlements[i] = entitlementName{one.ID, one.Plan, one.Subaccount}
	}
	for _, one := range v.MergeTargets {
		sys.MergeTargets = append(sys.MergeTargets, systemNameOf(one))
	}
	for i, one := range v.Certificates {
		sys.Certificates[i] = certificate{one.Serial, one.NotBefore.UTC(), one.NotAfter.UTC(), certificateState(one, v.Now)}
	}
	return sys
}

// certificateState names what a certificate is good for at now. renewalBlocked:
// the client revoked it itself, which blocks its renewal only (design §4); where it
// blocks every call, the registry calls it revoked.
func certificateState(c btp.Certificate, now time.Time) string {
	switch {
	case c.Revoked:
		return "revoked"
	case now.After(c.NotAfter):
		return "expired"
	case c.RenewalBlocked:
		return "renewalBlocked"
	}
	return "valid"
}

func (s *server) registerSystem(c *gin.Context) error {
	var req struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	infoURL := s.URLs.InfoURL(c.Request)
	sys, token, err := s.Registry.Register(c.Request.Context(), c.Param("ga"), req.Name, req.Type, infoURL, key)
	if err != nil {
		return err
	}
	view := btp.SystemView{System: sys}
	if token != nil {
		view.Token = &token.Token
	}
	answer := s.systemOf(view)
	if token != nil {
		answer.IntegrationToken = integrationTokenOf(token, infoURL)
		c.Header("Cache-Control", "no-store")
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/systems/"+string(sys.ID)))
	return Respond(c, http.StatusCreated, answer)
}

func (s *server) listSystems(c *gin.Context) error {
	f, p, err := s.readFilter(c)
	if err != nil {
		return err
	}
	page, more, err := s.Registry.ReadSystems(c.Request.Context(), f)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, PageOf(page, more, p, func(s btp.System) uint64 { return s.Sequence }, s.rowOf))
}

func (s *server) readFilter(c *gin.Context) (f btp.SystemFilter, p Page, err error) {
	q, err := ReadQuery(c, "status", "type", "name", "limit", "cursor")
	if err != nil {
		return f, p, err
	}
	f = btp.SystemFilter{GlobalAccount: btp.GlobalAccountID(c.Param("ga")), Type: q.Text("type"), Name: q.Text("name")}
	if f.Status, err = s.statusNamed(q.Text("status")); err != nil {
		return f, p, err
	}
	p, err = q.Page("systems", string(f.GlobalAccount), string(f.Status), f.Type, f.Name)
	f.After, f.Limit = p.After, p.Limit
	return f, p, err
}

// statusNamed finds a status of the edition by code or label, ignoring case;
// "" is no filter.
func (s *server) statusNamed(text string) (btp.Status, error) {
	if text == "" {
		return "", nil
	}
	e := s.Registry.Edition()
	var known []string
	for _, code := range btp.Statuses {
		label, has := e.Labels[code]
		if !has {
			continue
		}
		if strings.EqualFold(text, string(code)) || strings.EqualFold(text, label) {
			return code, nil
		}
		known = append(known, string(code)+" ("+strconv.Quote(label)+")")
	}
	return "", btp.Errorf(btp.InvalidRequest, "there is no status %.60q; statuses are %s", text, strings.Join(known, ", "))
}

func (s *server) showSystem(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	view, err := s.Registry.ReadSystem(c.Request.Context(), btp.SystemID(c.Param("id")))
	if err != nil {
		return err
	}
	body, err := marshal(s.systemOf(view))
	if err != nil {
		return err
	}
	tag := entityTag(body)
	c.Header("ETag", tag)
	if tagMatches(c.GetHeader("If-None-Match"), tag) {
		c.Status(http.StatusNotModified)
		c.Writer.WriteHeaderNow()
		return nil
	}
	c.Data(http.StatusOK, "application/json", body)
	return nil
}

// deregisterSystem answers with the system as accepted: how it ends is seen at
// its Location.
func (s *server) deregisterSystem(c *gin.Context) error {
	return s.accepted(c, s.Registry.Deregister)
}

func (s *server) removeSystem(c *gin.Context) error {
	return s.accepted(c, s.Registry.Remove)
}

// mergeSystem answers with the target, which has what was the source's.
func (s *server) mergeSystem(c *gin.Context) error {
	var req struct {
		Target string `json:"target"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	sys, err := s.Registry.Merge(c.Request.Context(), btp.SystemID(c.Param("id")), btp.SystemID(req.Target))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, s.rowOf(sys))
}

func (s *server) accepted(c *gin.Context, do func(context.Context, btp.SystemID) (btp.System, error)) error {
	if err := ReadNothing(c); err != nil {
		return err
	}
	sys, err := do(c.Request.Context(), btp.SystemID(c.Param("id")))
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/systems/"+string(sys.ID)))
	return Respond(c, http.StatusAccepted, s.rowOf(sys))
}

// entityTag is weak: it stands for what the body says, not for its bytes.
func entityTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `W/"` + hex.EncodeToString(sum[:12]) + `"`
}

// tagMatches compares weakly (RFC 9110 §13.1.2).
func tagMatches(ifNoneMatch, tag string) bool {
	for _, one := range strings.Split(ifNoneMatch, ",") {
		one = strings.TrimSpace(one)
		if one == "*" || strings.TrimPrefix(one, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}
