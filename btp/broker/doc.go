// Package broker opens two doors to service instances for platforms: the Open Service
// Broker API 2.14 to 2.17 below /broker, for Cloud Foundry and the like (service-apis
// §4), and the Service Manager's REST API below /service-manager, for the SAP BTP service
// operator in Kyma and for smctl (service-apis §3). Both stand on btp/services.
package broker
