package tenant

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/jsonbody"
	"github.com/pairsim/pairsim/internal/problem"
	"github.com/pairsim/pairsim/internal/publicurl"
	"github.com/pairsim/pairsim/internal/stamp"
)

const (
	maxBody        = 64 << 10 // bytes
	maxDescription = 256      // bytes
	maxWait        = 60       // seconds
)

// Handler serves the tenants alone.
func Handler(tenants ...*Tenant) http.Handler {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	Register(e, tenants...)
	e.NoRoute(func(c *gin.Context) { write(c, refuse(routeNotFound, "there is nothing at this path")) })
	e.NoMethod(func(c *gin.Context) {
		write(c, refuse(methodNotAllowed, "allowed here: %s", c.Writer.Header().Get("Allow")))
	})
	return e
}

// Register mounts the tenants' routes, /tenants and below (docs/wire.md,
// Tenants). It panics when two tenants have the same id.
func Register(router gin.IRouter, tenants ...*Tenant) {
	s := server{tenants: tenants, byID: map[string]*Tenant{}}
	for _, t := range tenants {
		if s.byID[t.ID()] != nil {
			panic("tenant: two tenants have the id " + t.ID())
		}
		s.byID[t.ID()] = t
	}
	router.GET("/tenants", s.dated, s.listOwn)
	router.GET(documentPath, s.dated, showOpenAPI)
	g := router.Group("/tenants/:tenant", s.dated)
	g.GET("", s.on(show))
	g.POST("/pairings", s.on(pair))
	g.GET("/pairings", s.on(listPairings))
	g.GET("/pairings/:id", s.on(showPairing))
	g.DELETE("/pairings/:id", s.on(deletePairing))
	g.POST("/pairings/:id/disablement", s.on(disablePairing))
	g.POST("/pairings/:id/enablement", s.on(enablePairing))
	g.POST("/events", s.on(sendEvent))
	g.POST("/renewal", s.on(renew))
	g.POST("/revocation", s.on(revoke))
	g.GET("/apis", s.on(listAPIs))
	g.GET("/specifications/:identifier", s.on(specification))
	g.POST("/callback/deregistration", s.on(noticeDeregistration))
	g.POST("/callback/wake", s.on(wake))
	s.registerCommunication(g)
	for _, method := range apiMethods {
		g.Handle(method, "/api/*path", s.on(serveAPI))
	}
}

// dated puts the registry's time on answers, as the tenant knows it, unless the
// listener is the registry's too and has done so.
func (s server) dated(c *gin.Context) {
	t := s.byID[c.Param("tenant")]
	if t == nil && len(s.tenants) > 0 {
		t = s.tenants[0]
	}
	if t != nil && c.Writer.Header().Get("Date") == "" {
		stamp.Answers(t.now, stamp.Date)(c)
	}
}

// apiMethods are those that a product's API may see; what reads sees HEAD too,
// from who mounts the routes. MERGE is OData's.
var apiMethods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, "MERGE", http.MethodDelete}

type server struct {
	tenants []*Tenant
	byID    map[string]*Tenant
}

// on finds the tenant of the path, and writes the problem of an error.
func (s server) on(do func(*gin.Context, *Tenant) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		t := s.byID[c.Param("tenant")]
		if t == nil {
			write(c, refuse(tenantNotFound, "there is no tenant %q", clip(c.Param("tenant"), 63)))
			return
		}
		if !ofProduct(c.FullPath()) {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
		}
		err := t.authorized(c, do)
		if err == nil {
			return
		}
		if p := write(c, err); p.Status >= 500 {
			t.cfg.Logger.Error("request failed", "method", c.Request.Method, "path", problem.Path(c.Request.URL.Path), "error", err)
		}
	}
}

// write answers with the problem of err. An error that is no refusal is answered
// without its text.
func write(c *gin.Context, err error) problem.Document {
	r := refuse(internal, "")
	errors.As(err, &r)
	p := documentOf(r.Code)
	p.Detail, p.Instance = r.Detail, publicurl.Path(c.Request, problem.Path(c.Request.URL.Path))
	problem.Write(c.Writer, p)
	c.Abort()
	return p
}

