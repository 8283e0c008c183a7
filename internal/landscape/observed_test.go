package landscape

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btpclient"
)

// seen is one request and its answer, as they stood on the wire.
type seen struct {
	method, path, query   string
	requestHeader, header http.Header
	requestBody, body     []byte
	status                int
	// done is closed when the answer is complete: it may be with its reader before.
	done    chan struct{}
	control bool
}

// observed is a landscape all of whose requests and answers are kept, those
// between registry and tenants too.
type observed struct {
	*Landscape
	t    *testing.T
	mu   sync.Mutex
	all  []*seen
	keys []crypto.Signer // the tenants' and the client's

	web      *http.Client
	operator *btpclient.Operator
	control  *btpclient.Control
	tenants  map[string]*btpclient.Tenants
	secrets  map[string]string // those that were issued, by what they are
}

func (o *observed) keep(s *seen) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s.done = make(chan struct{})
	o.all = append(o.all, s)
}

// exchanges are all requests and their answers so far.
func (o *observed) exchanges() []*seen {
	o.mu.Lock()
	all := slices.Clone(o.all)
	o.mu.Unlock()
	for _, s := range all {
		<-s.done
	}
	return all
}

func (o *observed) newKey(context.Context) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		o.mu.Lock()
		o.keys = append(o.keys, key)
		o.mu.Unlock()
	}
	return key, err
}

// recorder keeps what goes through a handler.
type recorder struct {
	http.ResponseWriter
	status int
	header http.Header
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status, r.header = status, r.ResponseWriter.Header().Clone()
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status, r.header = http.StatusOK, r.ResponseWriter.Header().Clone()
	}
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (o *observed) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			o.t.Error(err)
		}
		req.Body = io.NopCloser(bytes.NewReader(sent))
		s := &seen{method: req.Method, path: req.URL.Path, query: req.URL.RawQuery, requestHeader: req.Header.Clone(), requestBody: sent}
		o.keep(s)
		defer close(s.done)
		r := &recorder{ResponseWriter: w}
		next.ServeHTTP(r, req)
		s.status, s.header, s.body = r.status, r.header, r.body.Bytes()
		if s.status == 0 {
			s.status, s.header = http.StatusOK, w.Header().Clone()
		}
	})
}

// toControl keeps what the control listener answers.
type toControl struct {
	*observed
	next http.RoundTripper
}

func (c toControl) RoundTrip(req *http.Request) (*http.Response, error) {
	s := &seen{method: req.Method, path: req.URL.Path, query: req.URL.RawQuery, requestHeader: req.Header.Clone(), control: true}
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		if s.requestBody, err = io.ReadAll(body); err != nil {
			return nil, err
		}
	}
	res, err := c.next.RoundTrip(req)
	if err != nil || !strings.HasPrefix(c.Control, "http://"+req.URL.Host) {
		return res, err
	}
	if s.body, err = io.ReadAll(res.Body); err != nil {
		return nil, err
	}
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(s.body))
	s.status, s.header = res.StatusCode, res.Header.Clone()
	c.keep(s)
	close(s.done)
	return res, nil
}

// observe starts a landscape with roles, all of whose traffic is kept.
func observe(t *testing.T, change ...func(*Config)) *observed {
	t.Helper()
	o := &observed{t: t, tenants: map[string]*btpclient.Tenants{}, secrets: map[string]string{}}
	o.Landscape = start(t, append([]func(*Config){func(c *Config) {
		c.Auth, c.TenantKeys, c.WrapPublic = true, o.newKey, o.wrap
	}}, change...)...)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.CAPEM)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	o.web = &http.Client{Transport: toControl{o, transport}}
	o.control = btpclient.NewControl(o.Control, o.web)
	o.operator = btpclient.NewOperator(o.HTTP, o.web)
	o.operator = o.operator.WithToken(o.access(btpclient.OAuthClient{Role: "Global Account Administrator", GlobalAccount: "default"}))
	for _, tenant := range DefaultTenants() {
		o.tenants[tenant.ID] = btpclient.NewTenants(o.HTTP, o.web).
			WithToken(o.access(btpclient.OAuthClient{Role: "Tenant Administrator", Tenant: tenant.ID}))
	}
	return o
}

