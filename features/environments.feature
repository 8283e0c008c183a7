Feature: A server holds environments, worlds of their own
  Beside the world that a server starts with it holds others, each with its own accounts, systems, tenants, keys, clock
  and journal. A test takes one and throws it away. Sources: design §6; no SAP product has them.

  @rule:environments-apart
  Rule: What happens in one environment does not show in another

    Scenario: The same names in two environments
      Given there is an environment "blue"
      And there is an environment "green"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has gone to the environment "green"
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then in the environment "green" the system "Web Shop" is shown as "Pending"
      And in the environment "blue" the system "Web Shop" is shown as "Registered"
      And in the environment "default" there is no system "Web Shop"

    Scenario: Each environment has the tenants of all products
      Given there is an environment "blue"
      And the operator has registered the SAP Cloud for Customer system "Sales"
      And the administrator of tenant "c4c" has entered the token
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Cloud for Customer system "Sales"
      When the administrator of tenant "c4c" enters the token
      Then the tenant shows "Active"
      And in the environment "blue" the system "Sales" is shown as "Registered"

    Scenario: Clocks are apart
      Given there is an environment "blue"
      And there is an environment "green"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has gone to the environment "green"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When 10 minutes pass
      Then in the environment "green" the token of "Web Shop" is shown as "expired"
      And in the environment "blue" the token of "Web Shop" is shown as "live"

    @rule:edition-stays-with-environment
    Scenario: Editions live side by side
      Given there is an environment "old" with the cockpit of v1
      And there is an environment "new" with the cockpit of v2
      And the operator has gone to the environment "old"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has gone to the environment "new"
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the system "Web Shop" is shown without a status
      And in the environment "old" the system "Web Shop" is shown as "Pending"

  @rule:environments-apart
  Rule: Tokens and certificates are good in the environment that issued them

    @rule:token-foreign-refused
    Scenario: A token of another environment
      Given there is an environment "blue"
      And there is an environment "green"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has gone to the environment "green"
      When a client presents the token of "Web Shop" that was issued in "blue"
      Then the client is refused because of "token-foreign"
      And in the environment "blue" the token of "Web Shop" is shown as "live"

    @rule:certificate-needed
    Scenario: A certificate of another environment
      Given there is an environment "blue"
      And there is an environment "green"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the operator has gone to the environment "green"
      When the client with the certificate of "blue" calls the registry
      Then the client is refused because of "certificate-foreign"

  @rule:environment-from-seed
  Rule: An environment is made from a seed

    Scenario: It holds what the seed declares
      When the operator makes the environment "seeded" from a seed with the system "Web Shop"
      Then in the environment "seeded" the system "Web Shop" is shown as "Registered"

    @rule:seed-checked
    Scenario: A wrong seed makes nothing
      When the operator makes the environment "seeded" from a seed that declares nonsense
      Then the operator is refused because of "invalid-request"
      And the environments are default

  @rule:environment-dropped
  Rule: An environment goes without a trace, and without the others noticing

    Scenario: It is deleted
      Given there is an environment "blue"
      And there is an environment "green"
      And the operator has gone to the environment "green"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator deletes the environment "blue"
      Then the environments are default and green
      And there is nothing at the environment "blue"
      And in the environment "green" the system "Web Shop" is shown as "Pending"

    Scenario: A request is under way in it
      Given there is an environment "blue"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the client's tenant deletes the environment "blue" when it is told of its deregistration
      When the operator deregisters the system "Web Shop"
      Then the operator is refused because of "environment-gone"
      And the environments are default

    Scenario: Its name is free again
      Given there is an environment "blue"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has deleted the environment "blue"
      When the operator makes an environment named "blue"
      Then in the environment "blue" there is no system "Web Shop"

    Scenario: Its time is up
      Given there is an environment "blue" that lasts a moment
      And there is an environment "green"
      When the time of the environment "blue" is up
      Then the environments are default and green
      And there is nothing at the environment "blue"

    Scenario: The first one stays
      When the operator deletes the environment "default"
      Then the operator is refused because of "environment-permanent"

  Rule: An environment may begin as a snapshot of another

    Background:
      Given there is an environment "blue"
      And the operator has gone to the environment "blue"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Outlet"
      And the administrator of tenant "commerce" has entered the token
      And the landscape has been written down

    @rule:snapshot-restores-all
    Scenario: It holds what was written down, and goes its own way
      When the operator makes the environment "green" from the snapshot
      And the operator deregisters the system "Outlet"
      Then in the environment "green" the system "Outlet" is shown as "Registered"
      And in the environment "green" the system "Web Shop" is shown as "Pending"
      And in the environment "default" there is no system "Web Shop"

    Scenario: A token of the one is good in the other
      Given there is an environment "green" that began as the snapshot
      And the operator has gone to the environment "green"
      When a client presents the token of "Web Shop" that was issued in "blue"
      Then the client is answered
      And in the environment "blue" the token of "Web Shop" is shown as "live"

    @rule:edition-stays-with-environment
    Scenario: Another edition is asked for
      When the operator makes the environment "green" with the cockpit of v2 from the snapshot
      Then the operator is refused because of "edition-mismatch"
      And the environments are default and blue

    @rule:snapshot-refused-whole
    Scenario: The snapshot cannot stand
      When the operator makes the environment "green" from a snapshot that has due work of an unknown kind
      Then the operator is refused because of "snapshot-invalid"
      And the environments are default and blue

  @rule:environment-name
  Rule: A name is a part of addresses, and of nothing else

    Scenario Outline: An environment named <name>
      When the operator makes an environment named "<name>"
      Then the operator is refused because of "<reason>"

      Examples:
        | name         | reason       |
        | default      | name-taken   |
        | ..           | name-invalid |
        | ../default   | name-invalid |
        | blue/control | name-invalid |
        | blue%2fgreen | name-invalid |
        | -blue        | name-invalid |
        | Blue         | name-invalid |
        | blue green   | name-invalid |

    Scenario: A name is taken
      Given there is an environment "blue"
      When the operator makes an environment named "blue"
      Then the operator is refused because of "name-taken"
