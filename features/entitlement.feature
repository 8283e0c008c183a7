Feature: Entitlements
  A plan of SAP S/4HANA Cloud Extensibility is given to a subaccount for one registered system. While it has one, the system
  stays where it is.
  Sources: SEED-004 step 2, SEED-000 Results, 65ad330.md, 925c00a.md, sap-domain §10.2, design §4 entitlement configuration.

  Rule: The service is invisible while no system is registered (65ad330.md)

    @rule:entitlement-invisible-unregistered
    @invariant-11
    Scenario Outline: A <product> system is not registered yet in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      When the operator looks for services to add to subaccount "dev"
      Then the operator finds no service for a system

      Examples:
        | edition | product             |
        | v1      | SAP Marketing Cloud |
        | v1      | SAP Commerce Cloud  |
        | v2      | SAP Marketing Cloud |

    @rule:entitlement-invisible-unregistered
    @invariant-11
    Scenario Outline: A system is registered in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has got and entered the token
      When the operator looks for services to add to subaccount "dev"
      Then the operator finds the plans "api-access" and "messaging" for "Campaigns"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:account-boundary
    @invariant-15
    Scenario: The registered systems of another global account are not offered
      Given the cockpit of v1
      And there is a global account "other"
      And there is a subaccount "theirs" of global account "other"
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator looks for services to add to subaccount "theirs"
      Then the operator finds no service for a system

  @rule:entitlement-per-system-and-plan
  Rule: A registered system and a plan are given to a subaccount once (65ad330.md, 925c00a.md)

    Scenario Outline: Plan <plan> for a <product> system
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      When the operator gives subaccount "dev" the plan "<plan>" for "My System"
      Then subaccount "dev" has the plans "<plan>" for "My System"

      Examples:
        | product                      | tenant    | plan       |
        | SAP Marketing Cloud          | marketing | api-access |
        | SAP Marketing Cloud          | marketing | messaging  |
        | SAP Commerce Cloud           | commerce  | api-access |
        | SAP Field Service Management | fsm       | api-access |
        | SAP Cloud for Customer       | c4c       | messaging  |

    Scenario: The same again
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns"
      When the operator gives subaccount "dev" the plan "api-access" for "Campaigns"
      Then the operator is refused because of "entitlement-exists"
      And subaccount "dev" has the plans "api-access" for "Campaigns"

    Scenario: The other plan
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns"
      When the operator gives subaccount "dev" the plan "messaging" for "Campaigns"
      Then subaccount "dev" has the plans "api-access" and "messaging" for "Campaigns"

    Scenario: The same plan for another subaccount
      Given the cockpit of v1
      And there is a subaccount "test" with Cloud Foundry
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns"
      When the operator gives subaccount "test" the plan "api-access" for "Campaigns"
      Then the system "Campaigns" is held by "api-access" and "api-access"

    Scenario: A plan that does not exist
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "dev" the plan "sap_com_0109" for "Campaigns"
      Then the operator is refused because of "plan-unknown"

    Scenario Outline: A system that is not registered yet, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      When the operator gives subaccount "dev" the plan "api-access" for "My System"
      Then the operator is refused because of "system-not-registered"

      Examples:
        | edition | product             |
        | v1      | SAP Marketing Cloud |
        | v1      | SAP Commerce Cloud  |
        | v2      | SAP Marketing Cloud |

  @rule:entitlement-needs-environment
  Rule: The subaccount has Cloud Foundry, Kyma, or both (65ad330.md)

    Scenario Outline: A subaccount with <environment>
      Given the cockpit of v1
      And there is a subaccount "test" with <environment>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "test" the plan "api-access" for "Campaigns"
      Then the operator is <answer>

      Examples:
        | environment            | answer                                              |
        | Cloud Foundry          | not refused                                         |
        | Kyma                   | not refused                                         |
        | Cloud Foundry and Kyma | not refused                                         |
        | no environment         | refused because of "subaccount-without-environment" |

  @rule:entitlement-event-mesh
  Rule: SAP Event Mesh is given for no system, with a quota (b7e88ab.md, 00aa2c2.md)

    Scenario Outline: In the cockpit of <edition>
      Given the cockpit of <edition>
      When the operator gives subaccount "dev" the plan "default" of SAP Event Mesh for at most 2 instances
      Then subaccount "dev" has the plan "default" of SAP Event Mesh for at most 2 instances, none of which is used

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: It is taken away, and once more
      Given subaccount "dev" may have 2 clients of its event bus
      When the operator takes from subaccount "dev" the plan "default" of SAP Event Mesh
      Then subaccount "dev" has no plan of SAP Event Mesh
      When the operator takes from subaccount "dev" the plan "default" of SAP Event Mesh
      Then the operator is refused because of "entitlement-not-found"

    @rule:entitlement-in-use
    Scenario: It is used
      Given subaccount "dev" may have 2 clients of its event bus
      And the developer has created the client "app" of the event bus
      When the operator takes from subaccount "dev" the plan "default" of SAP Event Mesh
      Then the operator is refused because of "entitlement-in-use"
      And the page Event Mesh shows the clients "app"

  Rule: A system with an entitlement is not deregistered (SEED-000 Results)

    @rule:deregister-blocked-by-entitlement
    @invariant-7
    Scenario Outline: <product> with plan <plan> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has given subaccount "dev" the plan "<plan>" for "My System"
      When the operator deregisters the system "My System"
      Then the operator is refused because of "system-in-use"
      And the refusal names "<plan> in subaccount dev" and nothing else

      Examples:
        | edition | product                      | tenant    | plan       |
        | v1      | SAP Commerce Cloud           | commerce  | api-access |
        | v1      | SAP Field Service Management | fsm       | api-access |
        | v1      | SAP Cloud for Customer       | c4c       | messaging  |
        | v1      | SAP Marketing Cloud          | marketing | messaging  |
        | v2      | SAP Commerce Cloud           | commerce  | api-access |
        | v2      | SAP Field Service Management | fsm       | messaging  |
        | v2      | SAP Cloud for Customer       | c4c       | api-access |
        | v2      | SAP Marketing Cloud          | marketing | api-access |

    @rule:entitlement-race
    Scenario Outline: Both at the same moment, <product> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      When the operator gives subaccount "dev" the plan "api-access" for "My System" and deregisters it at the same moment
      Then exactly one of them is accepted
      And the other is refused because of one of "system-in-use", "system-not-found" and "system-not-registered"

      Examples:
        | edition | product             | tenant    |
        | v1      | SAP Commerce Cloud  | commerce  |
        | v1      | SAP Marketing Cloud | marketing |
        | v2      | SAP Commerce Cloud  | commerce  |

    @rule:deregister-when-free
    Scenario: Without it, the system is free
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns"
      And the operator has taken from subaccount "dev" the plan "api-access" for "Campaigns"
      When the operator deregisters the system "Campaigns"
      Then there is no system "Campaigns"

    Scenario: What is not there cannot be taken away
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator takes from subaccount "dev" the plan "api-access" for "Campaigns"
      Then the operator is refused because of "entitlement-not-found"

  @rule:account-boundary
  Rule: Nothing crosses the border of a global account (SEED-004, design §4 boundaries)

    @invariant-15
    Scenario: The registered system of another global account is not found
      Given the cockpit of v1
      And there is a global account "other"
      And there is a subaccount "theirs" of global account "other"
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator gives subaccount "theirs" the plan "api-access" for "Campaigns"
      Then the operator is refused because of "system-not-found"
