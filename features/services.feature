Feature: Services of an application
  A paired system registers its APIs and events as services of its application. The registry checks each document as the
  vendor's does, and shows none of its credentials again.
  Sources: pairing-protocols §3.1 to §3.4, docs/fidelity.md.

  @rule:service-document
  Rule: A document is refused with the vendor's words, and nothing is registered (pairing-protocols §3.4)

    Scenario Outline: A service <flaw>
      Given the token URL of a system
      And the connector has paired
      When the connector registers a service <flaw>
      Then it is answered with status 400 and an error
      And the error says "<words>"
      And the connector has 0 services

      Examples:
        | flaw                           | words                                                                                                      |
        | without a name                 | Incorrect structure of service definition, Name field cannot be empty.                                     |
        | without a provider             | Incorrect structure of service definition, Provider field cannot be empty.                                 |
        | without a target               | Incorrect structure of service definition, targetUrl field cannot be empty.                                |
        | with neither an API nor events | At least one of service definition attributes: 'api', 'events' have to be provided                         |
        | with a label that is a number  | Failed to unmarshal request body,                                                                          |
        | whose target is no URL         | targetUrl does not validate as url                                                                         |
        | whose specification is a text  | api.Spec is not a proper json object,                                                                      |
        | with two kinds of credentials  | api.CredentialsWithCSRF is invalid: to many authentication methods provided                                |

    @rule:service-unknown-keys
    Scenario: A key that no document has is ignored
      Given the token URL of a system
      And the connector has paired
      When the connector registers a service with a key that no document has
      Then it is answered with status 200
      And the service that it reads has "api.targetUrl"
      And the service that it reads has no "varkes"

  @rule:service-secrets-masked
  Rule: Credentials are masked when a service is read (pairing-protocols §3.3)

    Scenario Outline: <member> of a service with <credentials>
      Given the token URL of a system
      And the connector has paired
      And the connector has registered a service with <credentials>
      Then the service that it reads shows "<member>" as "********"

      Examples:
        | credentials        | member                             |
        | user and password  | api.credentials.basic.username     |
        | user and password  | api.credentials.basic.password     |
        | client credentials | api.credentials.oauth.clientId     |
        | client credentials | api.credentials.oauth.clientSecret |

  @rule:service-identifier
  Rule: A client finds its service by its own identifier, of which there is one (pairing-protocols §3.4)

    Scenario: The identifier is in the list
      Given the token URL of a system
      And the connector has paired
      And the connector has registered a service with the identifier "orders"
      Then the list of its services shows the identifier "orders"

    Scenario: The identifier is taken
      Given the token URL of a system
      And the connector has paired
      And the connector has registered a service with the identifier "orders"
      When the connector registers a service with the identifier "orders"
      Then it is answered with status 409 and an error
      And the error says "Service with Identifier orders already exists"
      And the connector has 1 service

  @rule:service-specification
  Rule: A specification is taken from the document, or fetched where the registry may go (pairing-protocols §3.3)

    Scenario Outline: A service <specification>
      Given the token URL of a system
      And the connector has paired
      When the connector registers a service <specification>
      Then it is answered with status 200
      And the service that it reads shows "api.spec.openapi" as "3.0.0"

      Examples:
        | specification                     |
        | with a specification              |
        | whose specification lies at a URL |

    @rule:outbound-bounded
    Scenario: A specification where no call may go
      Given the token URL of a system
      And the connector has paired
      When the connector registers a service whose specification lies nowhere
      Then it is answered with status 502 and an error
      And the error says "Fetching API spec from http://192.0.2.1/api failed"
      And the connector has 0 services

  @rule:service-delete-unknown
  Rule: Deleting a service that is not there is no error (pairing-protocols §3.1)

    Scenario: A service is deleted twice
      Given the token URL of a system
      And the connector has paired
      And the connector has registered a service with user and password
      And the connector has deleted the service
      When the connector deletes the service
      Then it is answered with status 204

  @rule:service-bounds
  Rule: An application has at most 500 services (docs/fidelity.md)

    Scenario: One service too many
      Given the token URL of a system
      And the connector has paired
      And the connector has registered 500 services
      When the connector registers a service
      Then it is answered with status 400 and an error
      And the error says "at most 500 services"

  @rule:pairing-unknown-route
  Rule: The connector's wire refuses in the vendor's form what it does not know (pairing-protocols §1.1)

    Scenario Outline: An address that <trouble>
      Given the token URL of a system
      And the connector has paired
      When the connector calls an address that <trouble>
      Then it is answered with status <status> and an error
      And the error says "<words>"

      Examples:
        | trouble              | status | words                                 |
        | there is not         | 404    | Requested resource could not be found |
        | knows no such method | 405    | Method not allowed                    |