// answer is a tenant as its admin sees it.
type answer struct {
	ID         string      `json:"id"`
	Product    string      `json:"product"` // the system type
	Console    Console     `json:"console"`
	Connection *connAnswer `json:"connection"` // null: not paired
}

// connAnswer is the row that the tenant is paired by, in use or disabled.
type connAnswer struct {
	Pairing         string       `json:"pairing"`
	Status          Status       `json:"status"`
	SystemID        string       `json:"systemId"`
	ApplicationName string       `json:"applicationName"`
	Certificate     *Certificate `json:"certificate,omitempty"`
}

func describeTenant(t *Tenant) answer {
	a := answer{ID: t.ID(), Product: t.cfg.Product.SystemType, Console: t.cfg.Product.Console}
	if p, ok := t.Connection(); ok {
		a.Connection = &connAnswer{
			Pairing: p.ID, Status: p.Status, SystemID: p.SystemID, ApplicationName: p.ApplicationName, Certificate: p.Certificate,
		}
	}
	return a
}

func (s server) list(c *gin.Context) {
	items := make([]answer, len(s.tenants))
	for i, t := range s.tenants {
		items[i] = describeTenant(t)
	}
	c.JSON(http.StatusOK, gin.H{"items": items})
}

func show(c *gin.Context, t *Tenant) error {
	c.JSON(http.StatusOK, describeTenant(t))
	return nil
}

