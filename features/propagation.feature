Feature: What a paired system exposes appears in the Kyma runtime
  "Once you use the integration token …, all of the exposed services and events are propagated to the Kyma runtime."
  Sources: SEED-000 Results, sap-domain §9, §15 and §24, pairing-protocols §2.7 and §3, design §4.

  @rule:access-needs-pairing-and-formation
  Rule: An application is in the runtime while its system is registered and in a formation whose subaccount has Kyma (SEED-000, 83df31a.md)

    @invariant-10
    Scenario Outline: A system that is <status>, <in> a formation, <environments> in its subaccount, in the cockpit of <edition>
      Given the cockpit of <edition>
      And there is a subaccount "shop" with <environments>
      And the SAP Commerce Cloud system "Web Shop" is <status>
      And it is <in> the formation "shops" of subaccount "shop"
      When the operator looks at the runtime of subaccount "shop"
      Then the operator sees <application> application of "Web Shop"
      And the formation "shops" is shown <as>

      Examples:
        | edition | status     | in     | environments           | application | as                   |
        | v1      | pending    | not in | Cloud Foundry          | no          | without a status     |
        | v1      | pending    | not in | Cloud Foundry and Kyma | no          | without a status     |
        | v1      | pending    | in     | Cloud Foundry          | no          | without a status     |
        | v1      | pending    | in     | Cloud Foundry and Kyma | no          | without a status     |
        | v1      | registered | not in | Cloud Foundry          | no          | without a status     |
        | v1      | registered | not in | Cloud Foundry and Kyma | no          | without a status     |
        | v1      | registered | in     | Cloud Foundry          | no          | without a status     |
        | v1      | registered | in     | Cloud Foundry and Kyma | the         | without a status     |
        | v2      | pending    | not in | Cloud Foundry          | no          | as "Draft"           |
        | v2      | pending    | not in | Cloud Foundry and Kyma | no          | as "Draft"           |
        | v2      | pending    | in     | Cloud Foundry          | no          | as "Action Required" |
        | v2      | pending    | in     | Cloud Foundry and Kyma | no          | as "Ready"           |
        | v2      | registered | not in | Cloud Foundry          | no          | as "Draft"           |
        | v2      | registered | not in | Cloud Foundry and Kyma | no          | as "Draft"           |
        | v2      | registered | in     | Cloud Foundry          | no          | as "Action Required" |
        | v2      | registered | in     | Cloud Foundry and Kyma | the         | as "Ready"           |

    @invariant-10
    Scenario Outline: Formation first, then the pairing of <product> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And the operator has created the formation "mine" with "My System"
      When the administrator of tenant "<tenant>" enters the token
      Then the runtime of subaccount "dev" shows the application of "My System"
      And the application of "My System" in subaccount "dev" has APIs and events

      Examples:
        | edition | product                      | tenant   |
        | v1      | SAP Commerce Cloud           | commerce |
        | v1      | SAP Field Service Management | fsm      |
        | v1      | SAP Cloud for Customer       | c4c      |
        | v2      | SAP Commerce Cloud           | commerce |

    @invariant-10
    Scenario Outline: Pairing first, then the formation in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the operator creates the formation "mine" with "Web Shop"
      Then the runtime of subaccount "dev" shows the application of "Web Shop"
      And the application of "Web Shop" in subaccount "dev" has APIs and events

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario Outline: Kyma is enabled last, in the cockpit of <edition>
      Given the cockpit of <edition>
      And there is a subaccount "shop" with Cloud Foundry
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "shop"
      When Cloud Foundry and Kyma is what subaccount "shop" has enabled
      Then the runtime of subaccount "shop" shows the application of "Web Shop"
      And the application of "Web Shop" in subaccount "shop" has APIs and events
      And the formation "shops" is shown <as>

      Examples:
        | edition | as               |
        | v1      | without a status |
        | v2      | as "Ready"       |

    @rule:runtime-marketing-v2-only
    Scenario Outline: A Marketing Cloud system in a Kyma formation of <edition> (design §4)
      Given the cockpit of <edition>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has got and entered the token
      When the operator creates the formation "mine" with "Campaigns"
      Then the runtime of subaccount "dev" shows <shown> application of "Campaigns"

      Examples:
        | edition | shown |
        | v1      | no    |
        | v2      | the   |

  @rule:access-ends-with-either
  Rule: It disappears when either ends (SEED-000 Results)

    Scenario: The system leaves the formation
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has created the formation "mine" with "Web Shop"
      When the operator excludes "Web Shop" from the formation "mine"
      Then the runtime of subaccount "dev" shows no application of "Web Shop"
      And the system "Web Shop" is shown as "Registered"

    Scenario: The formation moves
      Given the cockpit of v1
      And there is a subaccount "test" with Kyma
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has created the formation "mine" with "Web Shop"
      When the operator moves the formation "mine" to subaccount "test"
      Then the runtime of subaccount "test" shows the application of "Web Shop"
      And the runtime of subaccount "dev" shows no application of "Web Shop"

    Scenario Outline: Kyma is disabled, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "mine" of subaccount "dev"
      When Cloud Foundry is what subaccount "dev" has enabled
      Then the runtime of subaccount "dev" shows no application of "Web Shop"
      And the formation "mine" is shown <as>

      Examples:
        | edition | as                   |
        | v1      | without a status     |
        | v2      | as "Action Required" |

    Scenario: The formation is deleted
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "Mine" with "Web Shop"
      When the operator chooses "Delete" for the formation "Mine"
      Then the runtime of subaccount "dev" shows no application of "Web Shop"

    Scenario Outline: The system is deregistered, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "mine" of subaccount "dev"
      And the operator has excluded "Web Shop" from the formation "mine"
      When the operator deregisters the system "Web Shop"
      Then the runtime of subaccount "dev" shows no application of "Web Shop"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: Another formation of the subaccount still holds the system
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has created the formation "one" with "Web Shop"
      And the operator has created the formation "two" with "Web Shop"
      When the operator excludes "Web Shop" from the formation "one"
      Then the runtime of subaccount "dev" shows the application of "Web Shop"

  @rule:runtime-follows-changes
  Rule: What is registered, changed or removed later follows (sap-domain §15.2, pairing-protocols §3)

    Scenario: A service is registered later
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      When the client exposes the API "Orders", which asks for nothing
      Then the application of "Web Shop" in subaccount "dev" offers "Orders" and nothing else

    Scenario: Events are registered later
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      When the client exposes the events "Order Events"
      Then the application of "Web Shop" in subaccount "dev" offers "Orders" and "Order Events" and nothing else
      And the application of "Web Shop" in subaccount "dev" has APIs and events

    Scenario: A service is changed
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      When the client renames the API "Orders" to "Sales Orders"
      Then the application of "Web Shop" in subaccount "dev" offers "Sales Orders" and nothing else

    Scenario: A service is removed
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And the client exposes the API "Orders", which asks for nothing
      And the client exposes the API "Carts", which asks for nothing
      When the client withdraws the API "Orders"
      Then the application of "Web Shop" in subaccount "dev" offers "Carts" and nothing else

  @rule:application-name
  Rule: Names are normalised (sap-domain §15.2, pairing-protocols §2.7)

    Scenario Outline: A system named <system>
      Given the SAP Commerce Cloud system "<system>" is registered
      And it is in the formation "shops" of subaccount "dev"
      When the operator looks at the runtime of subaccount "dev"
      Then the operator sees the application "<application>"

      Examples:
        | system            | application          |
        | commerce-mock     | mp-commerce-mock     |
        | Web Shop          | mp-web-shop          |
        | mp-web-shop       | mp-web-shop          |
        | Shop (EU) -- 2    | mp-shop-eu-2         |
        | Shop!             | mp-shop              |

  Rule: Two systems whose names come to one have two applications, unless names stop a runtime (design §4 application name)

    @rule:application-name-apart
    Scenario: The later one has a suffix
      Given the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the SAP Cloud for Customer system "web-shop" is registered
      When the operator includes "web-shop" in the formation "shops"
      Then the runtime of subaccount "dev" shows the application of "Web Shop"
      And the runtime of subaccount "dev" shows the application of "web-shop"
      And the systems "Web Shop" and "web-shop" have different application names

    @rule:application-collision-stops
    Scenario: Names that collide stop the synchronization: what was there stays, and nothing joins (sap-domain §15.2, §21)
      Given applications of one name stop the synchronization of a runtime
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the SAP Cloud for Customer system "web-shop" is registered
      And the SAP Field Service Management system "Field" is registered
      And the operator has included "web-shop" in the formation "shops"
      When the operator includes "Field" in the formation "shops"
      Then the runtime of subaccount "dev" is stopped by the name "mp-web-shop"
      And the runtime of subaccount "dev" shows the application of "Web Shop"
      And the runtime of subaccount "dev" shows no application of "web-shop"
      And the runtime of subaccount "dev" shows no application of "Field"

    @rule:application-collision-stops
    Scenario: Nothing leaves a runtime that is stopped
      Given applications of one name stop the synchronization of a runtime
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the SAP Field Service Management system "Field" is registered
      And it is in the formation "field" of subaccount "dev"
      And the SAP Cloud for Customer system "web-shop" is registered
      And the operator has included "web-shop" in the formation "shops"
      When the operator excludes "Field" from the formation "field"
      Then the runtime of subaccount "dev" shows the application of "Field"

    @rule:application-collision-stops
    Scenario Outline: The collision is over when <what>
      Given applications of one name stop the synchronization of a runtime
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the SAP Cloud for Customer system "web-shop" is registered
      And the operator has included "web-shop" in the formation "shops"
      When the operator excludes "<leaving>" from the formation "shops"
      Then the runtime of subaccount "dev" is synchronized
      And the runtime of subaccount "dev" shows the application of "<staying>"
      And the runtime of subaccount "dev" shows no application of "<leaving>"

      Examples:
        | what                  | leaving  | staying  |
        | the later one leaves  | web-shop | Web Shop |
        | the earlier one leaves | Web Shop | web-shop |

    @rule:application-collision-stops
    Scenario: The pairing comes last
      Given applications of one name stop the synchronization of a runtime
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the operator has registered the SAP Cloud for Customer system "web-shop"
      And the operator has included "web-shop" in the formation "shops"
      And the operator has got its token
      When the administrator of tenant "c4c" enters the token
      Then the system "web-shop" is shown as "Registered"
      And the runtime of subaccount "dev" is stopped by the name "mp-web-shop"
      And the runtime of subaccount "dev" shows no application of "web-shop"

    @rule:application-collision-stops
    Scenario: One name in two runtimes is no collision
      Given applications of one name stop the synchronization of a runtime
      And there is a subaccount "test" with Kyma
      And the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And the SAP Cloud for Customer system "web-shop" is registered
      When the operator creates the formation "others" in subaccount "test" with "web-shop"
      Then the runtime of subaccount "dev" shows the application of "Web Shop"
      And the runtime of subaccount "test" shows the application of "web-shop"
