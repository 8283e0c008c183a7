Feature: The system landscape
  Systems of the global account's customer appear among its systems by themselves. One that duplicates a registered system is merged
  into it; none is removed. Third parties' systems have types of their own. The cockpit of 2021 knows neither.
  Sources: 3ce5e05.md, 5592d86.md, 0c6f498.md, 5481d59.md, sap-domain §7.5 and §7.6.

  @rule:system-merge
  Rule: An auto-discovered system is merged into the registered system of its type and URL (5592d86.md)

    Scenario: The duplicate goes, what only it had stays
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the SAP Commerce Cloud system "shop-prd" was discovered at the URL of "Web Shop"
      When the operator merges "shop-prd" into "Web Shop"
      Then there is no system "shop-prd"
      And the system "Web Shop" is shown as "Registered"
      And the system "Web Shop" is "Manually added" and has the system ID of "shop-prd"

    Scenario: A registered system of another type
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the SAP Field Service Management system "field-prd" was discovered at the URL of "Web Shop"
      When the operator merges "field-prd" into "Web Shop"
      Then the operator is refused because of "merge-target-invalid"

    Scenario: A system that was added manually
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has registered the SAP Commerce Cloud system "Again"
      When the operator merges "Again" into "Web Shop"
      Then the operator is refused because of "system-not-discovered"

    Scenario: One that is in a formation
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the SAP Commerce Cloud system "shop-prd" was discovered at the URL of "Web Shop"
      And the operator has created the formation "Extend" with "shop-prd"
      When the operator merges "shop-prd" into "Web Shop"
      Then the operator is refused because of "system-in-use"

  @rule:system-discovered-stays
  Rule: An auto-discovered system cannot be removed (0c6f498.md)

    @invariant-16
    Scenario: It stays
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the SAP Commerce Cloud system "shop-prd" was discovered at the URL of "Web Shop"
      When the operator removes the system "shop-prd"
      Then the operator is refused because of "system-auto-discovered"
      And the system "shop-prd" is "Auto-discovered"

  @rule:system-type-own
  Rule: A global account has system types of third parties, whose systems need no token (5481d59.md, 2ffdaff.md)

    Scenario: A system of an own type is registered when it is added
      Given the cockpit of v2
      And the operator has created the system type "Warehouse" in the namespace "customer.acme"
      When the operator registers the Warehouse system "North"
      Then the registration is accepted
      And the system "North" is shown without a status

    Scenario: It is offered in its own global account alone
      Given the cockpit of v2
      And there is a global account "other"
      When the operator creates the system type "Warehouse" in the namespace "customer.acme"
      Then the system type "Warehouse" is offered in global account "default"
      And the system type "Warehouse" is not offered in global account "other"

    Scenario: There is no token for it
      Given the cockpit of v2
      And the operator has created the system type "Warehouse" in the namespace "customer.acme"
      And the operator has registered the Warehouse system "North"
      When the operator asks for a new token
      Then the operator is refused because of "type-without-token"

    Scenario: It is removed as any system
      Given the cockpit of v2
      And the operator has created the system type "Warehouse" in the namespace "customer.acme"
      And the operator has registered the Warehouse system "North"
      When the operator removes the system "North"
      Then there is no system "North"

    Scenario Outline: The type is called <name> in <namespace>
      Given the cockpit of <edition>
      When the operator creates the system type "<name>" in the namespace "<namespace>"
      Then the operator is refused because of "<reason>"

      Examples:
        | edition | name               | namespace     | reason                   |
        | v2      | Warehouse          | sap.s4        | invalid-request          |
        | v2      | SAP Commerce Cloud | customer.acme | name-taken               |
        | v1      | Warehouse          | customer.acme | operation-not-in-edition |
