package landscape

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestEveryTimestampIsTheEnvironments: the clock stands in 2041 while everything
// happens that can; whatever instant stands in a request or an answer, in whatever
// form, is of that time. Excepted are the CAs, which are valid from 2000 to 2099
// (btp/pki), and the documents that describe the APIs. The TLS listener's own
// certificate, which lives in real time, is not part of any answer.
//
// Rule: time-on-answers
func TestEveryTimestampIsTheEnvironments(t *testing.T) {
	for _, edition := range []string{"v1", "v2"} {
		t.Run(edition, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2041, time.May, 6, 12, 0, 0, 123456789, time.UTC)
			o := observe(t, func(c *Config) { c.Edition, c.StartFrozen = edition, start })
			o.lives(edition)
			o.walk()
			o.journalFormats()
			w := watch{t: t, from: start.Truncate(time.Second), to: start.AddDate(1, 0, 0), kinds: map[string]int{}}
			for _, s := range o.exchanges() {
				w.exchange(s)
			}
			for kind, least := range map[string]int{
				"Date": 200, "Pairsim-Time": 200, "RFC 3339": 200, "iat": 20, "exp": 20, "nbf": 8, "client certificate": 12, "CA": 12,
			} {
				if w.kinds[kind] < least {
					t.Errorf("%d times %s was seen, want at least %d: the test looks past it", w.kinds[kind], kind, least)
				}
			}
		})
	}
}

// watch looks for instants.
type watch struct {
	t        *testing.T
	where    string
	from, to time.Time
	kinds    map[string]int
}

func (w *watch) instant(kind string, at time.Time) {
	w.kinds[kind]++
	if at.Before(w.from) || at.After(w.to) {
		w.t.Errorf("%s holds %s %s", w.where, kind, at.UTC().Format(time.RFC3339Nano))
	}
}

func (w *watch) exchange(s *seen) {
	w.where = fmt.Sprintf("%s %s → %d (control: %t)", s.method, s.path, s.status, s.control)
	date, err := time.Parse(http.TimeFormat, s.header.Get("Date"))
	if err != nil {
		w.t.Errorf("%s has the Date %q", w.where, s.header.Get("Date"))
		return
	}
	w.instant("Date", date)
	if told := s.header.Get("Pairsim-Time"); told != "" {
		at, err := time.Parse(time.RFC3339Nano, told)
		if err != nil || !at.Truncate(time.Second).Equal(date) {
			w.t.Errorf("%s has the Date %s and the Pairsim-Time %s", w.where, date, told)
		}
		w.instant("Pairsim-Time", at)
	} else {
		w.t.Errorf("%s has no Pairsim-Time", w.where)
	}
	for _, headers := range []http.Header{s.requestHeader, s.header} {
		for name, values := range headers {
			if name == "Date" || name == "Pairsim-Time" {
				continue
			}
			w.text(strings.Join(values, "\n"), 0)
		}
	}
	w.text(s.query, 0)
	w.text(string(s.requestBody), 0)
	if strings.HasSuffix(s.path, "/openapi.json") || strings.HasSuffix(s.path, "/v1/api.yaml") || strings.Contains(s.path, "/specifications/") {
		return
	}
	w.text(string(withoutBusinessData(s)), 0)
}

// withoutBusinessData takes from a snapshot what tenants' business objects say of
// their own past.
func withoutBusinessData(s *seen) []byte {
	var snapshot map[string]any
	if !strings.HasSuffix(s.path, "/control/snapshot") || json.Unmarshal(s.body, &snapshot) != nil {
		return s.body
	}
	tenants, _ := snapshot["tenants"].([]any)
	for _, one := range tenants {
		delete(one.(map[string]any), "data")
	}
	rest, _ := json.Marshal(snapshot) // it was JSON
	return rest
}

