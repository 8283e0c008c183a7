package extensibility_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/extensibility"
	"github.com/pairsim/pairsim/btp/pki"
	"github.com/pairsim/pairsim/btp/services"
	"github.com/pairsim/pairsim/btp/store/memory"
	"github.com/pairsim/pairsim/btp/token"
)

var epoch = time.Date(2030, time.January, 1, 10, 0, 0, 0, time.UTC)

// tenants are a tenant that takes every order.
type tenants struct {
	orders  []extensibility.Order
	calls   []extensibility.Call
	deleted []string
	refusal error
	// refusals are of the next orders, one each.
	refusals []error
}

func (x *tenants) Arrange(_ context.Context, call extensibility.Call, order extensibility.Order) (extensibility.Arranged, error) {
	x.calls, x.orders = append(x.calls, call), append(x.orders, order)
	made := extensibility.Arranged{Arrangement: "a1", URL: "https://tenant.example/api", UIURL: "https://tenant.example"}
	if order.Arrangement.Inbound != "" {
		made.User = &extensibility.CommunicationUser{Name: "CC1", Password: "Inbound-1"}
		made.TokenServiceURL = "https://tenant.example/token"
	}
	if len(x.refusals) > 0 {
		refusal := x.refusals[0]
		x.refusals = x.refusals[1:]
		return made, refusal
	}
	return made, x.refusal
}

func (x *tenants) Disarrange(_ context.Context, call extensibility.Call) error {
	x.deleted = append(x.deleted, call.Instance)
	return nil
}

type bench struct {
	*btp.Registry
	offering extensibility.Offering
	tenants  *tenants
}

func open(t *testing.T, edition string) bench { return openWith(t, edition, token.NewSigner(nil)) }

func openWith(t *testing.T, edition string, tokens btp.TokenSigner) bench {
	t.Helper()
	tenant := func(id string) *btp.Descriptor {
		return &btp.Descriptor{TenantID: id, URL: "http://" + id + ".example", CallbackURL: "http://" + id + ".example/callback"}
	}
	land := btp.DefaultLandscape()
	land.Systems = []btp.DeclaredSystem{
		{ID: "s1", GlobalAccount: "default", Name: "DEMO", Type: "SAP Marketing Cloud", Status: btp.Registered, Tenant: tenant("marketing")},
		{ID: "s2", GlobalAccount: "default", Name: "NEW", Type: "SAP Marketing Cloud", Status: btp.Pending},
		{ID: "s4", GlobalAccount: "default", Name: "ERP", Type: "SAP S/4HANA Cloud", Status: btp.Registered, Tenant: tenant("erp")},
		{ID: "s3", GlobalAccount: "default", Name: "SHOP", Type: "SAP Commerce Cloud", Status: btp.Registered, Tenant: tenant("commerce")},
	}
	r, err := btp.Open(t.Context(), btp.Config{
		Store: memory.New(), Environment: btp.DefaultEnvironment, Seed: 1, Edition: edition, Tokens: tokens,
		NewAuthority:  func() (btp.AuthorityMaterial, error) { _, m, err := pki.NewClientCA(epoch); return m, err },
		OpenAuthority: func(m btp.AuthorityMaterial) (btp.CertificateAuthority, error) { return pki.OpenClientCA(m) },
		RealNow:       func() time.Time { return epoch }, StartFrozen: epoch, Policy: btp.DefaultPolicy(), Landscape: land,
	})
	if err != nil {
		t.Fatal(err)
	}
	x := &tenants{}
	return bench{r, extensibility.Offering{Tenants: x, BaseURLs: func() (string, string) { return "http://btp.example", "https://btp.example" }}, x}
}

func instance(plan, name, parameters string) services.Instance {
	return services.Instance{
		ID: "i-" + name, Name: name, GlobalAccount: "default", Subaccount: "dev", Offering: btp.ExtensibilityService, Plan: plan,
		Parameters: json.RawMessage(parameters), Operation: services.Operation{Type: services.Create, State: services.InProgress},
	}
}

// create does what the engine does with an offering.
func (b bench) create(t *testing.T, i *services.Instance) error {
	t.Helper()
	ctx := t.Context()
	err := b.Amend(ctx, func(s *btp.Step) error {
		if err := b.offering.Admit(s, i); err != nil {
			return err
		}
		return b.keep(s, i)
	})
	if err != nil {
		return err
	}
	made, err := b.offering.Create(ctx, b.Registry, *i)
	if err != nil {
		return err
	}
	return b.Amend(ctx, func(s *btp.Step) error {
		if err := b.offering.Created(s, i, made); err != nil {
			return err
		}
		i.Operation.State = services.Succeeded
		return b.keep(s, i)
	})
}

func (b bench) keep(s *btp.Step, i *services.Instance) error {
	document, err := json.Marshal(i)
	if err != nil {
		return err
	}
	return s.Objects().Put(btp.Object{
		Kind: btp.KindServiceInstance, ID: i.ID, Scope: "dev", Name: i.Name, System: i.System, Sequence: s.NextSequence(), Document: document, Secret: i.Secret,
	})
}

func (b bench) delete(t *testing.T, i services.Instance) {
	t.Helper()
	if err := b.offering.Delete(t.Context(), b.Registry, i); err != nil {
		t.Fatal(err)
	}
	err := b.Amend(t.Context(), func(s *btp.Step) error {
		if err := b.offering.Deleted(s, &i); err != nil {
			return err
		}
		return s.Objects().Delete(btp.KindServiceInstance, i.ID)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (b bench) credentials(t *testing.T, i services.Instance) (credentials map[string]string) {
	t.Helper()
	binding := services.Binding{Instance: i.ID, Subaccount: "dev"}
	err := b.Amend(t.Context(), func(s *btp.Step) error { return b.offering.Bind(s, i, &binding) })
	if err == nil {
		err = json.Unmarshal(binding.Credentials, &credentials)
	}
	if err != nil {
		t.Fatal(err)
	}
	return credentials
}

// destination are the properties of the subaccount's destination, nil for none.
func (b bench) destination(t *testing.T, name string) map[string]string {
	t.Helper()
	var all map[string]string
	err := b.Amend(t.Context(), func(s *btp.Step) error {
		d, err := destination.Find(s, "dev", "", name)
		if err == nil {
			all = d.All()
		}
		return err
	})
	if err != nil && btp.CodeOf(err) != btp.DestinationNotFound {
		t.Fatal(err)
	}
	return all
}

func arrangement(system, rest string) string {
	return `{"systemName":"` + system + `","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207",` + rest + `}}`
}
