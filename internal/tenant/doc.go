// Package tenant is the engine under both simulators: a tenant of an SAP product
// that pairs with the registry by an integration token, publishes its services
// and events, and keeps its certificate. What tells products apart is data (see
// Product). A tenant meets the registry through btpclient only; its admin, who in
// the product would use a console, uses the routes of http.go (docs/wire.md,
// Tenants).
//
// A pairing is a row, as in the products: token checked here, before anything is
// sent to the connector; info spends it; own key, CSR, certificate; management
// info; services and events; the descriptor last. It ends registered or failed.
// Later its administrator disables, enables and deletes it, and the registry tells
// the tenant when it has deregistered the system (lifecycle).
package tenant
