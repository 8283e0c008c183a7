package tenant

import (
	"strings"
	"testing"
)

// A tenant that is reached elsewhere after a restart says so, once; one that has
// not moved says nothing.
func TestTenantThatMovedAnnouncesItself(t *testing.T) {
	f, store := newFake(t), NewMemoryStore()
	keep := func(c *Config) { c.Store = store }
	if _, err := newTenant(t, f, keep).Pair(t.Context(), f.token(nil), ""); err != nil {
		t.Fatal(err)
	}
	const put = "PUT /shop/v1/pairsim/tenant"
	announced := func(facing string) string {
		t.Helper()
		delete(f.bodies, put)
		tenant := newTenant(t, f, func(c *Config) { keep(c); c.RegistryFacingURL = facing })
		if err := tenant.Announce(t.Context()); err != nil {
			t.Fatal(err)
		}
		return string(f.bodies[put])
	}
	if got := announced("http://tenants.test:1"); got != "" {
		t.Errorf("unmoved, it announced %s", got)
	}
	if got := announced("http://inside.test:2"); !strings.Contains(got, `"callbackUrl":"http://inside.test:2/tenants/commerce/callback"`) ||
		!strings.Contains(got, `"url":"http://tenants.test:1/tenants/commerce"`) {
		t.Errorf("moved, it announced %s", got)
	}
	if got := announced("http://inside.test:2"); got != "" {
		t.Errorf("announced twice: %s", got)
	}
	f.instead(put, refuseWith(403, "certificate-revoked", "Certificate has been revoked."))
	tenant := newTenant(t, f, func(c *Config) { keep(c); c.RegistryFacingURL = "http://inside.test:3" })
	if err := tenant.Announce(t.Context()); err == nil {
		t.Error("a refused announcement is an error")
	}
}