func pair(c *gin.Context, t *Tenant) error {
	var body struct {
		Token       string `json:"token"`
		Description string `json:"description"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if strings.TrimSpace(body.Token) == "" {
		return refuse(invalidRequest, "token: is required")
	}
	if len(body.Description) > maxDescription {
		return refuse(invalidRequest, "description: is longer than %d bytes", maxDescription)
	}
	p, err := t.Start(c.Request.Context(), body.Token, body.Description)
	if err != nil {
		return err
	}
	p = preferEnded(c, t, p)
	c.Header("Location", publicurl.Path(c.Request, strings.TrimRight(c.Request.URL.Path, "/")+"/"+p.ID))
	c.JSON(http.StatusCreated, p)
	return nil
}

func listPairings(c *gin.Context, t *Tenant) error {
	c.JSON(http.StatusOK, gin.H{"items": t.Pairings()})
	return nil
}

func showPairing(c *gin.Context, t *Tenant) error {
	p, err := t.Pairing(c.Param("id"))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, preferEnded(c, t, p))
	return nil
}

func disablePairing(c *gin.Context, t *Tenant) error {
	p, err := t.Disable(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}

func enablePairing(c *gin.Context, t *Tenant) error {
	p, err := t.Enable(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, p)
	return nil
}

func deletePairing(c *gin.Context, t *Tenant) error {
	if err := t.Delete(c.Request.Context(), c.Param("id")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// wake is for the registry, whose clock has come to an instant that the tenant
// had named.
func wake(c *gin.Context, t *Tenant) error {
	if err := t.wake(c.Request.Context()); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// noticeDeregistration is for the registry, which proves itself by what it
// signed; no administrator is asked.
func noticeDeregistration(c *gin.Context, t *Tenant) error {
	jws, err := bearer(c.GetHeader("Authorization"))
	if err != nil {
		c.Header("WWW-Authenticate", "Bearer")
		return err
	}
	var n notice
	if err := decode(c, &n); err != nil {
		return err
	}
	if err := n.validate(); err != nil {
		return err
	}
	if err := t.noticeDeregistration(c.Request.Context(), jws, n); err != nil {
		if p := refuse(internal, ""); errors.As(err, &p) && p.Code == noticeInvalid {
			c.Header("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 §3
		}
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func sendEvent(c *gin.Context, t *Tenant) error {
	var body struct {
		Type    string       `json:"type"`
		Version string       `json:"version"`
		Data    jsonbody.Any `json:"data"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	id, err := t.SendEvent(c.Request.Context(), body.Type, body.Version, body.Data.RawMessage)
	if err != nil {
		return err
	}
	c.JSON(http.StatusAccepted, gin.H{"eventId": id})
	return nil
}

func renew(c *gin.Context, t *Tenant) error {
	if _, err := t.Renew(c.Request.Context()); err != nil {
		return err
	}
	return show(c, t)
}

func revoke(c *gin.Context, t *Tenant) error {
	if _, err := t.Revoke(c.Request.Context()); err != nil {
		return err
	}
	return show(c, t)
}

// apiAnswer is an API as the tenant's administrator sees it, with the throwaway
// credentials that the tenant registers.
type apiAnswer struct {
	Identifier  string        `json:"identifier"`
	Name        string        `json:"name"`
	Description string        `json:"description"`
	TargetURL   string        `json:"targetUrl"`
	Served      bool          `json:"served"` // by the tenant itself
	CSRF        bool          `json:"csrf"`
	Basic       *basicAnswer  `json:"basic,omitempty"`
	OAuth       *clientAnswer `json:"oauth,omitempty"`
}

type basicAnswer struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

type clientAnswer struct {
	TokenURL     string `json:"tokenUrl"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

func listAPIs(c *gin.Context, t *Tenant) error {
	items := make([]apiAnswer, len(t.cfg.Product.APIs))
	for i, a := range t.cfg.Product.APIs {
		doc := a.document(t.base, t.facing, t.state.Credentials[a.Identifier])
		items[i] = apiAnswer{
			Identifier: a.Identifier, Name: a.Name, Description: a.Description, TargetURL: doc.TargetURL,
			Served: t.apis.responders[a.Identifier] != nil, CSRF: a.CSRF,
		}
		if o := doc.Credentials.OAuth; o != nil {
			items[i].OAuth = &clientAnswer{o.URL, o.ClientID, o.ClientSecret}
		} else if b := doc.Credentials.Basic; b != nil {
			items[i].Basic = &basicAnswer{b.Username, b.Password}
		}
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, gin.H{"items": items})
	return nil
}

func specification(c *gin.Context, t *Tenant) error {
	doc, contentType, ok := t.cfg.Product.specification(c.Param("identifier"))
	if !ok {
		return refuse(specificationNotFound, "%s has no specification %q", t.cfg.Product.SystemType, clip(c.Param("identifier"), 100))
	}
	c.Data(http.StatusOK, contentType, doc)
	return nil
}

// decode reads exactly one JSON object, as strictly as jsonbody does. Requiring the media
// type also keeps forms of foreign web pages out.
func decode(c *gin.Context, into any) error {
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		return refuse(unsupportedMediaType, "Content-Type is %q, want application/json", clip(c.GetHeader("Content-Type"), 100))
	}
	body, err := io.ReadAll(c.Request.Body)
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return refuse(bodyTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return refuse(invalidRequest, "the body broke off")
	}
	if err := jsonbody.Decode(body, into); err != nil {
		return refuse(invalidRequest, "%s", err.Error())
	}
	return nil
}

// preferEnded waits for the end of p as long as the request prefers to
// (RFC 7240 §4.3), and returns it as it is then.
func preferEnded(c *gin.Context, t *Tenant, p Pairing) Pairing {
	seconds := preferredWait(c.Request.Header.Values("Prefer"))
	if seconds == 0 || p.Ended() {
		return p
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	c.Header("Preference-Applied", "wait="+strconv.Itoa(seconds))
	if later, err := t.Wait(ctx, p.ID); err == nil || ctx.Err() != nil && later.ID != "" {
		return later
	}
	return p
}

// preferredWait reads wait=N, at most 60; anything else is ignored, as
// preferences are.
func preferredWait(headers []string) int {
	for preference := range slices.Values(strings.Split(strings.Join(headers, ","), ",")) {
		key, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
		if !strings.EqualFold(strings.TrimSpace(key), "wait") {
			continue
		}
		if n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`)); err == nil && n > 0 {
			return min(n, maxWait)
		}
		return 0
	}
	return 0
}
