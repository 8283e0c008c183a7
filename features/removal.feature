Feature: Removing a system
  Today's cockpit deletes the record of a system that is not registered. The cockpit of 2021 knows deregistering only.
  Sources: 0c6f498.md, 1582d72.md, e9d975a.md, sap-domain §4.2 and §7.5.

  @rule:remove-unregistered
  Rule: A system that is not registered can be removed (0c6f498.md)

    Scenario Outline: A <product> system that was only added
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      When the operator removes the system "My System"
      Then there is no system "My System"

      Examples:
        | product                      |
        | SAP Commerce Cloud           |
        | SAP Field Service Management |
        | SAP Cloud for Customer       |
        | SAP Marketing Cloud          |

    @rule:system-name-free-with-row
    Scenario: Its name is free then
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has removed the system "Web Shop"
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the registration is accepted

    Scenario: Its token pairs nothing then
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And the operator has removed the system "Web Shop"
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-unknown"

    @rule:failed-pairing-keeps-nothing
    Scenario: A pairing that is under way ends with it
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client has presented the token of "Web Shop"
      And the operator has removed the system "Web Shop"
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"

    @rule:error-v2-remove-and-add
    Scenario Outline: A <product> system whose pairing failed
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the pairing of "My System" has failed
      When the operator removes the system "My System"
      Then there is no system "My System"
      And no incident about "My System" is open

      Examples:
        | product             |
        | SAP Commerce Cloud  |
        | SAP Marketing Cloud |

    Scenario: A system that was deregistered
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When the operator removes the system "Web Shop"
      Then there is no system "Web Shop"

  @rule:remove-registered-refused
  Rule: A registered system is deregistered first (0c6f498.md, e9d975a.md)

    @invariant-16
    Scenario Outline: A registered <product> system
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      When the operator removes the system "My System"
      Then the operator is refused because of "status-forbids"
      And the refusal tells "deregister it first"
      And the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant    |
        | SAP Commerce Cloud           | commerce  |
        | SAP Field Service Management | fsm       |
        | SAP Cloud for Customer       | c4c       |
        | SAP Marketing Cloud          | marketing |

    Scenario: A system that is being deregistered
      Given the cockpit of v2
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the operator is refused because of "status-forbids"

    Scenario: A system that could not be deregistered
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the operator is refused because of "status-forbids"
      And the system "Web Shop" is shown as "Error while Deregistering"

  @rule:remove-blocked-by-formation
  Rule: Formations hold a system that is removed, too (design §4, sap-domain §16.6)

    Scenario: A system that was only added, in a formation
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the operator removes the system "Web Shop"
      Then the operator is refused because of "system-in-use"
      And the refusal names "Shops" and nothing else

    Scenario: It has left the formation
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      And the operator has excluded "Web Shop" from the formation "Shops"
      When the operator removes the system "Web Shop"
      Then there is no system "Web Shop"

  @rule:remove-shows-removing
  Rule: Removing takes its time, and can be seen (1582d72.md)

    Scenario: On its way out
      Given the cockpit of v2
      And removing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the system "Web Shop" is shown as "Removing"

    Scenario: In the end
      Given the cockpit of v2
      And removing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has removed the system "Web Shop"
      When 1 hour passes
      Then there is no system "Web Shop"

    Scenario: Removed twice
      Given the cockpit of v2
      And removing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has removed the system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the operator is refused because of "status-forbids"

    Scenario: A system on its way out gets no token
      Given the cockpit of v2
      And removing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has removed the system "Web Shop"
      When the operator asks for a new token
      Then the operator is refused because of "status-forbids"

  @rule:remove-error-retry
  Rule: A removal that failed is tried again (1582d72.md, e9d975a.md)

    Scenario Outline: The record of a <product> system cannot be deleted
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And deleting the record fails because "the landscape is closed"
      When the operator removes the system "My System"
      Then the system "My System" is shown as "Error while Removing"
      And its error names "the landscape is closed" and component "<component>"
      And its error tells that deleting the record failed just now
      And an incident about "My System" is open for component "<component>"

      Examples:
        | product             | component      |
        | SAP Commerce Cloud  | BC-CP-MP       |
        | SAP Marketing Cloud | BC-NEO-EXT-S4C |

    Scenario: Removing again
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And deleting the record fails because "the landscape is closed"
      And the operator has removed the system "Web Shop"
      And nothing fails any more
      When the operator removes the system "Web Shop"
      Then there is no system "Web Shop"
      And no incident about "Web Shop" is open

    Scenario: Support ends it
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And deleting the record fails because "the landscape is closed"
      And the operator has removed the system "Web Shop"
      When support resolves the incident about "Web Shop"
      Then there is no system "Web Shop"

  @rule:remove-unknown-in-v1
  Rule: v1 removes nothing (SEED-000)

    Scenario Outline: A <product> system in the cockpit of v1
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      When the operator removes the system "My System"
      Then the operator is refused because of "operation-not-in-edition"
      And the system "My System" is shown as "Pending"

      Examples:
        | product             |
        | SAP Commerce Cloud  |
        | SAP Marketing Cloud |