// access makes an OAuth client and gets an access token.
func (o *observed) access(want btpclient.OAuthClient) string {
	o.t.Helper()
	client := must(o.control.CreateOAuthClient(o.t.Context(), want))(o.t)
	token := must(o.operator.AccessToken(o.t.Context(), client.ID, client.Secret))(o.t)
	o.secrets["client secret of "+want.Role+" "+want.Tenant] = client.Secret
	o.secrets["access token of "+want.Role+" "+want.Tenant] = token.AccessToken
	return token.AccessToken
}

// must returns a value, and ends the test for an error.
func must[T any](value T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// send makes a request that no client of ours would make, and returns its status.
func (o *observed) send(method, target, body string, header ...string) int {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, target, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := o.web.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// lives makes everything happen that the documents know: four pairings and their
// ends, formations, entitlements, errors and their incidents, rotation of keys.
func (o *observed) lives(edition string) {
	t, ctx := o.t, o.t.Context()
	types := map[string]string{"commerce": "SAP Commerce Cloud", "fsm": "SAP Field Service Management", "c4c": "SAP Cloud for Customer", "marketing": "SAP Marketing Cloud"}
	systems := map[string]btpclient.System{}
	for id, systemType := range types {
		s := must(o.operator.Register(ctx, "default", "my "+id, systemType, btpclient.IdempotencyKey("create "+id)))(t)
		systems[id] = s
		token := must(o.operator.IssueToken(ctx, s.ID))(t)
		o.secrets["integration token of "+id] = token.Token
		_, _ = o.operator.ShowToken(ctx, s.ID)
		must(o.operator.InspectToken(ctx, token.Token))(t)
		if row := must(o.tenants[id].Pair(ctx, id, token.Encoded, ""))(t); row.Failed() {
			t.Fatalf("%s could not pair: %s", id, row.Cause)
		}
		_, _ = o.tenants[id].Pair(ctx, id, token.TokenURL, "again") // it is spent
		must(o.tenants[id].Pairings(ctx, id))(t)
		must(o.tenants[id].List(ctx))(t)
		must(o.operator.System(ctx, s.ID))(t)
	}
	must(o.tenants["commerce"].SendEvent(ctx, "commerce", "order.created", "v1", json.RawMessage(`{"orderCode":"1"}`)))(t)
	must(o.tenants["commerce"].Renew(ctx, "commerce"))(t)
	must(o.control.RotateKey(ctx, "EdDSA"))(t)
	must(o.tenants["fsm"].Revoke(ctx, "fsm"))(t)
	rows := must(o.tenants["c4c"].Pairings(ctx, "c4c"))(t)
	paired := rows[len(rows)-1].ID
	must(o.tenants["c4c"].Disable(ctx, "c4c", paired))(t)
	must(o.tenants["c4c"].Enable(ctx, "c4c", paired))(t)

	formation := btpclient.NewFormation{Name: "extend-the-shop", Subaccount: "dev", Systems: []string{systems["commerce"].ID}}
	if edition == "v2" {
		formation.Type = "Side-by-Side Extensibility with Kyma"
	}
	f := must(o.operator.CreateFormation(ctx, "default", formation))(t)
	must(o.operator.IncludeSystem(ctx, f.ID, systems["c4c"].ID))(t)
	must(o.operator.RuntimeApplications(ctx, "dev"))(t)
	o.workloads(systems)
	e := must(o.operator.AssignEntitlement(ctx, "dev", btpclient.NewEntitlement{System: systems["marketing"].ID, Plan: "api-access"}))(t)
	_, _ = o.operator.Deregister(ctx, systems["marketing"].ID) // still in use
	o.noError(o.operator.RemoveEntitlement(ctx, "dev", e.ID))
	_, _ = o.operator.Resynchronize(ctx, f.ID, edition == "v2")
	must(o.operator.ExcludeSystem(ctx, f.ID, systems["c4c"].ID))(t)
	o.client("Direct")

	must(o.control.AddFault(ctx, btpclient.Fault{Point: "deregistration.tell-tenant", Subject: systems["c4c"].ID, Times: 1}))(t)
	for _, id := range []string{"c4c", "fsm", "marketing"} {
		must(o.operator.Deregister(ctx, systems[id].ID))(t)
	}
	for i, err := range o.control.Incidents(ctx, btpclient.IncidentFilter{OpenOnly: true}) {
		o.noError(err)
		must(o.control.ResolveIncident(ctx, i.ID, "done by hand"))(t)
	}
	if edition == "v2" {
		must(o.operator.Remove(ctx, systems["fsm"].ID))(t)
	}
	_ = o.tenants["marketing"].Delete(ctx, "marketing", "1")
	o.noError(o.control.ClearFaults(ctx))
	must(o.operator.Register(ctx, "default", "never used", "SAP Commerce Cloud"))(t)
	must(o.control.Advance(ctx, 11*time.Minute))(t)
	for _, err := range o.operator.Systems(ctx, "default", btpclient.SystemFilter{}) {
		o.noError(err)
	}
	_, _ = o.operator.DeleteFormation(ctx, f.ID)
	must(o.control.Advance(ctx, 10*time.Hour))(t)
}

// workloads read and change what the tenants of a formation have, with the
// credentials that these have registered: Basic and CSRF, and OAuth.
func (o *observed) workloads(systems map[string]btpclient.System) {
	t, ctx := o.t, o.t.Context()
	workload := btpclient.NewWorkload(o.HTTP, o.web)
	crm := btpclient.GatewayAPI{Application: systems["c4c"].ApplicationName, Service: "SAP Cloud for Customer - OData API"}
	shop := btpclient.GatewayAPI{Application: systems["commerce"].ApplicationName, Service: "SAP Commerce Cloud - Commerce Webservices"}
	_, at, err := workload.Write(ctx, http.MethodPost, crm, "CorporateAccountCollection", json.RawMessage(`{"Name":"Acme"}`))
	o.noError(err)
	must(workload.Read(ctx, crm, at))(t)
	must(workload.Read(ctx, crm, "$metadata"))(t)
	must(workload.Read(ctx, shop, "electronics/products/search"))(t)
	_, _ = workload.Read(ctx, shop, "electronics/nowhere")
	for _, id := range []string{"c4c", "commerce"} {
		must(o.tenants[id].APIs(ctx, id))(t)
	}
}

func (o *observed) noError(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// client pairs by hand, as an unmodified client would, does what its certificate
// is good for, and gives up.
func (o *observed) client(name string) {
	t, ctx := o.t, o.t.Context()
	s := must(o.operator.Register(ctx, "default", name, "SAP Commerce Cloud"))(t)
	token := must(o.operator.IssueToken(ctx, s.ID))(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(o.CAPEM)
	c := must(btpclient.New(btpclient.Config{RegistryURL: o.MTLS, RegistryMTLSURL: o.MTLS, RootCAs: roots}))(t)
	defer c.Close()
	info := must(c.SigningRequestInfo(ctx, token.Token, "", ""))(t)
	o.secrets["follow-up token of "+name] = info.FollowUpToken()
	key := must(o.newKey(ctx))(t)
	request := signingRequest(t, info.Certificate.Subject, key)
	_, _ = c.Sign(ctx, info.CSRURL, []byte("not a certificate request"))
	own := must(c.Sign(ctx, info.CSRURL, request))(t)
	session := c.Authenticated(tls.Certificate{Certificate: own.Chain, PrivateKey: key})
	defer session.Close()
	management := must(session.ManagementInfo(ctx, info.API.InfoURL))(t)
	id := must(session.CreateService(ctx, info.API.MetadataURL, btpclient.Service{
		Provider: "SAP", Name: "Orders", Description: "of the shop",
		API: &btpclient.API{TargetURL: "http://localhost:1", Credentials: &btpclient.Credentials{Basic: &btpclient.Basic{Username: "u", Password: password}}},
	}))(t)
	must(session.Services(ctx, info.API.MetadataURL))(t)
	must(session.Service(ctx, info.API.MetadataURL, id))(t)
	o.noError(session.DeleteService(ctx, info.API.MetadataURL, id))
	must(session.PublishLegacy(ctx, info.API.EventsURL, btpclient.LegacyEvent{Type: "order.created", Version: "v1", Time: o.Registry().Now(), Data: json.RawMessage(`{}`)}))(t)
	must(session.Subscribed(ctx, info.API.EventsInfoURL))(t)
	must(session.Renew(ctx, management.URLs.RenewCertURL, request))(t)
	o.noError(session.ReportPairingFailure(ctx, info.API.InfoURL, "it works no more"))
	_ = session.Revoke(ctx, management.URLs.RevokeCertURL)
}

const password = "correct horse battery staple 7"

func signingRequest(t *testing.T, subject string, key crypto.Signer) []byte {
	t.Helper()
	var name pkix.Name
	for part := range strings.SplitSeq(subject, ",") {
		attribute, value, _ := strings.Cut(part, "=")
		switch attribute {
		case "O":
			name.Organization = []string{value}
		case "OU":
			name.OrganizationalUnit = []string{value}
		case "L":
			name.Locality = []string{value}
		case "ST":
			name.Province = []string{value}
		case "C":
			name.Country = []string{value}
		case "CN":
			name.CommonName = value
		}
	}
	return must(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: name}, key))(t)
}

// walk asks every route that nobody has asked yet, so that each has answered.
func (o *observed) walk() {
	o.t.Helper()
	for _, route := range o.first.publicRouter().Routes() {
		if o.answered(route.Method, route.Path, false) {
			continue
		}
		o.send(route.Method, o.HTTP+filled(route.Path), "")
		if !o.answered(route.Method, route.Path, false) {
			o.t.Errorf("%s %s was not asked", route.Method, route.Path)
		}
	}
	for _, route := range o.first.controlRouter(o.first.process).Routes() {
		if !o.answered(route.Method, route.Path, true) {
			o.send(route.Method, o.Control+filled(route.Path), "")
		}
	}
	for _, target := range []string{o.HTTP + "/nowhere", o.HTTP + "/v1/nowhere", o.Control + "/nowhere", o.Control + "/api/v1/systemTypes", o.Control + "/control/nowhere"} {
		o.send("GET", target, "")
	}
	o.send("DELETE", o.Control+"/control/clock", "")
	o.send("POST", o.Control+"/control/clock", `{"advance":"1s"}`, "Origin", "https://evil.test")
}

// filled puts something into the parameters of a route.
func filled(pattern string) string {
	parts := strings.Split(pattern, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i] = "x"
		}
		if part == ":tenant" {
			parts[i] = "commerce"
		}
	}
	return strings.Join(parts, "/")
}

