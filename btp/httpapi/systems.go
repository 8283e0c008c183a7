package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
)

const (
	defaultPage = 50
	maxPage     = 200
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
}

// system is a system with what belongs to it (docs/wire.md, Registry REST).
type system struct {
	systemRow
	Token            *tokenState       `json:"token,omitempty"`
	Services         []service         `json:"services"`
	Certificates     []certificate     `json:"certificates"`
	IntegrationToken *integrationToken `json:"integrationToken,omitempty"`
}

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
	if f := sys.Failure; f != nil {
		row.Error = &failure{f.Cause, f.Step, f.Component, f.At.UTC()}
	}
	return row
}

func (s *server) systemOf(v btp.SystemView) system {
	sys := system{systemRow: s.rowOf(v.System), Services: make([]service, len(v.Services)), Certificates: make([]certificate, len(v.Certificates))}
	if t := v.Token; t != nil {
		sys.Token = &tokenState{t.State, t.IssuedAt.UTC(), t.ExpiresAt.UTC()}
	}
	for i, one := range v.Services {
		sys.Services[i] = service{one.ID, one.Name, one.Provider, one.Description, one.API != nil, one.Events != nil}
	}
	for i, one := range v.Certificates {
		sys.Certificates[i] = certificate{one.Serial, one.NotBefore.UTC(), one.NotAfter.UTC(), certificateState(one, v.Now)}
	}
	return sys
}

// certificateState names what a certificate is good for at now. renewalBlocked:
// the client revoked it itself, which blocks its renewal only (design §4).
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
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	infoURL := s.URLs.InfoURL(c.Request)
	sys, token, err := s.Registry.Register(c.Request.Context(), c.Param("ga"), req.Name, req.Type, infoURL)
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
	c.Header("Location", "/api/v1/systems/"+string(sys.ID))
	return Respond(c, http.StatusCreated, answer)
}

func (s *server) listSystems(c *gin.Context) error {
	f, err := s.readFilter(c)
	if err != nil {
		return err
	}
	page, more, err := s.Registry.Systems(c.Request.Context(), f)
	if err != nil {
		return err
	}
	answer := listOf(page, s.rowOf)
	if more && len(page) > 0 {
		answer.NextCursor = cursorOf(f, page[len(page)-1].Sequence)
	}
	return Respond(c, http.StatusOK, answer)
}

func (s *server) readFilter(c *gin.Context) (f btp.SystemFilter, err error) {
	q, err := ReadQuery(c, "status", "type", "name", "limit", "cursor")
	if err != nil {
		return f, err
	}
	f = btp.SystemFilter{GlobalAccount: btp.GlobalAccountID(c.Param("ga")), Type: q.Text("type"), Name: q.Text("name")}
	if f.Status, err = s.statusNamed(q.Text("status")); err != nil {
		return f, err
	}
	if f.Type != "" {
		if _, err := btp.TypeNamed(f.Type); err != nil {
			return f, err
		}
	}
	if f.Limit, err = q.Limit(defaultPage, maxPage); err != nil {
		return f, err
	}
	f.After, err = readCursor(q.Text("cursor"), f)
	return f, err
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
	view, err := s.Registry.System(c.Request.Context(), btp.SystemID(c.Param("id")))
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
