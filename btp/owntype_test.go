package btp_test

import (
	"strings"
	"testing"

	"github.com/pairsim/pairsim/btp"
)

var warehouse = btp.NewSystemType{Name: "Warehouse", Namespace: "customer.acme", Provider: "Acme"}

func (r *registry) ownType(n btp.NewSystemType) {
	r.t.Helper()
	if _, err := r.CreateSystemType(r.t.Context(), "default", n, ""); err != nil {
		r.t.Fatalf("create %+v: %v", n, err)
	}
}

// 5481d59.md, 2ffdaff.md: a system of a third party's type is registered on Add, has no
// status and needs no token.
//
// Rule: system-type-own
func TestASystemOfAThirdParty(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	r.ownType(warehouse)
	list, err := r.AccountSystemTypes(t.Context(), "default")
	if err != nil || len(list) != len(btp.SystemTypes)+1 {
		t.Fatalf("got %d types, %v", len(list), err)
	}
	own := list[len(list)-1]
	if own.Name != "Warehouse" || own.Namespace != "customer.acme" || own.Provider != "Acme" || own.Has(btp.PairedByToken) || !own.Has(btp.FormationBeforePairing) {
		t.Errorf("got %+v", own)
	}
	s, token := r.register("North", "Warehouse")
	if s.Status != btp.Pending || token != nil || btp.V2.Label(s.Status) != "" {
		t.Errorf("got %+v, %v", s, token)
	}
	_, err = r.IssueToken(t.Context(), s.ID, infoURL, "")
	wantCode(t, err, btp.TypeWithoutToken)
	_, err = r.ShowToken(t.Context(), s.ID, infoURL)
	wantCode(t, err, btp.TypeWithoutToken)
	_, err = r.Deregister(t.Context(), s.ID)
	wantCode(t, err, btp.StatusForbids)
	_, err = r.CreateFormation(t.Context(), "default", btp.NewFormation{Name: "mine", Type: btp.SideBySideWithKyma, Systems: []btp.SystemID{s.ID}}, "")
	wantCode(t, err, btp.SystemTypeNotInFormation) // 9154051.md: its participants are SAP's
	page, _, err := r.Systems(t.Context(), btp.SystemFilter{GlobalAccount: "default", Type: "Warehouse", Limit: 10})
	if err != nil || len(page) != 1 || page[0].ID != s.ID {
		t.Errorf("got %+v, %v", page, err)
	}
	if _, err := r.Remove(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	r.gone(s.ID)
}

// A removal that fails names the component of all other types (sap-domain §4.4).
//
// Rule: remove-error-retry
func TestTheRemovalOfAThirdPartysSystemFails(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	r.ownType(warehouse)
	s, _ := r.register("North", "Warehouse")
	if _, err := r.AddFault(t.Context(), btp.Fault{Point: btp.PointRemoveDone, Action: btp.FaultAction{Kind: btp.FaultFail, Cause: "no"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Remove(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	v, err := r.System(t.Context(), s.ID)
	if err != nil || v.Status != btp.RemoveError || v.Failure == nil || v.Failure.Component != "BC-CP-MP" {
		t.Errorf("got %+v, %v", v.System, err)
	}
}

// Rule: system-type-own
func TestWhatIsNoSystemType(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	r.ownType(warehouse)
	for name, c := range map[string]struct {
		change func(*btp.NewSystemType)
		want   btp.Code
	}{
		"one that is there":            {func(*btp.NewSystemType) {}, btp.NameTaken},
		"one of SAP's":                 {func(n *btp.NewSystemType) { n.Name = commerce }, btp.NameTaken},
		"no name":                      {func(n *btp.NewSystemType) { n.Name = "" }, btp.NameInvalid},
		"a name with a newline":        {func(n *btp.NewSystemType) { n.Name = "a\nb" }, btp.NameInvalid},
		"a namespace of SAP's":         {func(n *btp.NewSystemType) { n.Name, n.Namespace = "x", "sap.s4" }, btp.InvalidRequest},
		"customer. alone":              {func(n *btp.NewSystemType) { n.Name, n.Namespace = "x", "customer." }, btp.InvalidRequest},
		"customers":                    {func(n *btp.NewSystemType) { n.Name, n.Namespace = "x", "customers.acme" }, btp.InvalidRequest},
		"a namespace with a newline":   {func(n *btp.NewSystemType) { n.Name, n.Namespace = "x", "customer.acme\n" }, btp.InvalidRequest},
		"a long namespace":             {func(n *btp.NewSystemType) { n.Name, n.Namespace = "x", "customer."+strings.Repeat("a", 100) }, btp.InvalidRequest},
		"no provider":                  {func(n *btp.NewSystemType) { n.Name, n.Provider = "x", "" }, btp.InvalidRequest},
		"a provider of blanks":         {func(n *btp.NewSystemType) { n.Name, n.Provider = "x", "  " }, btp.InvalidRequest},
		"a provider with a control":    {func(n *btp.NewSystemType) { n.Name, n.Provider = "x", "a\x00b" }, btp.InvalidRequest},
		"a provider that is no UTF-8":  {func(n *btp.NewSystemType) { n.Name, n.Provider = "x", "a\xff" }, btp.InvalidRequest},
		"a provider of 257 characters": {func(n *btp.NewSystemType) { n.Name, n.Provider = "x", strings.Repeat("ü", 257) }, btp.InvalidRequest},
	} {
		n := warehouse
		c.change(&n)
		_, err := r.CreateSystemType(t.Context(), "default", n, "")
		if got := btp.CodeOf(err); got != c.want {
			t.Errorf("%s: got %s (%v), want %s", name, got, err, c.want)
		}
	}
	_, err := r.CreateSystemType(t.Context(), "none", btp.NewSystemType{Name: "x", Namespace: "customer.x", Provider: "x"}, "")
	wantCode(t, err, btp.GlobalAccountNotFound)
	_, _, err = r.Register(t.Context(), "default", "x", "No such type", infoURL, "")
	wantCode(t, err, btp.TypeUnknown)
}

// Rule: system-type-own, account-boundary
func TestATypeIsOfItsAccountOnly(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	if _, err := r.CreateGlobalAccount(t.Context(), btp.GlobalAccount{ID: "other", Subdomain: "other"}, ""); err != nil {
		t.Fatal(err)
	}
	r.ownType(warehouse)
	_, _, err := r.Register(t.Context(), "other", "North", "Warehouse", infoURL, "")
	wantCode(t, err, btp.TypeUnknown)
	if _, err := r.CreateSystemType(t.Context(), "other", warehouse, ""); err != nil {
		t.Errorf("another account makes its own: %v", err)
	}
}

// Rule: create-idempotency-key
func TestARepeatedCreationMakesOneType(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	for range 2 {
		if got, err := r.CreateSystemType(t.Context(), "default", warehouse, "key"); err != nil || got.Name != "Warehouse" {
			t.Fatalf("got %+v, %v", got, err)
		}
	}
	changed := warehouse
	changed.Provider = "Other"
	_, err := r.CreateSystemType(t.Context(), "default", changed, "key")
	wantCode(t, err, btp.IdempotencyKeyReused)
}

func TestAnAccountHasABoundedNumberOfTypes(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v2"))
	for i := range btp.MaxOwnTypes {
		r.ownType(btp.NewSystemType{Name: "Type " + strings.Repeat("i", i%90+1) + string(rune('a'+i/90)), Namespace: "customer.acme", Provider: "Acme"})
	}
	_, err := r.CreateSystemType(t.Context(), "default", warehouse, "")
	wantCode(t, err, btp.SystemTypeLimit)
}

// The documents of v1 know SAP's types only.
func TestV1HasNoTypesOfThirdParties(t *testing.T) {
	t.Parallel()
	r := open(t, edition("v1"))
	_, err := r.CreateSystemType(t.Context(), "default", warehouse, "")
	wantCode(t, err, btp.OperationNotInEdition)
}

// Whatever is sent, a refusal changes nothing, and what is accepted can be used.
//
// Rule: system-type-own
func FuzzCreateSystemType(f *testing.F) {
	f.Add("Warehouse", "customer.acme", "Acme")
	f.Add("", "customer.", "\x00")
	f.Add("SAP Commerce Cloud", "customer.a.b-c_d", "ü")
	r, err := btp.Open(f.Context(), config(edition("v2")))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(r.Close)
	f.Fuzz(func(t *testing.T, name, namespace, provider string) {
		count := func() int {
			list, err := r.AccountSystemTypes(t.Context(), "default")
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		before := count()
		made, err := r.CreateSystemType(t.Context(), "default", btp.NewSystemType{Name: name, Namespace: namespace, Provider: provider}, "")
		switch btp.CodeOf(err) {
		case "":
			if made.Name != name || made.Namespace != namespace || made.Provider != provider || count() != before+1 {
				t.Errorf("got %+v", made)
			}
			if _, _, err := r.Register(t.Context(), "default", name, name, infoURL, ""); err != nil {
				t.Errorf("a system of type %q: %v", name, err)
			}
		case btp.NameInvalid, btp.InvalidRequest, btp.NameTaken, btp.SystemTypeLimit:
			if count() != before {
				t.Error("a refusal made a type")
			}
		default:
			t.Errorf("got %v", err)
		}
	})
}
