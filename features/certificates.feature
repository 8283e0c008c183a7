Feature: Client certificates
  The certificate of the pairing is how a system is recognised afterwards.
  Sources: pairing-protocols §1.5 to §1.7, §4.5, design §4 and §5.

  Rule: A certificate request must ask for the subject that was given

    @rule:csr-subject @rule:csr-form
    Scenario Outline: A request with <fault>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends a certificate request with <fault>
      Then the client is refused because of "<reason>"
      And the system "Web Shop" is shown as "Pending"

      Examples:
        | fault                          | reason                |
        | another common name            | csr-subject-invalid   |
        | another organization           | csr-subject-invalid   |
        | another organizational unit    | csr-subject-invalid   |
        | another locality               | csr-subject-invalid   |
        | another province               | csr-subject-invalid   |
        | another country                | csr-subject-invalid   |
        | no subject                     | csr-subject-invalid   |
        | a broken signature             | csr-signature-invalid |
        | a key of 1024 bits             | csr-key-refused       |
        | a key on curve P-224           | csr-key-refused       |
        | half of its bytes              | csr-malformed         |
        | no PEM inside                  | csr-malformed         |
        | no base64                      | csr-malformed         |

    @rule:csr-may-be-mended
    Scenario: A refused request may be mended
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the client has sent 4 bad certificate requests
      When the client sends its certificate request
      Then the client holds a certificate

    @rule:csr-five-refusals @rule:pairing-failure-is-error
    Scenario: The fifth refused request fails the pairing
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends 5 bad certificate requests
      Then the system "Web Shop" is shown as "Error"

    @rule:csr-burns-as-compass
    Scenario: Where Compass's way is switched on, one refused request burns the token
      Given the cockpit of v1
      And a refused certificate request burns the token
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the client has sent 1 bad certificate request
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"

    @rule:followup-token
    Scenario: The follow-up token signs one certificate
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the client has sent its certificate request
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"

  @rule:csr-keys
  Rule: Keys that real clients have are signed

    Scenario Outline: A request with <key>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends a certificate request with <key>
      Then the client holds a certificate

      Examples:
        | key                     |
        | an RSA key of 2048 bits |
        | an ECDSA P-256 key      |
        | an ECDSA P-384 key      |
        | an ECDSA P-521 key      |
        | an Ed25519 key          |
        | a SHA-1 signature       |
        | a PEM body on one line  |

  Rule: A certificate is valid for 90 days of the environment's clock

    @rule:certificate-90-days
    Scenario Outline: A call after <passed>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And <passed> have passed
      When the client calls the registry
      Then the client is <answer>

      Examples:
        | passed  | answer                                    |
        | 89 days | answered                                  |
        | 91 days | refused because of "certificate-expired"  |

      Examples: at the very end, and one second behind it
        | passed          | answer                                   |
        | 90 days         | answered                                 |
        | 7776001 seconds | refused because of "certificate-expired" |

    @rule:certificate-renewal
    Scenario: A client renews in time and goes on
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And 80 days have passed
      And the client has renewed its certificate
      And 20 days have passed
      When the client calls the registry
      Then the client is answered

    @rule:certificate-renewal @rule:tenant-renews-in-time
    Scenario: A tenant renews in time and goes on
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And 80 days have passed
      And the tenant "commerce" has renewed its certificate
      And 20 days have passed
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is accepted

    @rule:certificate-90-days @rule:certificate-renewal
    Scenario: A tenant that did not renew in time
      Given the cockpit of v1
      And tenants do not renew their certificates by themselves
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And 91 days have passed
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is refused because of "registry-refused"

  @rule:certificate-revocation
  Rule: A client's own revocation blocks renewal only

    Scenario: A call after revocation
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client has revoked its certificate
      When the client calls the registry
      Then the client is answered

    Scenario: Renewal after revocation
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client has revoked its certificate
      When the client renews its certificate
      Then the client is refused because of "certificate-revoked"

    Scenario: Revoking twice is no fault
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client has revoked its certificate
      When the client revokes its certificate
      Then the client is answered

    @rule:certificate-checked-per-request
    Scenario: Every call is refused where strict revocation is switched on
      Given the cockpit of v1
      And revocation is strict
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client has revoked its certificate
      When the client calls the registry
      Then the client is refused because of "certificate-revoked"

    Scenario Outline: A tenant's administrator revokes its certificate, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant "commerce" shows that its certificate is revoked
      And the certificate of "Web Shop" is shown as barred from renewal
      When the administrator of tenant "commerce" renews the certificate
      Then the tenant refuses because the registry says "certificate-revoked"
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is accepted

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:certificate-checked-per-request
    Scenario Outline: A tenant's administrator revokes it where revocation is strict, in the cockpit of <edition>
      Given the cockpit of <edition>
      And revocation is strict
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant "commerce" shows that its certificate is revoked
      And the certificate of "Web Shop" is shown as revoked
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is refused because the registry says "certificate-revoked"
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant refuses because the registry says "certificate-revoked"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A tenant revokes twice
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the administrator of tenant "commerce" has revoked the certificate
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant "commerce" shows that its certificate is revoked

    @rule:tenant-renews-in-time
    Scenario: A tenant does not renew what it has revoked
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the administrator of tenant "commerce" has revoked the certificate
      And 91 days have passed
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is refused because the registry says "certificate-expired"

    Scenario: Another pairing brings another certificate
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the administrator of tenant "commerce" has revoked the certificate
      And the operator has deregistered the system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the tenant "commerce" shows that its certificate is not revoked
      When the administrator of tenant "commerce" renews the certificate
      Then the tenant "commerce" shows that its certificate is not revoked

    Scenario: A tenant that is not paired has nothing to revoke
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant refuses because of "tenant-not-paired"

    Scenario Outline: A tenant has nothing to revoke when <when>
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And <happened>
      When the administrator of tenant "commerce" revokes the certificate
      Then the tenant refuses because of "<reason>"

      Examples:
        | when                        | happened                                                       | reason             |
        | its extension is disabled   | the administrator of tenant "commerce" has chosen "Disable"    | extension-disabled |
        | its system was deregistered | the operator has deregistered the system "Web Shop"            | tenant-not-paired  |

  Rule: Only a certificate of this registry, and only the caller's own application, is served

    @rule:certificate-needed
    Scenario: No certificate
      Given the cockpit of v1
      When a client calls the registry without a certificate
      Then the client is refused because of "certificate-missing"

    @rule:certificate-serial-identifies
    Scenario: The certificate of a system that is gone, when its name is there again
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the client calls the registry
      Then the client is refused because of "certificate-unknown"

    @rule:certificate-needed
    Scenario: A certificate that somebody else made
      Given the cockpit of v1
      When a client calls the registry with a certificate that it made itself
      Then the client is refused because of "certificate-foreign"

    @rule:certificate-own-application
    Scenario: The services of another application
      Given the cockpit of v1
      And the operator has registered the SAP Cloud for Customer system "Sales"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When the client asks for the services of "Sales"
      Then the client is refused because of "certificate-not-for-application"

    @rule:registered-by-first-call
    Scenario: A refused first call does not register
      Given the cockpit of v1
      And the operator has registered the SAP Cloud for Customer system "Sales"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has exchanged the token of "Web Shop" for a certificate
      When the client asks for the services of "Sales"
      Then the client is refused because of "certificate-not-for-application"
      And the system "Web Shop" is shown as "Pending"
