Feature: APIs and events together
  A combination of both plans: the extension hears that something has changed, and reads what (SEED-004 step 3).
  Sources: SEED-004, a735641.md, d476ff0.md.

  @rule:apis-and-events-together
  Rule: Each plan has an instance of its own, and one system serves both (SEED-004)

    Scenario Outline: An event leads to the contact, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the operator has given subaccount "dev" the plan "messaging" for "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And an application listens to "sap/S4HANAOD/s4hc/ce/sap/s4/beh/contact/*" with the queue "contacts"
      When an extension changes a contact through the destination "contacts" with a CSRF token
      Then the application receives an event of type "sap.s4.beh.contact.v1.Contact.Changed.v1"
      And an extension reads contacts through the destination "contacts"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: Deleting one leaves the other
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the operator has given subaccount "dev" the plan "messaging" for "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      When the developer deletes the service instance "events"
      Then an extension reads contacts through the destination "contacts"

  @rule:entitlement-in-use @rule:deregister-blocked-by-entitlement
  Rule: While there are instances, the entitlement stays, and with it the system (SEED-000 Results, 65ad330.md)

    @invariant-7
    Scenario Outline: The operator <wants>
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the operator <does>
      Then the operator is refused because of "<code>"
      And an extension reads contacts through the destination "contacts"

      Examples:
        | wants                        | does                                                                | code               |
        | takes the entitlement away   | takes from subaccount "dev" the plan "api-access" for "Campaigns"   | entitlement-in-use |
        | deregisters the system       | deregisters the system "Campaigns"                                  | system-in-use      |
