@wire
Feature: The wire of pairing, as any registry speaks it
  A connector knows a token URL and the protocol of the Kyma Connector Service, and nothing else. Each scenario begins with a
  token URL that is fresh and goes by the addresses that the registry's own answers name: so it holds any registry to account,
  ours and a foreign one (pairsim verify features --token-url URL).
  Sources: pairing-protocols §1.3 to §1.7, §3, §10.4.

  Rule: A token URL tells what a connector needs for its certificate request

    @rule:pairing-info-answer
    Scenario: The token is presented
      Given the token URL of a system
      When the connector opens the token URL
      Then it is answered with status 200
      And it is told addresses for its certificate request, the management info, its services and its events
      And the address for its certificate request holds another token
      And it is told a subject of six attributes without blanks, and a key of RSA

    @rule:token-spent-by-first-request @rule:pairing-token-missing-or-invalid
    Scenario: A token is presented once
      Given the token URL of a system
      And the connector has opened the token URL
      When the connector opens the token URL
      Then it is answered with status 403 and an error

    @rule:pairing-token-missing-or-invalid
    Scenario Outline: <text> is no token
      Given the token URL of a system
      When the connector opens the token URL with <text> in the token's place
      Then it is answered with status 403 and an error

      Examples:
        | text            |
        | nothing         |
        | a word          |
        | half the token  |

  Rule: A certificate request that fits is signed

    @rule:certificate-contents @rule:pairing-exact-statuses
    Scenario: The certificate, its chain and the CA
      Given the token URL of a system
      And the connector has opened the token URL
      When the connector sends its certificate request
      Then it is answered with status 201
      And it gets a certificate for its key and subject, which the CA in the answer has signed

    @rule:csr-form
    Scenario: A request on one line is a request
      Given the token URL of a system
      And the connector has opened the token URL
      When the connector sends its certificate request on one line
      Then it is answered with status 201

    @rule:csr-form @rule:csr-subject @rule:csr-may-be-mended
    Scenario Outline: <request> is refused, and may be mended
      Given the token URL of a system
      And the connector has opened the token URL
      When the connector sends <request>
      Then it is answered with status 400 and an error
      When the connector sends its certificate request
      Then it is answered with status 201

      Examples:
        | request                                      |
        | a certificate request for another name       |
        | a certificate request for another country    |
        | half a certificate request                   |
        | a text that is not base64                    |

    @rule:followup-token
    Scenario: The second token is spent with the certificate
      Given the token URL of a system
      And the connector has opened the token URL
      And the connector has sent its certificate request
      When the connector sends its certificate request
      Then it is answered with status 403 and an error

  Rule: The certificate opens what is the client's

    @rule:management-info
    Scenario: Management info
      Given the token URL of a system
      And the connector has paired
      When the connector asks for the management info
      Then it is answered with status 200
      And it is told addresses for its services, its events, renewal and revocation, by both names of the latter

    @rule:services-exposed
    Scenario: Services
      Given the token URL of a system
      And the connector has paired
      And the connector has asked for the management info
      When the connector registers a service
      Then it is answered with status 200
      And the service is listed
      When the connector deletes the service
      Then it is answered with status 204

    @rule:certificate-needed
    Scenario: Without the certificate nothing opens
      Given the token URL of a system
      And the connector has paired
      When the connector asks for the management info without its certificate
      Then no answer tells it anything

  Rule: A certificate is renewed until its client revokes it

    @rule:certificate-renewal
    Scenario: Renewal
      Given the token URL of a system
      And the connector has paired
      And the connector has asked for the management info
      When the connector renews its certificate
      Then it is answered with status 201
      And it gets a certificate for its key and subject, which the CA in the answer has signed
      And the renewed certificate opens the management info

    @rule:certificate-revocation
    Scenario: Revocation blocks renewal
      Given the token URL of a system
      And the connector has paired
      And the connector has asked for the management info
      And the connector has revoked its certificate
      When the connector renews its certificate
      Then it is answered with status 403 and an error
