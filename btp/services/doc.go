// Package services holds the rules of service instances and bindings, as SAP Service
// Manager has them: who may have one, what becomes of it, and what stands in its way.
// What a service is, an Offering says; the doors (Open Service Broker, Service
// Manager, the registry's REST API) are elsewhere (service-apis §3, §4).
package services
