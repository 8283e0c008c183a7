Feature: Snapshots of a landscape
  Whoever tests a connector prepares a landscape once, writes it down, and starts each test from it: registry and tenants
  are then what they were, to the second. A reset starts from nothing but the seed.
  Sources: design §6 Snapshots, docs/snapshot.md.

  Rule: A restored landscape is the one that was written down

    @rule:snapshot-restores-all
    Scenario: Each test starts from the prepared landscape
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the landscape has been written down
      And the operator has deregistered the system "Web Shop"
      And 100 days have passed
      When the landscape is restored
      Then the system "Web Shop" is shown as "Registered"
      And the tenant shows "Registered"
      And the landscape is as it was written down

    @rule:snapshot-restores-all
    Scenario: The tenant of a restored pairing goes on with it
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the landscape has been written down
      And the operator has deregistered the system "Web Shop"
      And the landscape has been restored
      And the tenant "commerce" has renewed its certificate
      When the operator deregisters the system "Web Shop"
      Then there is no system "Web Shop"
      And the tenant shows "Deregistered"

    @rule:snapshot-restores-all
    Scenario: A token has the life that it had then
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And 9 minutes have passed
      And the landscape has been written down
      And 1 hour has passed
      And the landscape has been restored
      When the administrator of tenant "commerce" enters the token
      Then the system "Web Shop" is shown as "Registered"

    @rule:snapshot-restores-all
    Scenario: A token lives no longer than it had to then
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And 9 minutes have passed
      And the landscape has been written down
      And 1 hour has passed
      And the landscape has been restored
      When 1 minute passes
      Then the token of "Web Shop" is shown as "expired"

    @rule:snapshot-restores-all
    Scenario Outline: What was to happen happens at its instant, <which>
      Given the cockpit of v2
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      And the landscape has been written down
      And 2 hours have passed
      And the landscape has been restored
      When <minutes> minutes pass
      Then <what is seen>

      Examples:
        | which           | minutes | what is seen                                      |
        | and not earlier | 59      | the system "Web Shop" is shown as "Deregistering" |
        | after an hour   | 60      | the system "Web Shop" is shown without a status   |

    @rule:snapshot-restores-all
    Scenario: What was held is held again
      Given the cockpit of v2
      And removing is held
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has removed the system "Web Shop"
      And the landscape has been written down
      And "Web Shop" was released
      When the landscape is restored
      Then removing "Web Shop" is held
      And the landscape is as it was written down

    @rule:snapshot-generations
    Scenario: Whoever waits in a step meanwhile is told to try again
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the landscape has been written down
      And the recipe "stuck-pairing" is set for the system "Web Shop"
      And the administrator of tenant "commerce" has begun to enter the token
      And a step of "Web Shop" waits
      When the landscape is restored
      Then nothing is held
      And the system "Web Shop" is shown as "Pending"

  @rule:snapshot-refused-whole
  Rule: A snapshot that cannot stand changes nothing

    @rule:input-refused-precisely
    Scenario Outline: <flaw>
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the landscape has been written down
      When somebody restores a snapshot that <flaw>
      Then the snapshot is refused because of "<reason>"
      And the landscape is as it was written down

      Examples:
        | flaw                                  | reason           |
        | breaks off                            | snapshot-invalid |
        | has a system of an unknown account    | snapshot-invalid |
        | has a status that the edition has not | snapshot-invalid |
        | has a name twice                      | snapshot-invalid |
        | has due work of an unknown kind       | snapshot-invalid |
        | has an instant out of range           | snapshot-invalid |
        | has a key that does not fit           | snapshot-invalid |
        | has a tenant that is not here         | snapshot-invalid |
        | is of the other edition               | edition-mismatch |

  @rule:snapshot-without-secrets
  Rule: A snapshot can be shared without its secrets

    Scenario: It can be read, not restored
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the landscape has been written down
      When somebody restores a snapshot without secrets
      Then the snapshot holds no secret
      And the snapshot is refused because of "snapshot-invalid"

  Rule: A snapshot keeps the schema that the landscape tells (docs/snapshot.md)

    Scenario Outline: A landscape with the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "shops" with "Web Shop"
      When the landscape is written down
      Then the snapshot keeps the schema that the landscape tells

      Examples:
        | edition |
        | v1      |
        | v2      |

  @rule:reset-to-seed
  Rule: A reset makes the landscape as its seed declares it

    Scenario: Transitions end as the server says
      Given the cockpit of v2
      And the landscape has been written down
      And removing is held from now on
      When the landscape is reset
      And the operator registers the SAP Commerce Cloud system "Web Shop"
      And the operator removes the system "Web Shop"
      Then there is no system "Web Shop"
      And nothing is held

    Scenario: Nothing is left but the seed
      Given the landscape has been written down
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And 100 days have passed
      When the landscape is reset
      Then there is no system "Web Shop"
      And the landscape is as it was written down
