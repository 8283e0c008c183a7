Feature: Regions
  The system landscape does not exist in every region.
  Sources: SEED-004, 2ffdaff.md, 83df31a.md, sap-domain §20, design §4 regions.

  @rule:region-excluded
  Rule: Not in China (Shanghai) and Government Cloud (US) (SEED-004, 2ffdaff.md)

    Scenario Outline: A formation in China (Shanghai), in the cockpit of <edition>
      Given the cockpit of <edition>
      And there is a subaccount "remote" in region "cn40"
      When the operator creates the formation "shops" in subaccount "remote"
      Then the operator is refused because of "region-unavailable"
      And there is no formation "shops"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario Outline: A formation in Government Cloud (US), in the cockpit of <edition>
      Given the cockpit of <edition>
      And there is a subaccount "remote" in region "us-gov"
      When the operator creates the formation "shops" in subaccount "remote"
      Then the operator is refused because of "region-unavailable"
      And there is no formation "shops"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A formation does not move to China (Shanghai)
      Given the cockpit of v1
      And there is a subaccount "remote" in region "cn40"
      And the operator has created the formation "shops"
      When the operator moves the formation "shops" to subaccount "remote"
      Then the operator is refused because of "region-unavailable"
      And the formation "shops" is in subaccount "dev"

    Scenario: An entitlement in China (Shanghai)
      Given the cockpit of v1
      And there is a subaccount "remote" in region "cn40"
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "remote" the plan "api-access" for "Campaigns"
      Then the operator is refused because of "region-unavailable"

    Scenario: An entitlement in Government Cloud (US)
      Given the cockpit of v1
      And there is a subaccount "remote" in region "us-gov"
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "remote" the plan "api-access" for "Campaigns"
      Then the operator is refused because of "region-unavailable"

    Scenario Outline: No service is offered in <name>
      Given the cockpit of v1
      And there is a subaccount "remote" in region "<region>"
      When the operator looks for services to add to subaccount "remote"
      Then the operator is refused because of "region-unavailable"

      Examples:
        | name                  | region |
        | China (Shanghai)      | cn40   |
        | Government Cloud (US) | us-gov |

  @rule:region-eu-access
  Rule: With EU access it does (SEED-004)

    Scenario: A formation with EU access
      Given the cockpit of v1
      And there is a subaccount "european" in region "eu11"
      When the operator creates the formation "shops" in subaccount "european"
      Then the operator is not refused

    Scenario: An entitlement with EU access
      Given the cockpit of v1
      And there is a subaccount "european" in region "eu11"
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "european" the plan "api-access" for "Campaigns"
      Then subaccount "european" has the plans "api-access" for "Campaigns"
