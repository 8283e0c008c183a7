// Package extensibility holds the rules of SAP S/4HANA Cloud Extensibility, the
// service that makes a registered system's APIs and events usable in a subaccount
// (SEED-004, sap-domain §10–§14). An instance of it is a communication arrangement on
// the tenant; a destination stands for it in the subaccount, or a client of the
// subaccount's event bus. Its tenants are reached through the interface Tenants.
package extensibility
