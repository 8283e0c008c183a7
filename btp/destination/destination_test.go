package destination_test

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// twice runs every change once in vain before it counts, as a store may that has to
// try again.
type twice struct{ btp.Store }

func (s twice) Update(ctx context.Context, env btp.EnvironmentID, change func(btp.Tx) error) error {
	again := errors.New("once more")
	err := s.Store.Update(ctx, env, func(tx btp.Tx) error {
		_ = change(tx) // what it says counts the second time
		return again
	})
	if !errors.Is(err, again) {
		return err
	}
	return s.Store.Update(ctx, env, change)
}

func open(t *testing.T) *btp.Registry {
	t.Helper()
	r, err := btp.Open(t.Context(), btp.Config{
		Store: twice{memory.New()}, Environment: btp.DefaultEnvironment, Seed: 1, Tokens: token.NewSigner(nil),
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: btp.DefaultLandscape(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func amend(t *testing.T, r *btp.Registry, change func(*btp.Step) error) error {
	t.Helper()
	return r.Amend(t.Context(), change)
}

func put(t *testing.T, r *btp.Registry, d destination.Destination) error {
	t.Helper()
	return amend(t, r, func(s *btp.Step) error { return destination.Put(s, d) })
}

func find(t *testing.T, r *btp.Registry, instance, name string) (d destination.Destination, err error) {
	t.Helper()
	err = r.Read(t.Context(), func(s *btp.Step) (err error) {
		d, err = destination.Resolve(s, "dev", instance, name)
		return err
	})
	return d, err
}

// basic is a destination that nothing is wrong with.
func basic(name string, change ...func(map[string]string)) destination.Destination {
	p := map[string]string{
		"Type": "HTTP", "URL": "https://my300117-api.example", "ProxyType": "Internet", "Authentication": "BasicAuthentication",
		"User": "EXT", "Password": "Secret-1",
	}
	for _, c := range change {
		c(p)
	}
	return destination.Destination{Subaccount: "dev", Name: name, Properties: p}
}

// Rule: destination-secrets-hidden
func TestPutKeepsSecretsApart(t *testing.T) {
	r := open(t)
	if err := put(t, r, basic("orders")); err != nil {
		t.Fatal(err)
	}
	d, err := find(t, r, "", "orders")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"Password": "Secret-1"}, d.Secrets); diff != "" {
		t.Error("secrets:", diff)
	}
	if d.Properties["Password"] != "" || d.Property("Password") != "Secret-1" || d.All()["Name"] != "orders" {
		t.Errorf("got the properties %v", d.Properties)
	}
	if !d.ChangedAt.Equal(epoch) {
		t.Errorf("changed at %s, want the environment's now", d.ChangedAt)
	}
	for _, name := range []string{
		"Password", "clientSecret", "tokenServicePassword", "KeyStorePassword", "TrustStorePassword", "URL.headers.apiKey", "URL.queries.key",
		"signingSecret", "proxyPassword", "tokenServiceURL.headers.x-key", "tokenServiceURL.queries.key",
	} {
		if !destination.IsSecret(name) {
			t.Errorf("%s is shown", name)
		}
	}
	if destination.IsSecret("User") || destination.IsSecret("tokenServiceUser") || destination.IsSecret("URL") {
		t.Error("User, tokenServiceUser or URL is hidden")
	}
}

// Rule: destination-names
func TestNamesAreUniquePerLevel(t *testing.T) {
	r := open(t)
	first := basic("orders")
	first.New = true
	if err := put(t, r, first); err != nil {
		t.Fatal(err)
	}
	if err := put(t, r, first); btp.CodeOf(err) != btp.DestinationExists {
		t.Errorf("the same name again: got %v, want destination-exists", err)
	}
	other := first
	other.Instance = "i1"
	other.Properties = basic("", func(p map[string]string) { p["User"] = "OTHER" }).Properties
	if err := put(t, r, other); err != nil {
		t.Fatalf("the same name on another level: %v", err)
	}
	for instance, want := range map[string]string{"": "EXT", "i1": "OTHER", "i2": "EXT"} { // an instance's own hides the subaccount's
		if d, err := find(t, r, instance, "orders"); err != nil || d.Property("User") != want {
			t.Errorf("seen from instance %q: got %s, %v, want %s", instance, d.Property("User"), err, want)
		}
	}
	if err := put(t, r, basic("orders", func(p map[string]string) { p["User"] = "NEW" })); err != nil {
		t.Fatalf("a change: %v", err)
	}
	if d, _ := find(t, r, "", "orders"); d.Property("User") != "NEW" {
		t.Errorf("after a change the user is %s", d.Property("User"))
	}
}

func TestRemove(t *testing.T) {
	r := open(t)
	made := basic("made")
	made.MadeBy = "instance-1"
	for _, d := range []destination.Destination{made, basic("by hand")} {
		if err := put(t, r, d); err != nil {
			t.Fatal(err)
		}
	}
	// Editing it leaves it the instance's; deleting it and making it anew does not.
	if err := put(t, r, basic("made", func(p map[string]string) { p["User"] = "EDITED" })); err != nil {
		t.Fatal(err)
	}
	if d, _ := find(t, r, "", "made"); d.MadeBy != "instance-1" || d.Property("User") != "EDITED" {
		t.Errorf("after an edit it is %q of %q", d.Property("User"), d.MadeBy)
	}
	if err := amend(t, r, func(s *btp.Step) error { return destination.RemoveMadeBy(s, "instance-1") }); err != nil {
		t.Fatal(err)
	}
	if _, err := find(t, r, "", "made"); btp.CodeOf(err) != btp.DestinationNotFound {
		t.Errorf("after its instance has gone: %v", err)
	}
	if _, err := find(t, r, "", "by hand"); err != nil {
		t.Errorf("another destination went with it: %v", err)
	}
	remove := func(name string) error {
		return amend(t, r, func(s *btp.Step) error { return destination.Remove(s, "dev", name) })
	}
	if err := remove("by hand"); err != nil {
		t.Error(err)
	}
	if err := remove("by hand"); btp.CodeOf(err) != btp.DestinationNotFound {
		t.Errorf("deleted twice: %v", err)
	}
}

// Rule: destination-properties
func TestCheck(t *testing.T) {
	set := func(name, value string) func(map[string]string) {
		return func(p map[string]string) { p[name] = value }
	}
	without := func(names ...string) func(map[string]string) {
		return func(p map[string]string) {
			for _, n := range names {
				delete(p, n)
			}
		}
	}
	all := func(changes ...func(map[string]string)) func(map[string]string) {
		return func(p map[string]string) {
			for _, c := range changes {
				c(p)
			}
		}
	}
	saml := all(without("User", "Password"), set("Authentication", "OAuth2SAMLBearerAssertion"), set("audience", "https://my300117.example"),
		set("authnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"), set("clientKey", "EXT"),
		set("tokenServiceURL", "https://my300117-api.example/sap/bc/sec/oauth2/token"))
	client := all(without("User", "Password"), set("Authentication", "OAuth2ClientCredentials"), set("clientId", "c"), set("clientSecret", "s"),
		set("tokenServiceURL", "https://{tenant}.auth.example/oauth/token"), set("tokenServiceURLType", "Common"))
	for _, c := range []struct {
		about   string
		name    string
		change  func(map[string]string)
		problem string // path of the finding; "": none
	}{
		{"Basic", "d", all(), ""},
		{"none", "d", all(without("User", "Password", "ProxyType", "Authentication")), ""},
		{"SAML bearer", "d", saml, ""},
		{"client credentials", "d", client, ""},
		{"client certificate", "d", all(without("User", "Password"), set("Authentication", "ClientCertificateAuthentication"), set("KeyStoreLocation", "k.pem")), ""},
		{"the longest name", strings.Repeat("ä", 200), all(), ""},

		{"no name", "", all(), "Name"},
		{"a longer name", strings.Repeat("ä", 201), all(), "Name"},
		{"a slash", "a/b", all(), "Name"},
		{"a line break", "a\nb", all(), "Name"},
		{"a blank at the end", "a ", all(), "Name"},
		{"two names", "d", set("Name", "e"), "Name"},
		{"no type", "d", without("Type"), "Type"},
		{"another type", "d", set("Type", "RFC"), "Type"},
		{"no URL", "d", without("URL"), "URL"},
		{"a relative URL", "d", set("URL", "/a"), "URL"},
		{"a file URL", "d", set("URL", "file:///etc/passwd"), "URL"},
		{"a password in the URL", "d", set("URL", "https://u:p@h.example"), "URL"},
		{"on premise", "d", set("ProxyType", "OnPremise"), "ProxyType"},
		{"another authentication", "d", set("Authentication", "Kerberos"), "Authentication"},
		{"Basic without password", "d", without("Password"), "Password"},
		{"Basic without user", "d", without("User"), "User"},
		{"SAML bearer without audience", "d", all(saml, without("audience")), "audience"},
		{"SAML bearer without client key", "d", all(saml, without("clientKey")), "clientKey"},
		{"SAML bearer without token service", "d", all(saml, without("tokenServiceURL")), "tokenServiceURL"},
		{"SAML bearer without class", "d", all(saml, without("authnContextClassRef")), "authnContextClassRef"},
		{"half a token service user", "d", all(saml, set("tokenServiceUser", "u")), "tokenServiceUser"},
		{"another format of names", "d", all(saml, set("nameIdFormat", "x509")), "nameIdFormat"},
		{"another source of names", "d", all(saml, set("userIdSource", "shoe size")), "userIdSource"},
		{"client credentials without secret", "d", all(client, without("clientSecret")), "clientSecret"},
		{"client credentials without client", "d", all(client, without("clientId")), "clientId"},
		{"another kind of token service", "d", all(client, set("tokenServiceURLType", "Shared")), "tokenServiceURLType"},
		{"client certificate without file", "d", all(without("User", "Password"), set("Authentication", "ClientCertificateAuthentication")), "KeyStoreLocation"},
		{"a file outside", "d", set("KeyStoreLocation", "../k.pem"), "KeyStoreLocation"},
		{"a file of another kind", "d", set("KeyStoreLocation", "k.txt"), "KeyStoreLocation"},
		{"a long value", "d", set("Description", strings.Repeat("x", 8193)), "Description"},
		{"no UTF-8", "d", set("Description", "\xff"), "Description"},
		{"a property without name", "d", set("", "x"), "$"},
		{"too many properties", "d", func(p map[string]string) {
			for i := range 100 {
				p[fmt.Sprint("p", i)] = "x"
			}
		}, "$"},
		{"too much", "d", func(p map[string]string) {
			for i := range 5 {
				p[fmt.Sprint("p", i)] = strings.Repeat("x", 8000)
			}
		}, "$"},
	} {
		t.Run(c.about, func(t *testing.T) {
			err := destination.Check(basic(c.name, c.change))
			if c.problem == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var refused *btp.Error
			if !errors.As(err, &refused) || refused.Code != btp.DestinationInvalid {
				t.Fatalf("got %v, want destination-invalid", err)
			}
			if len(refused.Findings) != 1 || strings.TrimPrefix(refused.Findings[0].Path, "$.") != c.problem {
				t.Errorf("got the findings %v, want one at %q", refused.Findings, c.problem)
			}
			if strings.Contains(err.Error(), "Secret-1") {
				t.Error("the refusal tells the password")
			}
		})
	}
}

func TestLevelsAreBounded(t *testing.T) {
	r := open(t)
	err := amend(t, r, func(s *btp.Step) error {
		for i := range destination.MaxDestinations {
			if err := destination.Put(s, basic(fmt.Sprint("d", i))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t, r, basic("one more")); btp.CodeOf(err) != btp.DestinationLimit {
		t.Errorf("one more: got %v, want destination-limit", err)
	}
	if err := put(t, r, basic("d0")); err != nil {
		t.Errorf("a change is no more: %v", err)
	}
	if err := put(t, r, destination.Destination{Subaccount: "nowhere", Name: "d", Properties: basic("d").Properties}); btp.CodeOf(err) != btp.SubaccountNotFound {
		t.Errorf("another subaccount: %v", err)
	}
}

func TestFiles(t *testing.T) {
	r := open(t)
	store := func(f destination.File) error {
		f.Subaccount = "dev"
		return amend(t, r, func(s *btp.Step) error { return destination.PutFile(s, f) })
	}
	for about, f := range map[string]destination.File{
		"no base64":    {Name: "k.pem", Content: "?"},
		"nothing":      {Name: "k.pem"},
		"too much":     {Name: "k.pem", Content: strings.Repeat("AAAA", 8193)},
		"another kind": {Name: "k.exe", Content: "AAAA"},
		"a path":       {Name: "a/k.pem", Content: "AAAA"},
		"another type": {Name: "k.pem", Content: "AAAA", Type: "KEY"},
	} {
		if err := store(f); btp.CodeOf(err) != btp.DestinationInvalid {
			t.Errorf("%s: got %v, want destination-invalid", about, err)
		}
	}
	good := destination.File{Name: "k.pem", Content: "AAAA", New: true}
	if err := store(good); err != nil {
		t.Fatal(err)
	}
	if err := store(good); btp.CodeOf(err) != btp.DestinationExists {
		t.Errorf("twice: got %v", err)
	}
	_ = r.Read(t.Context(), func(s *btp.Step) error {
		f, err := destination.FindFile(s, "dev", "", "k.pem")
		if err != nil || f.Content != "AAAA" || f.Type != "CERTIFICATE" {
			t.Errorf("got %+v, %v", f, err)
		}
		if _, err := destination.FindFile(s, "dev", "i1", "k.pem"); btp.CodeOf(err) != btp.CertificateFileNotFound {
			t.Errorf("on another level: %v", err)
		}
		return nil
	})
	if err := amend(t, r, func(s *btp.Step) error { return destination.RemoveFile(s, "dev", "", "k.pem") }); err != nil {
		t.Error(err)
	}
}

// Rule: destination-trust-two-years
func TestTrustLastsTwoYears(t *testing.T) {
	r := open(t)
	first, err := destination.TrustOf(t.Context(), r, "dev")
	if err != nil {
		t.Fatal(err)
	}
	if want := epoch.AddDate(2, 0, 0); !first.NotAfter.Equal(want) {
		t.Errorf("valid until %s, want %s", first.NotAfter, want)
	}
	if again, err := destination.TrustOf(t.Context(), r, "dev"); err != nil || cmp.Diff(first, again) != "" {
		t.Errorf("asked twice: %v, %s", err, cmp.Diff(first, again))
	}
	if _, err := destination.TrustOf(t.Context(), r, "nowhere"); btp.CodeOf(err) != btp.SubaccountNotFound {
		t.Errorf("another subaccount: %v", err)
	}
	s, err := destination.SignerOf(t.Context(), r, "dev", false)
	if err != nil {
		t.Fatal(err)
	}
	if public, ok := s.Certificate.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(s.Key.Public()) || s.Key.N.BitLen() < 2048 {
		t.Error("the certificate is not of the key, or the key is small")
	}
	if _, err := r.ChangeClock(t.Context(), btp.ClockChange{Advance: 2*366*24*time.Hour + time.Second}); err != nil {
		t.Fatal(err)
	}
	if old, err := destination.SignerOf(t.Context(), r, "dev", false); err != nil || cmp.Diff(first, old.Trust) != "" {
		t.Errorf("who signs gets what was trusted, although it has expired: %v", err)
	}
	if next, err := destination.TrustOf(t.Context(), r, "dev"); err != nil || !next.NotAfter.After(first.NotAfter) || next.Issuer != first.Issuer {
		t.Errorf("after its end: got %+v, %v, want a new one of the same issuer", next, err)
	}
}
