package steps

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pairsim/pairsim/btpclient"
)

// trustSteps are who believes whom: tenants and the registry, the registry and proxies.
func (w *world) trustSteps(d definitions) {
	d.Given(`^a proxy in front of the registry is trusted$`, w.aProxyIsTrusted)
	d.Given(`^a client that keeps its notices has paired with the token of "([^"]*)"$`, w.aClientThatKeepsNotices)

	d.When(`^somebody forwards the client's certificate to the registry$`, w.somebodyForwardsCertificate)
	d.When(`^somebody forwards nothing but the name of the client's certificate$`, w.somebodyForwardsName)
	d.When(`^somebody tells tenant "([^"]*)" that it was deregistered, with (no token|its integration token)$`, w.somebodyTells)
	d.When(`^somebody makes a communication arrangement in tenant "([^"]*)", with (no token|its integration token)$`, w.somebodyMakesArrangement)
	d.When(`^the administrator of tenant "([^"]*)" enters the token with the address of another host$`, w.theAdministratorEntersElsewhere)

	d.Then(`^the notice is signed by a key of the registry, and for this tenant alone$`, w.theNoticeIsSigned)
	d.Then(`^the other host was never called$`, w.theOtherHostWasNeverCalled)
}

// trust is what a scenario knows of tokens that went to others.
type trust struct {
	notice atomic.Value // of string, a secret
	calls  atomic.Int32 // of the other host
	host   string       // the other one
}

func (w *world) aProxyIsTrusted() error {
	return w.configure(func(s *Settings) { s.TrustedProxy, s.OwnServer = true, true })
}

// forwards calls the plain listener as a proxy does that has ended the TLS connection.
func (w *world) forwards(ctx context.Context, about string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.ask(ctx, http.MethodGet, w.landscape.HTTP()+"/v1/applications/management/info", "", "X-Forwarded-Client-Cert", about)
	return err
}

func (w *world) somebodyForwardsCertificate(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	leaf, err := c.leaf()
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})
	return w.forwards(ctx, `Cert="`+url.PathEscape(string(text))+`"`)
}

func (w *world) somebodyForwardsName(ctx context.Context) error {
	c, err := w.theClient()
	if err != nil {
		return err
	}
	leaf, err := c.leaf()
	if err != nil {
		return err
	}
	return w.forwards(ctx, `Hash=00;Subject="`+leaf.Subject.String()+`"`)
}

func (w *world) aClientThatKeepsNotices(ctx context.Context, name string) error {
	if err := w.aClientPairs(ctx, name); err != nil {
		return err
	}
	info, err := w.client.call(ctx)
	if err != nil {
		return err
	}
	w.trust = &trust{}
	at, err := w.listen(ctx, &w.client.told, func(rw http.ResponseWriter, r *http.Request) {
		w.trust.notice.Store(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		_, _ = io.Copy(io.Discard, r.Body)
		rw.WriteHeader(http.StatusNoContent)
	})
	if err != nil {
		return err
	}
	return w.client.session.PutTenant(ctx, info.URLs.MetadataURL, btpclient.Descriptor{TenantID: "vendor", URL: "http://tenant.example.com", CallbackURL: at})
}

// theNoticeIsSigned checks the notice as a tenant does, with what the registry publishes.
func (w *world) theNoticeIsSigned(ctx context.Context) error {
	if w.trust == nil {
		return errors.New("the scenario has spoken of no client that keeps its notices")
	}
	notice, _ := w.trust.notice.Load().(string)
	if notice == "" || w.client.told.Load() != 1 {
		return errors.New("the client's tenant has got no notice")
	}
	conf, err := w.client.connector.Configuration(ctx)
	if err != nil {
		return err
	}
	published, err := w.client.connector.JWKS(ctx, conf)
	if err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	s, err := w.named(w.client.system)
	if err != nil {
		return err
	}
	claims := jwt.MapClaims{}
	_, err = jwt.NewParser(jwt.WithTimeFunc(func() time.Time { return clock.Now }), jwt.WithAudience("pairsim:deregistration"), jwt.WithExpirationRequired()).
		ParseWithClaims(notice, claims, func(t *jwt.Token) (any, error) {
			kid, _ := t.Header["kid"].(string)
			for _, k := range published {
				if k.ID == kid {
					return k.Public, nil
				}
			}
			return nil, fmt.Errorf("the registry publishes no key %q", kid)
		})
	if err != nil {
		return fmt.Errorf("the notice: %w", err)
	}
	if claims["tenant"] != "vendor" || claims["sub"] != s.id {
		return fmt.Errorf("the notice is for tenant %v and system %v, want vendor and %s", claims["tenant"], claims["sub"], s.id)
	}
	return nil
}

// tokenFor is what somebody shows a tenant: nothing, or the token that it was paired with.
func (w *world) tokenFor(kind string) ([]string, error) {
	if kind == "no token" {
		return nil, nil
	}
	token, err := w.newest(w.present)
	return []string{"Authorization", "Bearer " + token.Token}, err
}

func (w *world) somebodyTells(ctx context.Context, tenant, kind string) error {
	w.tenant = tenant
	header, err := w.tokenFor(kind)
	if err != nil {
		return err
	}
	body, err := json.Marshal(members{"systemId": w.present.id})
	if err != nil {
		return err
	}
	_, err = w.ask(ctx, http.MethodPost, w.landscape.HTTP()+"/tenants/"+tenant+"/callback/deregistration", string(body), header...)
	return err
}

func (w *world) somebodyMakesArrangement(ctx context.Context, tenant, kind string) error {
	w.tenant = tenant
	header, err := w.tokenFor(kind)
	if err != nil {
		return err
	}
	body, err := json.Marshal(members{
		"systemId": w.present.id, "instanceName": "contacts", "communicationArrangement": newDescriptor("", "contacts", "SAP_COM_0207").
				with("inbound", "BasicAuthentication").Arrangement,
	})
	if err != nil {
		return err
	}
	_, err = w.ask(ctx, http.MethodPut, w.landscape.HTTP()+"/tenants/"+tenant+"/callback/communicationArrangements/i-1", string(body), header...)
	return err
}

// theAdministratorEntersElsewhere enters a token URL whose token is good, and whose host
// is another's.
func (w *world) theAdministratorEntersElsewhere(ctx context.Context, tenant string) error {
	w.trust = &trust{}
	at, err := w.listen(ctx, &w.trust.calls, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	if err != nil {
		return err
	}
	token, err := w.newest(w.present)
	if err != nil {
		return err
	}
	there, err := url.Parse(token.TokenURL)
	if err != nil {
		return errors.New("the token URL is none")
	}
	w.trust.host = strings.TrimPrefix(at, "http://")
	there.Scheme, there.Host = "http", w.trust.host
	return w.enter(ctx, tenant, there.String())
}

func (w *world) theOtherHostWasNeverCalled() error {
	if w.trust == nil || w.trust.host == "" {
		return errors.New("the scenario has spoken of no other host")
	}
	if n := w.trust.calls.Load(); n != 0 {
		return fmt.Errorf("the other host was called %d times", n)
	}
	return nil
}
