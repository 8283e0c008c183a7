Feature: A system pairs with a global account
  An operator registers a system in the cockpit and hands its token to the tenant's administrator, who uses it on the
  product side. The system is Registered when the product has done its part.
  Sources: SEED-000, SEED-004 step 1, sap-domain §7 and §16.7.

  @rule:pairing-makes-registered @rule:registered-by-descriptor
  Rule: Every product pairs by token, and the cockpit shows it

    @invariant-6
    Scenario Outline: <product> pairs in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows "<done>"
      And the system "My System" is shown as "Registered"

      Examples:
        | edition | product                      | tenant    | done       |
        | v1      | SAP Commerce Cloud           | commerce  | Registered |
        | v1      | SAP Field Service Management | fsm       | Connected  |
        | v1      | SAP Cloud for Customer       | c4c       | Active     |
        | v1      | SAP Marketing Cloud          | marketing | Enabled    |
        | v2      | SAP Commerce Cloud           | commerce  | Registered |
        | v2      | SAP Field Service Management | fsm       | Connected  |
        | v2      | SAP Cloud for Customer       | c4c       | Active     |
        | v2      | SAP Marketing Cloud          | marketing | Enabled    |

  Rule: Until the product side is done, the system waits

    @rule:registered-in-cockpit-is-pending @rule:token-comes-with-registration
    Scenario: Registered in the cockpit only, edition v1 (SEED-000 step 5)
      Given the cockpit of v1
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the system "Web Shop" is shown as "Pending"
      And the operator is given a token with it

    @rule:registered-in-cockpit-is-pending @rule:token-comes-with-registration @rule:status-words-v2
    Scenario: Added in the cockpit only, edition v2
      Given the cockpit of v2
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the system "Web Shop" is shown without a status
      And the operator is given no token with it

    @rule:attempt-abandoned
    @invariant-5
    Scenario: A tenant that vanishes after it was accepted (design §4)
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop" and vanished
      When 10 minutes pass
      Then the system "Web Shop" is shown as "Pending"
      And a new token pairs the system "Web Shop"

    @rule:attempt-abandoned
    Scenario: An abandoned pairing counts as an error where that is switched on
      Given the cockpit of v1
      And abandoned pairings count as errors
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop" and vanished
      When 10 minutes pass
      Then the system "Web Shop" is shown as "Error"

  @rule:services-exposed
  Rule: A paired system publishes its services and events

    Scenario Outline: What <tenant> exposes stands with the system
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then the system "My System" exposes the API "<api>"
      And the system "My System" publishes events

      Examples:
        | product                      | tenant    | api                                         |
        | SAP Commerce Cloud           | commerce  | SAP Commerce Cloud - Commerce Webservices   |
        | SAP Field Service Management | fsm       | SAP Field Service Management - Activity API |
        | SAP Cloud for Customer       | c4c       | SAP Cloud for Customer - OData API          |
        | SAP Marketing Cloud          | marketing | API_MKT_CONTACT_SRV                         |

  @rule:registered-by-first-call
  Rule: A client without descriptor is Registered at its first call with the certificate

    Scenario: The first authenticated call
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has exchanged the token of "Web Shop" for a certificate
      When the client makes its first call
      Then the system "Web Shop" is shown as "Registered"

    Scenario: A certificate alone does not register
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a client exchanges the token of "Web Shop" for a certificate
      Then the system "Web Shop" is shown as "Pending"

  Rule: A pairing that fails after the token was accepted is an error

    @rule:pairing-failure-is-error @rule:failure-report
    @invariant-6
    Scenario Outline: The tenant gives up, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client has presented the token of "Web Shop"
      When the client reports that the pairing failed because "the disk is full"
      Then the system "Web Shop" is shown as "<status>"
      And its error names "the disk is full" and component "BC-CP-MP"

      Examples:
        | edition | status                  |
        | v1      | Error                   |
        | v2      | Error while Registering |

    @rule:failed-pairing-keeps-nothing
    Scenario: The certificate of a pairing that ended without success is void
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has exchanged the token of "Web Shop" for a certificate
      And 10 minutes have passed
      When the client calls the registry
      Then the client is refused because of "certificate-revoked"
      And the system "Web Shop" is shown as "Pending"

    @rule:failure-report
    Scenario: The tenant gives up when it has its certificate already
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has exchanged the token of "Web Shop" for a certificate
      When the client reports that the pairing failed because "the disk is full"
      Then the system "Web Shop" is shown as "Error"

    @rule:error-marketing-v1-new-token
    Scenario: Marketing Cloud may try again with a new token (e9d975a.md@v1)
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And a client has presented the token of "Campaigns"
      And the client has reported that the pairing failed because "no space"
      When the operator asks for a new token
      Then the system "Campaigns" is shown as "Pending"
      And a client pairs with the token of "Campaigns"

    @rule:error-cx-v1-no-way-out
    Scenario Outline: In the cockpit of <edition> a <product> system in its error status gets no new token
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has presented the token of "My System"
      And the client has reported that the pairing failed because "no space"
      When the operator asks for a new token
      Then the operator is refused because of "status-forbids"

      Examples: SEED-000; 1582d72.md, where the way out is to remove the system
        | edition | product             |
        | v1      | SAP Commerce Cloud  |
        | v2      | SAP Commerce Cloud  |
        | v2      | SAP Marketing Cloud |

  Rule: Names are printable ASCII and unique in their global account

    @rule:system-name-ascii @rule:system-name-bounds
    @invariant-1
    Scenario Outline: The name <name> is <answer>
      Given the cockpit of v1
      When the operator registers the SAP Commerce Cloud system <name>
      Then the registration is <answer>

      Examples:
        | name                  | answer                            |
        | "Shop <EU> & friends" | accepted                          |
        | "Größe"               | refused because of "name-invalid" |
        | " shop"               | refused because of "name-invalid" |
        | "shop "               | refused because of "name-invalid" |
        | ""                    | refused because of "name-invalid" |

      Examples: 100 and 101 characters
        | name                                                                                                    | answer                            |
        | "a234567890b234567890c234567890d234567890e234567890f234567890g234567890h234567890i234567890j234567890"  | accepted                          |
        | "a234567890b234567890c234567890d234567890e234567890f234567890g234567890h234567890i234567890j234567890k" | refused because of "name-invalid" |

    @rule:system-name-unique
    Scenario: The same name twice
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator registers the SAP Cloud for Customer system "Web Shop"
      Then the registration is refused because of "name-taken"

    @rule:account-boundary @rule:system-name-unique
    @invariant-15
    Scenario: The same name in another global account
      Given the cockpit of v1
      And there is a global account "other"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator of "other" registers the SAP Commerce Cloud system "Web Shop"
      Then the registration is accepted

    @rule:application-name-apart
    Scenario: Two names that normalise to one application name both work
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator registers the SAP Cloud for Customer system "web shop"
      Then the systems "Web Shop" and "web shop" have different application names
      And a client pairs with the token of "Web Shop"
      And a client pairs with the token of "web shop"

    @rule:system-types-cx
    @invariant-2
    Scenario: The CX types are three (SEED-000 step 3)
      Given the cockpit of v1
      When the operator looks at the types of systems
      Then the types with tokens of 10 minutes are "SAP Commerce Cloud" and "SAP Field Service Management" and "SAP Cloud for Customer"
      And the types with tokens of 7 days are "SAP Marketing Cloud" and "SAP S/4HANA Cloud"

    @rule:system-type-known
    Scenario: A type that the cockpit does not offer
      Given the cockpit of v1
      When the operator registers the SAP Neverland system "Web Shop"
      Then the registration is refused because of "type-unknown"
      And there is no system "Web Shop"
