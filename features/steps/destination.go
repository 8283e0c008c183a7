package steps

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/pairsim/pairsim/btpclient"
)

// destinationSteps are destinations that operators make by hand, and extensions that
// look them up.
func (w *world) destinationSteps(d definitions) {
	d.Given(`^a token service that (knows every client|refuses every client|answers without sense|is away)$`, w.aTokenServiceThat)
	d.Given(`^the token service knows the client again$`, w.theTokenServiceKnowsAgain)
	d.Given(`^the destination "([^"]*)" with (no authentication|user and password|client credentials|a SAML bearer assertion)$`, w.theDestination)
	d.Given(`^the destination "([^"]*)" with client credentials of the landscape's own token service$`, w.theDestinationOfOurOwn)
	d.Given(`^the user "([^"]*)" of the subaccount$`, w.theUserOfTheSubaccount)
	d.Given(`^the operator has deleted the destination "([^"]*)"$`, w.theOperatorHasDeletedTheDestination)
	d.Given(`^an extension has looked up the destination "([^"]*)"$`, w.anExtensionHasLookedUp)
	d.Given(`^an extension has looked up the destination "([^"]*)" for the user "([^"]*)"$`, w.anExtensionLooksUpFor)

	d.When(`^an extension looks up the destination "([^"]*)"$`, w.anExtensionLooksUp)
	d.When(`^an extension looks up the destination "([^"]*)" for the user "([^"]*)"$`, w.anExtensionLooksUpFor)
	d.When(`^the operator makes a destination with (.+) that lacks "([^"]*)"$`, w.theOperatorMakesADestinationWithout)

	d.Then(`^the extension gets its address and no token$`, w.theExtensionGetsItsAddress)
	d.Then(`^the extension gets its user and password$`, w.theExtensionGetsUserAndPassword)
	d.Then(`^the extension gets a token$`, w.theExtensionGetsAToken)
	d.Then(`^the extension gets (the same token again|another token)$`, w.theExtensionGetsTheToken)
	d.Then(`^the extension gets no token, because "([^"]*)"$`, w.theExtensionGetsNoToken)
	d.Then(`^the extension is refused because of "([^"]*)"$`, w.theExtensionIsRefused)
	d.Then(`^the token service was shown an assertion about "([^"]*)"$`, w.theTokenServiceWasShown)
	d.Then(`^there is no destination$`, w.thereIsNoDestination)
	d.Then(`^the operator sees the destination "([^"]*)" without its password$`, w.theOperatorSeesTheDestination)
}

// extension is a program of the subaccount, and what came of its latest look-up.
type extension struct {
	looked outcome
	found  btpclient.FoundDestination
	before string // the token that it had before
	tokens *tokenService
}

// tokenService is one of the scenario's own.
type tokenService struct {
	url   string
	mood  atomic.Value // what it does, in the words of the step
	calls atomic.Int32
	mu    sync.Mutex
	form  map[string][]string // of the latest call
}

func (s *tokenService) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // a form that cannot be read has no values
	s.mu.Lock()
	s.form = r.PostForm
	s.mu.Unlock()
	rw.Header().Set("Content-Type", "application/json")
	switch s.mood.Load() {
	case "refuses every client":
		rw.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(rw, `{"error":"invalid_client","error_description":"Bad credentials"}`)
	case "answers without sense":
		_, _ = io.WriteString(rw, `<html>`)
	default:
		_, _ = fmt.Fprintf(rw, `{"access_token":"token-%d","token_type":"Bearer","expires_in":3600}`, s.calls.Load())
	}
}

func (w *world) aTokenServiceThat(ctx context.Context, mood string) error {
	s := &tokenService{url: "http://127.0.0.1:1"} // where nobody listens
	s.mood.Store(mood)
	if mood != "is away" {
		url, err := w.listen(ctx, &s.calls, s.ServeHTTP)
		if err != nil {
			return err
		}
		s.url = url
	}
	w.extension.tokens = s
	return nil
}

func (w *world) theTokenService() (*tokenService, error) {
	if w.extension.tokens == nil {
		return nil, errors.New("there is no token service in this scenario")
	}
	return w.extension.tokens, nil
}

