package tenant

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/records"
)

// The product's own APIs, below {tenant}/api. Their callers are no administrators:
// they come with the credentials that the tenant registered with each API.

const (
	maxAPIBody     = 256 << 10 // bytes
	maxTokens      = 1000      // of a tenant; the oldest go first
	maxFormBody    = 8 << 10   // bytes
	tokenLifetime  = time.Hour
	csrfLifetime   = 30 * time.Minute
	csrfHeader     = "X-CSRF-Token"
	sessionCookie  = "SAP_SESSIONID"
	clockPatience  = 2 * time.Second
	maxCredentials = 4 << 10 // bytes of an Authorization header
)

// Backend is what an API of a product works on.
type Backend struct {
	Store *records.Store
	Root  string // URL of the API, without slash at its end
}

// Responder answers the authenticated calls of an API. path is what of the
// request's escaped path stands below the API's own.
type Responder interface {
	Serve(w http.ResponseWriter, r *http.Request, path string)
}

// apis are the product's APIs at work.
type apis struct {
	responders map[string]Responder // by identifier; none for an API that is elsewhere
	csrfKey    []byte

	mu     sync.Mutex
	tokens map[string]accessGrant
	order  []string             // of tokens, oldest first
	held   map[string]heldToken // of other servers, by arrangement
}

// accessGrant is what an access token of the product stands for.
type accessGrant struct {
	api     string // of a registered client, by identifier
	expires time.Time

	arrangement string          // instead: of a communication arrangement
	apis        map[string]bool // nil: all that its scenario has
}

func (t *Tenant) openAPIs() {
	t.apis.responders, t.apis.tokens = map[string]Responder{}, map[string]accessGrant{}
	t.apis.csrfKey = make([]byte, 32)
	_, _ = rand.Read(t.apis.csrfKey) // never fails
	for _, a := range t.cfg.Product.APIs {
		if a.Open != nil && a.TargetURL == "" {
			t.apis.responders[a.Identifier] = a.Open(Backend{Store: t.records, Root: t.base + "/api" + a.Path})
		}
	}
}

// serveAPI answers below /tenants/{tenant}/api.
func serveAPI(c *gin.Context, t *Tenant) error {
	_, path, found := strings.Cut(c.Request.URL.EscapedPath(), "/tenants/"+t.cfg.ID+"/api/")
	if !found {
		return refuse(routeNotFound, "there is nothing at this path")
	}
	path = "/" + path
	if communication := t.cfg.Product.Communication; communication != nil && path == communication.TokenPath {
		t.issueForAssertion(c.Writer, c.Request)
		return nil
	}
	for _, a := range t.cfg.Product.APIs {
		if a.Auth == OAuth && path == a.TokenPath && t.apis.responders[a.Identifier] != nil {
			t.issueAccess(c.Writer, c.Request, a.TokenPath)
			return nil
		}
	}
	for _, a := range t.cfg.Product.APIs {
		below, ok := strings.CutPrefix(path, a.Path)
		if responder := t.apis.responders[a.Identifier]; ok && responder != nil && (below == "" || below[0] == '/') {
			c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxAPIBody)
			if t.admit(c.Writer, c.Request, a) {
				responder.Serve(c.Writer, c.Request, below)
			}
			return nil
		}
	}
	return refuse(routeNotFound, "%s of tenant %s has no API at this path that this process answers", t.cfg.Product.SystemType, t.cfg.ID)
}

// admit lets a call with the API's credentials in, and otherwise answers it.
func (t *Tenant) admit(w http.ResponseWriter, r *http.Request, a API) bool {
	reading := r.Method == http.MethodGet || r.Method == http.MethodHead
	if a.Auth == OAuth || !reading {
		t.askTime(r.Context())
	}
	if a.Auth == OAuth {
		return t.admitToken(w, r, a)
	}
	user, password, _ := r.BasicAuth()
	if want := t.state.Credentials[a.Identifier]; len(r.Header.Get("Authorization")) > maxCredentials || !same(user, want.ID) || !same(password, want.Secret) {
		if strings.HasPrefix(strings.ToLower(r.Header.Get("Authorization")), "bearer ") && reading {
			t.askTime(r.Context())
		}
		allowed, known := t.arranged(r, a)
		if !known {
			t.challenge(w, r)
			return false
		}
		if !allowed {
			http.Error(w, "No authorization: the communication scenario does not have this service.", http.StatusForbidden)
			return false
		}
	}
	if a.CSRF {
		return t.guardCSRF(w, r, a.Identifier, reading)
	}
	return true
}

