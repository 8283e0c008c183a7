package btp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

const tenantURL = "http://tenant.test" // of those that pairTenant pairs

// discover lets a system of the tenant's URL appear in the global account default.
func (r *registry) discover(name, systemType string) btp.System {
	r.t.Helper()
	s, err := r.Discover(r.t.Context(), btp.DiscoveredSystem{
		GlobalAccount: "default", Name: name, Type: systemType,
		Discovery: btp.Discovery{URL: "HTTP://Tenant.test/", SystemID: "id-" + name, BusinessType: "Test", CorrelationIDs: []string{"c-" + name}},
	})
	if err != nil {
		r.t.Fatalf("discover %q: %v", name, err)
	}
	return s
}

func (r *registry) targets(id btp.SystemID) (names []string) {
	r.t.Helper()
	v, err := r.System(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, s := range v.MergeTargets {
		names = append(names, s.Name)
	}
	return names
}

// 5592d86.md: individual properties of the source are copied, common ones of the
// target stay, and the source's record is deleted.
//
// Rule: system-merge
func TestAnAutoDiscoveredSystemIsMerged(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	target, _ := r.registered("Shop", commerce, "t")
	source := r.discover("Shop as SAP knows it", commerce)
	if source.Status != btp.Pending || source.DiscoveryLabel() != btp.AutoDiscovered || target.DiscoveryLabel() != btp.ManuallyAdded {
		t.Errorf("got %+v and %+v", source, target)
	}
	if got := r.targets(source.ID); !slices.Equal(got, []string{"Shop"}) {
		t.Errorf("targets %v", got)
	}
	r.issue(source.ID)

	merged, err := r.Merge(t.Context(), source.ID, target.ID)
	if err != nil {
		t.Fatal(err)
	}
	d := merged.Discovery
	if merged.Name != "Shop" || merged.Status != btp.Registered || d.Auto || d.SystemID != "id-Shop as SAP knows it" || d.BusinessType != "Test" || len(d.CorrelationIDs) != 1 {
		t.Errorf("got %+v with %+v", merged, d)
	}
	r.gone(source.ID)

	// What both have stays the target's.
	again := r.discover("Shop as SAP knows it", commerce)
	second := r.discover("Once more", commerce)
	if _, err := r.Merge(t.Context(), again.ID, target.ID); err != nil {
		t.Fatal(err)
	}
	merged, err = r.Merge(t.Context(), second.ID, target.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := merged.Discovery; d.SystemID != "id-Shop as SAP knows it" || !slices.Equal(d.CorrelationIDs, []string{"c-Shop as SAP knows it", "c-Once more"}) {
		t.Errorf("got %+v", d)
	}
}

// Rule: system-merge
func TestWhatIsNotMerged(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	shop, _ := r.registered("Shop", commerce, "t")
	field, _ := r.registered("Field", "SAP Field Service Management", "u")
	added, _ := r.register("Added", commerce)
	source, other := r.discover("Source", commerce), r.discover("Other", commerce)
	elsewhere, err := r.Discover(t.Context(), btp.DiscoveredSystem{
		GlobalAccount: "default", Name: "Elsewhere", Type: commerce, Discovery: btp.Discovery{URL: "https://other.test"},
	})
	if err != nil {
		t.Fatal(err)
	}
	registered := r.discover("Registered", commerce)
	r.pairTenant(r.issue(registered.ID).JWS, "v")
	for name, c := range map[string]struct {
		source, target btp.SystemID
		want           btp.Code
	}{
		"a system that was added manually":      {added.ID, shop.ID, btp.SystemNotDiscovered},
		"a registered one":                      {registered.ID, shop.ID, btp.StatusForbids},
		"into itself":                           {source.ID, source.ID, btp.MergeTargetInvalid},
		"into one of another type":              {source.ID, field.ID, btp.MergeTargetInvalid},
		"into one that is not registered":       {source.ID, added.ID, btp.MergeTargetInvalid},
		"into another auto-discovered one":      {source.ID, other.ID, btp.MergeTargetInvalid},
		"into a registered auto-discovered one": {source.ID, registered.ID, btp.MergeTargetInvalid},
		"into one of another URL":               {elsewhere.ID, shop.ID, btp.MergeTargetInvalid},
		"into nothing":                          {source.ID, "none", btp.SystemNotFound},
		"nothing":                               {"none", shop.ID, btp.SystemNotFound},
	} {
		_, err := r.Merge(t.Context(), c.source, c.target)
		if got := btp.CodeOf(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
	if got := r.targets(elsewhere.ID); got != nil {
		t.Errorf("targets %v", got)
	}
	if got := r.targets(registered.ID); got != nil {
		t.Errorf("targets of a registered system %v", got)
	}
	if v, err := r.System(t.Context(), shop.ID); err != nil || v.Discovery != nil {
		t.Errorf("a refusal changed the target: %+v, %v", v.Discovery, err)
	}
}

// Rule: system-merge
func TestMergingIsHeldByTheGuards(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	target, _ := r.registered("Shop", commerce, "t")
	source := r.discover("Source", commerce)
	r.formation("f", source.ID)
	_, err := r.Merge(t.Context(), source.ID, target.ID)
	wantCode(t, err, btp.SystemInUse)
}

// 0c6f498.md: an auto-discovered system is registered and deregistered as any, and
// cannot be removed.
//
// Rule: system-discovered-stays
func TestAnAutoDiscoveredSystemIsNotRemoved(t *testing.T) {
	t.Parallel()
	phone := &telephone{}
	r := open(t, edition("v2"), notifier(phone))
	s := r.discover("Source", commerce)
	_, err := r.Remove(t.Context(), s.ID)
	wantCode(t, err, btp.SystemAutoDiscovered)
	r.pairTenant(r.issue(s.ID).JWS, "t")
	if got := r.status(s.ID); got != btp.Registered {
		t.Fatalf("status %q", got)
	}
	if _, err := r.Deregister(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.Remove(t.Context(), s.ID)
	wantCode(t, err, btp.SystemAutoDiscovered)
	if v, err := r.System(t.Context(), s.ID); err != nil || v.Status != btp.Pending || !v.AutoDiscovered() {
		t.Errorf("got %+v, %v", v.System, err)
	}
}

func TestWhatIsNotDiscovered(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	r.register("Taken", commerce)
	good := btp.DiscoveredSystem{GlobalAccount: "default", Name: "Good", Type: commerce, Discovery: btp.Discovery{URL: "https://shop.test"}}
	for name, c := range map[string]struct {
		change func(*btp.DiscoveredSystem)
		want   btp.Code
	}{
		"no URL":                     {func(d *btp.DiscoveredSystem) { d.Discovery.URL = "" }, btp.InvalidRequest},
		"another scheme":             {func(d *btp.DiscoveredSystem) { d.Discovery.URL = "ftp://shop.test" }, btp.InvalidRequest},
		"a URL with a password":      {func(d *btp.DiscoveredSystem) { d.Discovery.URL = "https://a:b@shop.test" }, btp.InvalidRequest},
		"a long URL":                 {func(d *btp.DiscoveredSystem) { d.Discovery.URL = "https://shop.test/" + strings.Repeat("a", 2048) }, btp.InvalidRequest},
		"a system ID with a newline": {func(d *btp.DiscoveredSystem) { d.Discovery.SystemID = "a\nb" }, btp.InvalidRequest},
		"a long business type":       {func(d *btp.DiscoveredSystem) { d.Discovery.BusinessType = strings.Repeat("a", 201) }, btp.InvalidRequest},
		"many correlation IDs": {func(d *btp.DiscoveredSystem) {
			d.Discovery.CorrelationIDs = strings.Split(strings.Repeat("a,", 21), ",")
		}, btp.InvalidRequest},
		"an empty correlation ID": {func(d *btp.DiscoveredSystem) { d.Discovery.CorrelationIDs = []string{""} }, btp.InvalidRequest},
		"a name that is taken":    {func(d *btp.DiscoveredSystem) { d.Name = "Taken" }, btp.NameTaken},
		"no name":                 {func(d *btp.DiscoveredSystem) { d.Name = "" }, btp.NameInvalid},
		"no type":                 {func(d *btp.DiscoveredSystem) { d.Type = "" }, btp.TypeUnknown},
		"no account":              {func(d *btp.DiscoveredSystem) { d.GlobalAccount = "none" }, btp.GlobalAccountNotFound},
	} {
		d := good
		c.change(&d)
		_, err := r.Discover(t.Context(), d)
		if got := btp.CodeOf(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
}

// The documents of v1 know neither.
func TestV1DiscoversAndMergesNothing(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v1"))
	s, _ := r.register("Shop", commerce)
	_, err := r.Discover(t.Context(), btp.DiscoveredSystem{GlobalAccount: "default", Name: "x", Type: commerce, Discovery: btp.Discovery{URL: tenantURL}})
	wantCode(t, err, btp.OperationNotInEdition)
	_, err = r.Merge(t.Context(), s.ID, s.ID)
	wantCode(t, err, btp.OperationNotInEdition)
}
