package marketingsim

import "github.com/pairsim/pairsim/internal/tenant"

// The identifiers of the APIs that the scenarios open.
const (
	contactAPI     = "marketing-contact"
	interactionAPI = "marketing-interaction"
	campaignAPI    = "marketing-campaign"
)

// communication are the communication scenarios of SAP Marketing Cloud. The ids are
// those of domain §10.3 and, for the examples, of §11; 0092 is that of plan messaging
// (925c00a.md). That any authentication of the product will do for a scenario of §10.3,
// the ids of services, which APIs and objects they have, and which scenario is not
// enabled at first are our own decisions; names of the examples say what the
// documents show them for. The authentications are SEED-004's.
func communication() *tenant.Communication {
	all := tenant.MarketingAuthentications
	inbound := func(id, name, api string) tenant.Scenario {
		return tenant.Scenario{
			ID: id, Name: name, Authentications: tenant.Authentications{Inbound: all.Inbound},
			InboundServices: []tenant.InboundService{{ID: id + "_0001", Name: name, API: api}},
		}
	}
	outbound := func(id, name string, by tenant.Authentication) tenant.Scenario {
		return tenant.Scenario{
			ID: id, Name: name, Authentications: tenant.Authentications{Outbound: []tenant.Authentication{by}},
			OutboundServices: []tenant.OutboundService{{ID: id + "_0001_REST", Name: name}},
		}
	}
	messages := inbound("SAP_COM_0208", "Campaign Message", "")
	messages.Outbound = all.Outbound
	messages.OutboundServices = []tenant.OutboundService{{ID: "SAP_COM_0208_0002_REST", Name: "Campaign Message", Objects: []string{"Campaign"}}}

	// Basic both ways, with several outbound services, which an instance switches off.
	both := inbound("SAP_COM_0008", "Example: Basic inbound and outbound", contactAPI)
	both.Inbound, both.Outbound = []tenant.Authentication{tenant.BasicAuthentication}, []tenant.Authentication{tenant.BasicAuthentication}
	both.OutboundServices = []tenant.OutboundService{
		{ID: "SAP_COM_0008_0002_REST", Name: "Contacts", Objects: []string{"Contact"}},
		{ID: "SAP_COM_0008_0003_REST", Name: "Interactions", Objects: []string{"Interaction"}},
		{ID: "SAP_COM_0008_0004_REST", Name: "Campaigns", Objects: []string{"Campaign"}},
	}
	both.Disabled = true

	saml := inbound("SAP_COM_0213", "Example: SAML bearer inbound", contactAPI)
	saml.Inbound = []tenant.Authentication{tenant.OAuth2SAMLBearerAssertion}

	return &tenant.Communication{
		Authentications: all,
		TokenPath:       "/sap/bc/sec/oauth2/token",
		Objects: []tenant.BusinessObject{
			{Collection: contacts, Name: "Contact", Keys: []string{"ContactID", "ContactOrigin"}},
			{Collection: interactions, Name: "Interaction", Keys: []string{"InteractionUUID"}},
			{Collection: campaigns, Name: "Campaign", Keys: []string{"CampaignID"}},
		},
		Scenarios: []tenant.Scenario{
			{ID: "SAP_COM_0092", Name: "Enterprise Eventing Integration", Eventing: true},
			inbound("SAP_COM_0171", "Marketing Product", ""),
			inbound("SAP_COM_0204", "Campaigns", campaignAPI),
			inbound("SAP_COM_0205", "Target Group", ""),
			inbound("SAP_COM_0206", "Interaction", interactionAPI),
			inbound("SAP_COM_0207", "Interaction Contact", contactAPI),
			messages,
			both,
			saml,
			outbound("SAP_COM_0215", "Example: outbound without authentication", tenant.NoAuthentication),
			outbound("SAP_COM_0219", "Example: OAuth client credentials outbound", tenant.OAuth2ClientCredentials),
		},
	}
}
