Feature: Why an instance was not created
  What the documents call a creation that fails silently tells its reason where users look: in the operation of the instance.
  Sources: 69889e4.md, b8855ef.md, d866cf6.md, sap-domain §21.

  Rule: The tenant's reason stands in the operation (69889e4.md)

    @rule:instance-scenario-enabled
    Scenario: The scenario is not enabled in the tenant
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has disabled the scenario "SAP_COM_0207"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the creation of "contacts" fails because of "scenario-not-enabled"
      And nothing is left of "contacts" but its row

    @rule:instance-scenario-enabled
    Scenario: The scenario does not support the authentication
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0213" with inbound "BasicAuthentication"
      Then the creation of "contacts" fails because of "authentication-not-supported"
      And nothing is left of "contacts" but its row

    @rule:arrangement-name-unique
    Scenario: There is an arrangement of this name
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "first" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the developer creates the service instance "contacts" with the arrangement name of "first"
      Then the creation of "contacts" fails because of "arrangement-exists"
      And an extension reads contacts through the destination "first"

    @rule:arrangement-outbound-configured
    Scenario: Outbound services are not configured (TUT:S/4 extensibility)
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0208" with inbound "BasicAuthentication"
      Then the creation of "contacts" fails because of "outbound-services-not-configured"
      And nothing is left of "contacts" but its row

    @rule:instance-scenario-enabled
    Scenario: Events need their scenario, too
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has disabled the scenario "SAP_COM_0092"
      When the developer creates the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      Then the creation of "events" fails because of "scenario-not-enabled"

    @rule:messaging-parameters
    Scenario: There is a channel of this name (2d50d91.md)
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      When the developer creates the service instance "more" with the parameters {"systemName":"Campaigns","emClientId":"ab12","communicationArrangement":{"attributes":[{"name":"CHANNEL NAME","value":"SAP_CP_XF_S4HC"}]}}
      Then the creation of "more" fails because of "channel-taken"
      And nothing is left of "more" but its row
      And the tenant "marketing" has the communication arrangement "SAP_CLOUD_PLATFORM_XF_s4hc" of scenario "SAP_COM_0092"

  @rule:instance-failure-leaves-nothing
  Rule: A tenant that is not reached leaves nothing behind (69889e4.md)

    Scenario Outline: The connection breaks <when>
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the call that makes the arrangement is lost <when>
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the creation of "contacts" fails because of "tenant-not-told"
      And nothing is left of "contacts" but its row
      And the tenant "marketing" has no communication arrangement

      Examples:
        | when                        |
        | before the tenant has it    |
        | after the tenant has it     |

  @rule:instance-no-update
  Rule: After the reason is gone, it is deleted and created again (d866cf6.md)

    Scenario: The scenario is enabled now
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has disabled the scenario "SAP_COM_0207"
      And the developer has tried to create the service instance "contacts" for scenario "SAP_COM_0207"
      And the administrator of tenant "marketing" has enabled the scenario "SAP_COM_0207"
      And the developer has deleted the service instance "contacts"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the service instance "contacts" is created
