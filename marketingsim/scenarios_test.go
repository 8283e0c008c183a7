package marketingsim

import (
	"slices"
	"testing"

	"github.com/pairsim/pairsim/internal/tenant"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	c := communication()
	ids := map[string]tenant.Scenario{}
	for _, s := range c.Scenarios {
		ids[s.ID] = s
	}
	// sap-domain §10.3 and 925c00a.md; a fresh tenant can make arrangements of all of these.
	for _, id := range []string{"SAP_COM_0204", "SAP_COM_0205", "SAP_COM_0206", "SAP_COM_0207", "SAP_COM_0208", "SAP_COM_0171", "SAP_COM_0092"} {
		if s, there := ids[id]; !there || s.Disabled {
			t.Errorf("scenario %s is missing or not enabled", id)
		}
	}
	// Every API of the product is open to some scenario.
	for _, api := range Product().APIs {
		if !slices.ContainsFunc(c.Scenarios, func(s tenant.Scenario) bool {
			return slices.ContainsFunc(s.InboundServices, func(in tenant.InboundService) bool { return in.API == api.Identifier })
		}) {
			t.Errorf("no scenario opens %s", api.Identifier)
		}
	}
	// SEED-004: a set narrower than that of SAP S/4HANA Cloud.
	for _, a := range []tenant.Authentication{tenant.ClientCertificateAuthentication, tenant.OAuth2MTLS} {
		if slices.Contains(c.Inbound, a) || slices.Contains(c.Outbound, a) || !slices.Contains(append(tenant.S4HANAAuthentications.Inbound, tenant.S4HANAAuthentications.Outbound...), a) {
			t.Errorf("%s is SAP S/4HANA Cloud's alone", a)
		}
	}
}