func (w *world) theTokenServiceKnowsAgain() error {
	s, err := w.theTokenService()
	if err == nil {
		s.mood.Store("knows every client")
	}
	return err
}

// The addresses of destinations, which nobody calls, and the audience of assertions.
const (
	targetURL      = "https://my300117-api.example"
	targetAudience = "https://my300117.example"
)

// propertiesWith are the properties of a destination.
func propertiesWith(authentication, tokenServiceURL string) map[string]string {
	p := map[string]string{"Type": "HTTP", "URL": targetURL, "ProxyType": "Internet"}
	add := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			p[pairs[i]] = pairs[i+1]
		}
	}
	switch authentication {
	case "no authentication":
		add("Authentication", "NoAuthentication")
	case "user and password":
		add("Authentication", "BasicAuthentication", "User", "EXTENSION", "Password", "Not-a-Secret")
	case "client credentials":
		add("Authentication", "OAuth2ClientCredentials", "clientId", "extension", "clientSecret", "Not-a-Secret", "tokenServiceURL", tokenServiceURL)
	case "a SAML bearer assertion":
		add("Authentication", "OAuth2SAMLBearerAssertion", "audience", targetAudience, "clientKey", "EXTENSION",
			"tokenServiceUser", "EXTENSION", "tokenServicePassword", "Not-a-Secret", "tokenServiceURL", tokenServiceURL, "tokenServiceURLType", "Dedicated",
			"authnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509",
			"nameIdFormat", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "userIdSource", "email")
	}
	return p
}

func (w *world) theDestination(ctx context.Context, name, authentication string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	tokens := ""
	if s := w.extension.tokens; s != nil {
		tokens = s.url + "/token"
	}
	return w.operator.PutDestination(ctx, defaultSubaccount, name, propertiesWith(authentication, tokens))
}

func (w *world) theDestinationOfOurOwn(ctx context.Context, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	client, err := w.control.CreateOAuthClient(ctx, btpclient.OAuthClient{Role: "System Landscape Viewer", GlobalAccount: defaultAccount})
	if err != nil {
		return err
	}
	p := propertiesWith("client credentials", w.landscape.HTTP()+"/oauth/token")
	p["clientId"], p["clientSecret"] = client.ID, client.Secret
	return w.operator.PutDestination(ctx, defaultSubaccount, name, p)
}

func (w *world) theUserOfTheSubaccount(ctx context.Context, name string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	_, err := w.control.CreateUser(ctx, btpclient.User{Subaccount: defaultSubaccount, Name: name, Password: "Not-a-Secret"})
	return err
}

func (w *world) theOperatorHasDeletedTheDestination(ctx context.Context, name string) error {
	return w.operator.DeleteDestination(ctx, defaultSubaccount, name)
}

func (w *world) theOperatorMakesADestinationWithout(ctx context.Context, authentication, property string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	p := propertiesWith(authentication, "https://token.example/token")
	if _, there := p[property]; !there {
		return fmt.Errorf("a destination with %s has no %s that it could lack", authentication, property)
	}
	delete(p, property)
	w.operated = ended(w.operator.PutDestination(ctx, defaultSubaccount, "incomplete", p))
	return nil
}

func (w *world) anExtensionHasLookedUp(ctx context.Context, name string) error {
	if err := w.anExtensionLooksUp(ctx, name); err != nil {
		return err
	}
	return w.extension.looked.accepted("the extension")
}

func (w *world) anExtensionLooksUp(ctx context.Context, name string) error {
	return w.anExtensionLooksUpFor(ctx, name, "")
}

func (w *world) anExtensionLooksUpFor(ctx context.Context, name, user string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	e := &w.extension
	for _, t := range e.found.Tokens {
		e.before = t.Value
	}
	var err error
	e.found, err = w.operator.FindDestination(ctx, defaultSubaccount, name, user)
	e.looked = ended(err)
	return nil
}

// foundDestination is what the extension found.
func (w *world) foundDestination() (btpclient.FoundDestination, error) {
	return w.extension.found, w.extension.looked.accepted("the extension")
}

func (w *world) theExtensionGetsItsAddress() error {
	found, err := w.foundDestination()
	if err == nil && (found.Configuration["URL"] != targetURL || len(found.Tokens) > 0) {
		err = fmt.Errorf("got the address %q and %d tokens; want %s and none", found.Configuration["URL"], len(found.Tokens), targetURL)
	}
	return err
}

