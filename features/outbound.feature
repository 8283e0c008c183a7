Feature: The tenant calls the extension
  With outbound communication the tenant calls the extension's API when a business object has changed.
  Sources: SEED-004 step 3, 553a4c6.md, 80a7613.md, sap-domain §11 and §14.1.

  @rule:outbound-delivery
  Rule: The tenant calls with the method that the instance names (SEED-004, 80a7613.md)

    Scenario Outline: <method> in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "<method>"
      When a campaign of tenant "marketing" is changed
      Then the extension is called with <credentials>

      Examples:
        | edition | method                  | credentials           |
        | v1      | BasicAuthentication     | its user and password |
        | v2      | BasicAuthentication     | its user and password |
        | v1      | OAuth2ClientCredentials | an access token       |
        | v2      | OAuth2ClientCredentials | an access token       |
        | v1      | NoAuthentication        | no credentials        |
        | v2      | NoAuthentication        | no credentials        |

  @rule:instance-makes-destination
  Rule: Outbound alone: a destination with the first edition only (SEED-004, d866cf6.md)

    Scenario: In the cockpit of v1
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "NoAuthentication"
      Then subaccount "dev" has the destination "calls"

    Scenario: In the cockpit of v2
      Given the cockpit of v2
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "NoAuthentication"
      Then subaccount "dev" has no destination "calls"

  @rule:destination-secrets-hidden
  Rule: What the tenant calls with is shown to nobody

    Scenario: The password
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "BasicAuthentication"
      When the developer binds the service instance "calls"
      Then neither the binding nor the instance shows the outbound password

  @rule:arrangement-ends-with-pairing
  Rule: While the extension is disabled, its arrangements rest

    Scenario: A campaign is changed meanwhile
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "NoAuthentication"
      And the administrator of tenant "marketing" has chosen "Disable"
      When a campaign of tenant "marketing" is changed
      Then the extension is not called

  @rule:outbound-delivery
  Rule: After the instance was deleted, nobody is called

    Scenario: A campaign is changed
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "calls" for scenario "SAP_COM_0208" whose tenant calls with "NoAuthentication"
      And the developer has deleted the service instance "calls"
      When a campaign of tenant "marketing" is changed
      Then the extension is not called