var (
	rfc3339   = regexp.MustCompile(`\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)?`)
	httpDate  = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d`)
	jws       = regexp.MustCompile(`eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*`)
	encoded   = regexp.MustCompile(`[A-Za-z0-9+/_-]{80,}={0,2}`)
	pemInJSON = strings.NewReplacer(`\n`, "\n")
)

// text looks into a text, and into what is encoded in it, so deep.
func (w *watch) text(text string, depth int) {
	if depth > 4 || text == "" {
		return
	}
	for _, found := range rfc3339.FindAllString(text, -1) {
		at, err := time.Parse(time.RFC3339Nano, strings.ToUpper(strings.Replace(found, " ", "T", 1)))
		if err != nil {
			w.t.Errorf("%s holds %q, which is no RFC 3339", w.where, found)
			continue
		}
		w.instant("RFC 3339", at)
	}
	for _, found := range httpDate.FindAllString(text, -1) {
		at, err := time.Parse(http.TimeFormat, found+" GMT")
		if err != nil {
			w.t.Errorf("%s holds %q, which is no HTTP date", w.where, found)
			continue
		}
		w.instant("HTTP date", at)
	}
	for _, found := range jws.FindAllStringSubmatch(text, -1) {
		if payload, err := base64.RawURLEncoding.DecodeString(found[1]); err == nil {
			w.claims(payload)
		}
	}
	rest := []byte(pemInJSON.Replace(text))
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			w.certificate(block.Bytes)
		}
	}
	for _, found := range encoded.FindAllString(text, -1) {
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if inner, err := encoding.DecodeString(found); err == nil && (bytes.HasPrefix(inner, []byte("{")) || bytes.HasPrefix(inner, []byte("-----"))) {
				w.text(string(inner), depth+1)
				break
			}
		}
	}
}

func (w *watch) claims(payload []byte) {
	var claims map[string]any
	if json.Unmarshal(payload, &claims) != nil {
		return
	}
	for _, name := range []string{"iat", "nbf", "exp", "auth_time"} {
		if seconds, there := claims[name].(float64); there {
			w.instant(name, time.Unix(int64(seconds), 0))
		}
	}
}

func (w *watch) certificate(der []byte) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		w.t.Errorf("%s holds a certificate that cannot be read: %v", w.where, err)
		return
	}
	if c.IsCA {
		w.kinds["CA"]++
		if c.NotBefore.Year() != 2000 || c.NotAfter.Year() != 2099 {
			w.t.Errorf("%s holds a CA that is valid from %s to %s", w.where, c.NotBefore, c.NotAfter)
		}
		return
	}
	w.instant("client certificate", c.NotBefore)
	w.instant("client certificate", c.NotAfter)
}

// A tenant in another process dates its answers by its registry, as soon as that
// has told it the time.
//
// Rule: time-on-answers
func TestATenantElsewhereTakesItsRegistrysTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2041, time.May, 6, 12, 0, 0, 0, time.UTC)
	registry := start(t, func(c *Config) { c.StartFrozen, c.Tenants = now, nil })
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(registry.CAPEM)
	l := start(t, func(c *Config) {
		c.Roles, c.MTLS, c.Control = []Role{RoleCX}, Off, Off
		c.Registry = Registry{HTTP: registry.MTLS, MTLS: registry.MTLS, RootCAs: roots}
	})
	system := call(t, http.MethodPost, registry.HTTP+"/api/v1/globalAccounts/default/systems",
		map[string]string{"name": "shop", "type": "SAP Commerce Cloud"}, http.StatusCreated)
	token := system["integrationToken"].(map[string]any)["tokenUrl"]
	call(t, http.MethodPost, l.HTTP+"/tenants/commerce/pairings", map[string]any{"token": token}, http.StatusCreated)
	for _, path := range []string{"/tenants/commerce", "/tenants/commerce/pairings/1", "/tenants"} {
		resp, err := http.Get(l.HTTP + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got, want := resp.Header.Get("Date"), now.Format(http.TimeFormat); got != want {
			t.Errorf("%s has the Date %s, want %s", path, got, want)
		}
	}
}