func (w *world) theExtensionGetsUserAndPassword() error {
	found, err := w.foundDestination()
	if err == nil && (found.Configuration["User"] != "EXTENSION" || found.Configuration["Password"] != "Not-a-Secret" || len(found.Tokens) > 0) {
		err = fmt.Errorf("got the user %q and %d tokens; want EXTENSION with its password, and none", found.Configuration["User"], len(found.Tokens))
	}
	return err
}

// destinationToken is the only one that the extension got.
func (w *world) destinationToken() (btpclient.DestinationToken, error) {
	found, err := w.foundDestination()
	if err == nil && len(found.Tokens) != 1 {
		err = fmt.Errorf("got %d tokens, want one", len(found.Tokens))
	}
	if err != nil {
		return btpclient.DestinationToken{}, err
	}
	return found.Tokens[0], nil
}

func (w *world) theExtensionGetsAToken() error {
	t, err := w.destinationToken()
	if err == nil && (t.Error != "" || t.Header == nil || t.Header.Value != "Bearer "+t.Value || t.Value == "") {
		err = fmt.Errorf("got no token to send: %s", t.Error)
	}
	return err
}

func (w *world) theExtensionGetsTheToken(which string) error {
	if err := w.theExtensionGetsAToken(); err != nil {
		return err
	}
	t, err := w.destinationToken()
	if err == nil && (t.Value == w.extension.before) != (which == "the same token again") {
		err = fmt.Errorf("it is not %s", which)
	}
	return err
}

func (w *world) theExtensionGetsNoToken(cause string) error {
	t, err := w.destinationToken()
	if err == nil && (t.Value != "" || t.Header != nil || !strings.Contains(t.Error, cause)) {
		err = fmt.Errorf("got the error %q, want one that tells %q", t.Error, cause)
	}
	return err
}

func (w *world) theExtensionIsRefused(code string) error {
	return w.extension.looked.refusedBecauseOf("the extension", code)
}

// theTokenServiceWasShown judges an assertion as a target would that trusts the
// subaccount.
func (w *world) theTokenServiceWasShown(ctx context.Context, user string) error {
	s, err := w.theTokenService()
	if err != nil {
		return err
	}
	trust, err := w.operator.Trust(ctx, defaultSubaccount)
	if err != nil {
		return err
	}
	clock, err := w.control.Clock(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	form := s.form
	s.mu.Unlock()
	if len(form["assertion"]) != 1 {
		return errors.New("it was shown no assertion")
	}
	signed, err := validatedAssertion(form["assertion"][0], trust.Certificate, clock.Now)
	if err != nil {
		return err
	}
	for path, want := range map[string]string{
		"./Issuer": trust.Issuer, "./Subject/NameID": user, "./Conditions/AudienceRestriction/Audience": targetAudience,
	} {
		if e := signed.FindElement(path); e == nil || e.Text() != want {
			return fmt.Errorf("the assertion's %s is not %s", path, want)
		}
	}
	return nil
}

// validatedAssertion is what is signed of an assertion.
func validatedAssertion(encoded, certificate string, now time.Time) (*etree.Element, error) {
	xml, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil, err
	}
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		return nil, errors.New("the trust certificate is no PEM")
	}
	trusted, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, err
	}
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{trusted}})
	judge.Clock = dsig.NewFakeClockAt(now)
	return judge.Validate(document.Root())
}

func (w *world) thereIsNoDestination(ctx context.Context) error {
	all, err := w.operator.Destinations(ctx, defaultSubaccount)
	if err == nil && len(all) > 0 {
		err = fmt.Errorf("there are %d destinations", len(all))
	}
	return err
}

func (w *world) theOperatorSeesTheDestination(ctx context.Context, name string) error {
	d, err := w.operator.Destination(ctx, defaultSubaccount, name)
	if err == nil && (d.Properties["User"] != "EXTENSION" || d.Properties["Password"] != "" || len(d.Hidden) != 1) {
		err = fmt.Errorf("got the properties %v, hidden %v", d.Properties, d.Hidden)
	}
	return err
}
