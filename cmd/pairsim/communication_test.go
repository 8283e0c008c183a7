package main

import "testing"

// TestCommunicationByCommandLine: what an administrator of a Marketing tenant does
// with its scenarios.
func TestCommunicationByCommandLine(t *testing.T) {
	t.Parallel()
	o := operator{serveFor(t), t}
	o.sees([]string{"tenants", "scenarios", "list", "marketing"}, "SAP_COM_0207", "Interaction Contact", "BasicAuthentication, OAuth2SAMLBearerAssertion", "SAP_COM_0207_0001")
	o.sees([]string{"tenants", "scenarios", "disable", "marketing", "SAP_COM_0207"}, "SAP_COM_0207  Interaction Contact  false")
	o.sees([]string{"tenants", "scenarios", "enable", "marketing", "SAP_COM_0207"}, "SAP_COM_0207  Interaction Contact  true")
	custom := `{"id":"YY1_CONTACTS","name":"Contacts","inboundAuthentication":["BasicAuthentication"],"inboundServices":[{"id":"YY1_IN","name":"in","api":"marketing-contact"}]}`
	o.sees([]string{"tenants", "scenarios", "create", "marketing", custom}, "YY1_CONTACTS  Contacts  true", "YY1_IN")
	o.isRefused([]string{"tenants", "scenarios", "create", "marketing", custom}, "error: There is such a communication scenario already")
	o.isRefused([]string{"tenants", "scenarios", "enable", "marketing", "YY1_NONE"}, "error: No such communication scenario", "pairsim tenants scenarios list")
	o.isRefused([]string{"tenants", "scenarios", "create", "commerce", custom}, "error: The product has no communication arrangements")
	o.sees([]string{"tenants", "arrangements", "marketing"}, "ID", "SCENARIO", "WAITING")
	o.sees([]string{"tenants", "log", "marketing"}, "OUTCOME")
	o.isRefused([]string{"tenants", "topics", "bind", "marketing", "1", "sap/s4/beh/contact/*"}, "error: No such communication arrangement", "pairsim tenants arrangements")
	o.isRefused([]string{"tenants", "topics", "list", "marketing", "1"}, "error: No such communication arrangement")
	o.isRefused([]string{"tenants", "topics", "unbind", "marketing", "1", "x"}, "error: No such communication arrangement")
}
