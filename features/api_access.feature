Feature: Access to APIs
  A workload in a Kyma runtime calls the APIs of the runtime's applications through the gateway, without credentials of its
  own: the gateway has those that the system registered.
  Sources: SEED-000 Results, sap-domain §9 and §15.4, pairing-protocols §5, design §4.

  @rule:gateway-credentials
  Rule: The gateway calls an API with the credentials that were registered (pairing-protocols §5.2)

    Scenario Outline: An API that asks for <credentials>
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for <credentials>
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload gets the data

      Examples:
        | credentials                     |
        | nothing                         |
        | user and password               |
        | an OAuth token                  |
        | user, password and a CSRF token |

    @rule:gateway-address
    Scenario: The address that the landscape gives an API
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders & Carts", which asks for user and password
      When a workload reads the API "Orders & Carts" of "Web Shop" as an entry of its service
      Then the workload gets the data

    @rule:gateway-address
    Scenario: What stands behind the address of an API reaches its target
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      When a workload reads the order "0001" through the API "Orders" of "Web Shop"
      Then the target of the API "Orders" was asked for the order "0001"
      And the workload gets the data

  @rule:gateway-runtime-only @rule:access-needs-pairing-and-formation
  Rule: At the gateway is what the runtime sees: registered, and in a formation with Kyma (SEED-000 Results)

    Scenario: The formation comes after the pairing
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client exposes the API "Orders", which asks for nothing
      And the operator has created the formation "shops" with "Web Shop"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload gets the data

    Scenario: A system that is not registered yet
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "shops" with "Web Shop"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

    Scenario: A system in no formation
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client exposes the API "Orders", which asks for nothing
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

    Scenario: A formation in a subaccount without Kyma
      Given there is a subaccount "plain" with Cloud Foundry
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client exposes the API "Orders", which asks for nothing
      And the operator has created the formation "shops" in subaccount "plain" with "Web Shop"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

    @rule:access-ends-with-either
    Scenario: A system that leaves its formation
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      And a workload has read the API "Orders" of "Web Shop"
      And the operator has excluded "Web Shop" from the formation "shops"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

    @rule:access-ends-with-either
    Scenario Outline: A system that is deregistered, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      And a workload has read the API "Orders" of "Web Shop"
      And the operator has excluded "Web Shop" from the formation "shops"
      And the operator has deregistered the system "Web Shop"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:access-ends-with-either
    Scenario: Kyma is disabled in the subaccount
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      And a workload has read the API "Orders" of "Web Shop"
      And Cloud Foundry is all that subaccount "dev" still has
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "application-not-found"

  @rule:gateway-address
  Rule: An API has one name, and that leads to it (pairing-protocols §5.1)

    Scenario: A name that is none
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      When a workload reads the API "Order" of "Web Shop"
      Then the workload is refused because of "service-not-found"

    Scenario: Two names that come to the same
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders (A)", which asks for nothing
      And the client exposes the API "orders [a]", which asks for nothing
      When a workload reads the API "Orders (A)" of "Web Shop"
      Then the workload is refused because of "service-ambiguous"

    @rule:runtime-follows-changes
    Scenario: An API that is not exposed any more
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      And a workload has read the API "Orders" of "Web Shop"
      And the client has withdrawn the API "Orders"
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "service-not-found"

  Rule: Credentials are kept, and fetched anew when they are needed (pairing-protocols §5.2)

    @rule:gateway-caches
    Scenario: An OAuth token is kept while it is good
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for an OAuth token
      And a workload has read the API "Orders" of "Web Shop"
      And 59 minutes have passed
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload gets the data
      And the gateway has fetched 1 token

    @rule:gateway-caches
    Scenario: An OAuth token that has expired
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for an OAuth token
      And a workload has read the API "Orders" of "Web Shop"
      And 60 minutes have passed
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload gets the data
      And the gateway has fetched 2 tokens

    @rule:gateway-retry
    Scenario: An OAuth token that was revoked
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for an OAuth token
      And a workload has read the API "Orders" of "Web Shop"
      And the token server has revoked its tokens
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload gets the data
      And the gateway has fetched 2 tokens

    @rule:gateway-caches
    Scenario Outline: A new password, <seconds> seconds later
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for user and password
      And a workload has read the API "Orders" of "Web Shop"
      And the client has registered a new password for the API "Orders"
      And <seconds> seconds have passed
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload <answer>

      Examples:
        | seconds | answer                          |
        | 119     | is refused by the target itself |
        | 120     | gets the data                   |

  @rule:gateway-errors
  Rule: What is wrong with a target is told apart from what is wrong with the call (pairing-protocols §5.3)

    @rule:gateway-bounded @rule:outbound-bounded
    Scenario Outline: A target that <trouble>
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", whose target <trouble>
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "<reason>"

      Examples:
        | trouble                          | reason             |
        | is down                          | target-unreachable |
        | fails                            | target-failed      |
        | has a certificate nobody trusts  | target-unreachable |
        | is where no call may go          | target-forbidden   |
        | leads back to the gateway        | target-failed      |

    @rule:gateway-bounded
    Scenario: A target that hangs
      Given the gateway waits only a moment for a target
      And the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", whose target hangs
      When a workload reads the API "Orders" of "Web Shop"
      Then the workload is refused because of "target-timeout"

  @rule:gateway-tenant-data
  Rule: The data of a paired tenant are behind the gateway (SEED-000 Results, sap-domain §9)

    Scenario Outline: A workload works with <product>, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has created the formation "extensions" with "My System"
      When a workload creates <object> through the API "<api>" of "My System"
      Then the workload can read it
      And the registry receives an event from "My System"

      Examples:
        | edition | product                      | tenant    | api                                        | object         |
        | v1      | SAP Commerce Cloud           | commerce  | SAP Commerce Cloud - Commerce Webservices  | a customer     |
        | v1      | SAP Cloud for Customer       | c4c       | SAP Cloud for Customer - OData API         | an account     |
        | v1      | SAP Field Service Management | fsm       | SAP Field Service Management - Service API | a service call |
        | v2      | SAP Commerce Cloud           | commerce  | SAP Commerce Cloud - Commerce Webservices  | a customer     |
        | v2      | SAP Cloud for Customer       | c4c       | SAP Cloud for Customer - OData API         | a ticket       |
        | v2      | SAP Field Service Management | fsm       | SAP Field Service Management - Service API | a service call |
        | v2      | SAP Marketing Cloud          | marketing | API_MKT_INTERACTION_SRV                    | an interaction |

    Scenario: A workload reads what a client of the product has created
      Given the operator has registered the SAP Cloud for Customer system "My CRM"
      And the administrator of tenant "c4c" has got and entered the token
      And the operator has created the formation "extensions" with "My CRM"
      When a client of the API "c4c-odata" of tenant "c4c" creates an account
      Then a workload can read it through the API "SAP Cloud for Customer - OData API" of "My CRM"

    @rule:runtime-marketing-v2-only
    Scenario: SAP Marketing Cloud is no application of a runtime in v1
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "My Marketing"
      And the administrator of tenant "marketing" has got and entered the token
      When a workload reads the API "API_MKT_INTERACTION_SRV" of "My Marketing"
      Then the workload is refused because of "application-not-found"

  @rule:gateway-headers
  Rule: Headers go through the gateway as the vendor treats them (pairing-protocols §5.2)

    Scenario: A workload that has a token of its own
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for user and password
      When a workload reads the API "Orders" of "Web Shop" with a token of its own
      Then the target of "Orders" was called with the workload's token and told the address of the gateway

    Scenario Outline: A target that sends callers on <where>
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which sends callers on <where>
      When a workload is sent on by the API "Orders" of "Web Shop"
      Then the workload is led <through>

      Examples:
        | where           | through             |
        | below itself    | through the gateway |
        | to another host | to the other host   |

  @rule:application-resource
  Rule: The runtime has the Application resource and its Secrets, with Kyma's names (sap-domain §15.3)

    Scenario: An API with user and password
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for user and password
      When the operator reads the manifests of "Web Shop" in subaccount "dev"
      Then there is an Application with the API "Orders", whose credentials are in a Secret with "username=kyma", "password=secret"