func (o *observed) answered(method, pattern string, control bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	want := strings.Split(pattern, "/")
	for _, s := range o.all {
		got := strings.Split(s.path, "/")
		if s.method != method || s.control != control || len(got) != len(want) {
			continue
		}
		same := true
		for i := range want {
			same = same && (strings.HasPrefix(want[i], ":") || want[i] == got[i])
		}
		if same {
			return true
		}
	}
	return false
}

// journalFormats reads the journal in all its forms.
func (o *observed) journalFormats() map[string]string {
	texts := map[string]string{}
	for _, format := range []string{"json", "ndjson", "mermaid", "svg"} {
		var all strings.Builder
		for after := 0; ; {
			req := must(http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.Control+"/control/journal?"+
				url.Values{"format": {format}, "limit": {"1000"}, "after": {strconv.Itoa(after)}}.Encode(), nil))(o.t)
			res := must(o.web.Do(req))(o.t)
			body := must(io.ReadAll(res.Body))(o.t)
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				o.t.Fatalf("%s: %d %s", format, res.StatusCode, body)
			}
			all.Write(body)
			if after += 1000; uint64(after) >= o.latest() {
				break
			}
		}
		texts[format] = all.String()
	}
	return texts
}

// latest is the number of the newest entry.
func (o *observed) latest() uint64 {
	_, last := o.Registry().Journal().Span()
	return last
}

func certificateOf(own btpclient.Certificate, key crypto.Signer) tls.Certificate {
	return tls.Certificate{Certificate: own.Chain, PrivateKey: key}
}