// challenge answers who has no good credentials: with a bad token as RFC 6750 has it.
func (t *Tenant) challenge(w http.ResponseWriter, r *http.Request) {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+t.cfg.Product.SystemType+`", error="invalid_token"`)
		http.Error(w, "Logon failed: the access token is unknown or has expired.", http.StatusUnauthorized)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="`+t.cfg.Product.SystemType+`"`)
	http.Error(w, "Logon failed: user or password is wrong or missing.", http.StatusUnauthorized)
}

func same(got, want string) bool { return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 }

// askTime takes the registry's present time, as what follows depends on it; while
// the registry cannot be asked, the time last told holds.
func (t *Tenant) askTime(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, clockPatience)
	defer cancel()
	_, _ = t.connector.Traced(t.readClock).Configuration(ctx)
}

// guardCSRF hands out a token to who reads with X-CSRF-Token: Fetch, and lets
// changes in only with one of the same session (SAP Gateway, CSRF protection).
func (t *Tenant) guardCSRF(w http.ResponseWriter, r *http.Request, api string, reading bool) bool {
	session := ""
	if cookie, err := r.Cookie(sessionCookie); err == nil && len(cookie.Value) <= 64 {
		session = cookie.Value
	}
	given := r.Header.Get(csrfHeader)
	if !reading {
		if session != "" && t.validCSRF(given, api, session) {
			return true
		}
		w.Header().Set(csrfHeader, "Required")
		http.Error(w, "CSRF token validation failed", http.StatusForbidden)
		return false
	}
	if strings.EqualFold(given, "fetch") {
		t.askTime(r.Context())
		if session == "" {
			session = rand.Text()
			http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: session, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
		}
		w.Header().Set(csrfHeader, t.csrfToken(api, session, t.now()))
	}
	return true
}

// csrfToken is the time of issue and its code for this API and session.
func (t *Tenant) csrfToken(api, session string, at time.Time) string {
	issued := binary.BigEndian.AppendUint64(nil, uint64(at.Unix())) //nolint:gosec // read back as it was written
	mac := hmac.New(sha256.New, t.apis.csrfKey)
	mac.Write(issued)
	mac.Write([]byte(api + "\x00" + session))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(issued))
}

func (t *Tenant) validCSRF(token, api, session string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 8+sha256.Size {
		return false
	}
	issued := time.Unix(int64(binary.BigEndian.Uint64(raw)), 0) //nolint:gosec // as above
	return same(token, t.csrfToken(api, session, issued)) && t.now().Before(issued.Add(csrfLifetime))
}

// oauthRefusal answers as RFC 6749 §5.2 has it.
func oauthRefusal(w http.ResponseWriter) func(status int, code, description string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	return func(status int, code, description string) {
		writeJSON(w, status, map[string]string{"error": code, "error_description": description})
	}
}

// tokenRequest reads the form of a token request of at most limit bytes.
func tokenRequest(w http.ResponseWriter, r *http.Request, limit int64, refused func(int, string, string)) bool {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		refused(http.StatusMethodNotAllowed, "method_not_allowed", "Request method '"+clip(r.Method, 20)+"' not supported")
		return false
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		refused(http.StatusBadRequest, "invalid_request", "Content-Type must be application/x-www-form-urlencoded")
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if err := r.ParseForm(); err != nil {
		refused(http.StatusBadRequest, "invalid_request", "the form cannot be read, or is larger than "+strconv.FormatInt(limit>>10, 10)+" KiB")
		return false
	}
	return true
}

// issueAccess is the product's token endpoint: client credentials only, in the
// form or in the header (RFC 6749 §2.3.1, §4.4).
func (t *Tenant) issueAccess(w http.ResponseWriter, r *http.Request, tokenPath string) {
	refused := oauthRefusal(w)
	if !tokenRequest(w, r, maxFormBody, refused) {
		return
	}
	if grant := r.PostForm.Get("grant_type"); grant != "client_credentials" {
		refused(http.StatusBadRequest, cmp.Or(map[string]string{"": "invalid_request"}[grant], "unsupported_grant_type"),
			"grant_type must be client_credentials")
		return
	}
	id, secret, basic := r.BasicAuth()
	if basic { // each form-encoded within (RFC 6749 §2.3.1)
		id, secret = unescaped(id), unescaped(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	api, ok := t.client(tokenPath, id, secret)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="oauth"`)
		refused(http.StatusUnauthorized, "invalid_client", "Bad client credentials")
		return
	}
	t.askTime(r.Context())
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": t.grant(api), "token_type": "bearer", "expires_in": int(tokenLifetime / time.Second), "scope": "basic",
	})
}

func unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// client finds the API with this token endpoint and these credentials.
func (t *Tenant) client(tokenPath, id, secret string) (identifier string, ok bool) {
	for _, a := range t.cfg.Product.APIs {
		want := t.state.Credentials[a.Identifier]
		if a.Auth == OAuth && a.TokenPath == tokenPath && same(id, want.ID) && same(secret, want.Secret) {
			return a.Identifier, true
		}
	}
	return "", false
}

// grant makes an access token: opaque, and forgotten when the process ends.
func (t *Tenant) grant(api string) string {
	return t.grantAccess(accessGrant{api: api, expires: t.now().Add(tokenLifetime)})
}

func (t *Tenant) grantAccess(grant accessGrant) string {
	token := rand.Text() + rand.Text()
	a := &t.apis
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tokens[token] = grant
	a.order = append(a.order, token)
	for len(a.order) > maxTokens {
		delete(a.tokens, a.order[0])
		a.order = a.order[1:]
	}
	return token
}

func (t *Tenant) admitToken(w http.ResponseWriter, r *http.Request, a API) bool {
	header := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	token = strings.TrimSpace(token)
	t.apis.mu.Lock()
	grant, known := t.apis.tokens[token]
	t.apis.mu.Unlock()
	switch {
	case header == "" || !strings.EqualFold(scheme, "Bearer"):
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+t.cfg.Product.ID+`"`)
		a.Denied(w, "Full authentication is required to access this resource", false)
	case !known || grant.api != a.Identifier || !t.now().Before(grant.expires):
		w.Header().Set("WWW-Authenticate", `Bearer realm="`+t.cfg.Product.ID+`", error="invalid_token", error_description="The access token is unknown, of another API, or has expired"`)
		a.Denied(w, "The access token is unknown, of another API, or has expired", true)
	default:
		return true
	}
	return false
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}
