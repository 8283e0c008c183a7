Feature: Custom communication scenarios
  Both predefined and custom communication scenarios are supported (SEED-004); 553a4c6.md names only SAP_COM_<number>.
  Sources: SEED-004, sap-domain §24 invariant 12.

  @rule:instance-scenario-custom
  Rule: A custom scenario must be there in the tenant

    @invariant-12
    Scenario: The tenant's administrator has made it
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has made the scenario "YY1_CONTACTS" for the API "marketing-contact"
      When the developer creates the service instance "contacts" for scenario "YY1_CONTACTS" with inbound "BasicAuthentication"
      Then the service instance "contacts" is created
      And an extension reads contacts through the destination "contacts"

    @invariant-12
    Scenario: Nobody has made it
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "YY1_CONTACTS" with inbound "BasicAuthentication"
      Then the creation of "contacts" fails because of "scenario-not-enabled"

    Scenario: A name that looks predefined and is not
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_CONTACTS" with inbound "BasicAuthentication"
      Then the developer is refused because of "parameters-invalid"
      And the refusal points at "$.communicationArrangement.scenarioId"
