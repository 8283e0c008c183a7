// Package offerings holds the services of SAP BTP that are nothing but an OAuth client
// for an API, which stands elsewhere: Destination, Authorization and Trust Management
// (XSUAA) and Service Manager (service-apis §1 to §3).
package offerings

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/services"
)

// The technical names of the services.
const (
	Destination    = "destination"
	XSUAA          = "xsuaa"
	ServiceManager = "service-manager"
)

// client is such a service.
type client struct {
	description services.Description
	// endpoint is the key under which credentials tell where the API is, at a base of
	// ours; "" for none. Brief leaves out what only XSUAA's own libraries read.
	endpoint, path string
	brief          bool
}

// All are the offerings of this package.
func All() []services.Offering {
	return []services.Offering{
		&client{
			description: services.Description{
				ID: "8627a19b-c397-4b1a-b297-6281bd46d8c3", Name: Destination, DisplayName: "Destination Service",
				Text: "Reads and writes the destinations of a subaccount", Tags: []string{"destination"},
				Plans: []services.Plan{{
					ID: "7a9f0f3c-5c1b-4d0f-9a3e-2f6b8a1c4d21", Name: "lite", DisplayName: "Lite", Text: "Destinations of the subaccount and of the instance", Free: true,
				}},
			},
			endpoint: "uri",
		},
		&client{
			description: services.Description{
				ID: "a4a1d1c2-6f3e-4b58-8d47-9b0e5c7f3a62", Name: XSUAA, DisplayName: "Authorization and Trust Management Service",
				Text: "Gives applications tokens of the subaccount", Tags: []string{"xsuaa"},
				Plans: []services.Plan{{
					ID: "c2b8e6d4-1f7a-4c93-b5e0-6d2a9f8c7b13", Name: "application", DisplayName: "Application", Text: "An application of one subaccount", Free: true,
				}},
			},
		},
		&client{
			description: services.Description{
				ID: "6e6cc910-c2f7-4b95-a725-c986bb51bad7", Name: ServiceManager, DisplayName: "Service Manager",
				Text: "Manages the service instances and bindings of a subaccount", Tags: []string{"service-manager"},
				Plans: []services.Plan{{
					ID: "f3d5a7b9-2c4e-4f61-8a0d-7b1c3e5f9a84", Name: "subaccount-admin", DisplayName: "Subaccount Admin",
					Text: "All instances and bindings of the subaccount", Free: true,
				}},
			},
			endpoint: "sm_url", path: "/service-manager", brief: true,
		},
	}
}

func (c *client) Description() services.Description { return c.description }

// Bind makes an OAuth client and tells its credentials (service-apis §1).
func (c *client) Bind(s *btp.Step, i services.Instance, b *services.Binding) error {
	sub, err := s.Subaccount(i.Subaccount)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s!b1|%s!b1", b.ID, c.description.Name)
	oauth := btp.ServiceClient{
		ID: "sb-" + name, Subaccount: i.Subaccount, Service: c.description.Name, XSAppName: name, Instance: i.ID, Binding: b.ID,
		Authorities: []string{"uaa.resource"},
	}
	secret, err := s.PutServiceClient(oauth)
	if err != nil {
		return err
	}
	credentials := map[string]string{"clientid": oauth.ID, "clientsecret": secret, "url": services.HTTPBase, "xsappname": name}
	if c.endpoint != "" {
		credentials[c.endpoint] = services.HTTPBase + c.path
	}
	if !c.brief {
		for key, value := range map[string]string{
			"uaadomain": services.MTLSHost, "tenantid": string(sub.ID), "identityzone": sub.Subdomain, "subaccountid": string(sub.ID),
			"instanceid": i.ID, "credential-type": "binding-secret",
		} {
			credentials[key] = value
		}
	}
	b.Credentials, err = json.Marshal(credentials)
	return err
}

// Nothing else is made or kept: the engine deletes OAuth clients itself.

func (*client) Admit(*btp.Step, *services.Instance) error                    { return nil }
func (*client) Created(*btp.Step, *services.Instance, json.RawMessage) error { return nil }
func (*client) Deleted(*btp.Step, *services.Instance) error                  { return nil }
func (*client) Unbind(*btp.Step, services.Instance, services.Binding) error  { return nil }
func (*client) Delete(context.Context, *btp.Registry, services.Instance) error {
	return nil
}

func (*client) Create(context.Context, *btp.Registry, services.Instance) (json.RawMessage, error) {
	return nil, nil
}
