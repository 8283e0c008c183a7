Feature: Time, transitions and holds
  The environment's clock stands still, runs, or is moved on; what falls due on the way happens in order, each at its own
  instant. What ends a lasting status is the environment's choice: nothing, time, being looked at, or somebody's hand.
  Sources: design §6, design §4 durations, SEED-000 step 8.

  @rule:clock-due-work-in-order
  Rule: What falls due while the clock moves happens in order, at its own instant

    Scenario Outline: A token expires, then a deregistration ends, in the cockpit of <edition>
      Given the cockpit of <edition>
      And deregistering takes 30 minutes
      And the operator has registered the SAP Commerce Cloud system "Old Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has registered the SAP Cloud for Customer system "Sales"
      And the operator has got its token
      And the operator has deregistered the system "Old Shop"
      When 1 hour passes
      Then the journal tells in order that
        | what                                   | after      |
        | the token of "Sales" expired           | 10 minutes |
        | the deregistration of "Old Shop" ended | 30 minutes |
      And the clock shows 1 hour more

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: An hour that ends a minute too early
      Given the cockpit of v2
      And deregistering takes 61 minutes
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When 1 hour passes
      Then the system "Web Shop" is shown as "Deregistering"
      And the tenant shows "Registered"

    Scenario: The tenant has been told when the clock has been moved
      Given the cockpit of v2
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When 1 hour passes
      Then the tenant shows "Deregistered"
      And the system "Web Shop" is shown without a status

  @rule:tenant-renews-in-time
  Rule: A tenant renews its certificate as the clock passes

    Scenario Outline: <product> after <days> days
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And <days> days have passed
      When the tenant "<tenant>" sends the event "<event>" "<version>"
      Then the event is accepted

      Examples:
        | edition | product             | tenant   | event         | version | days |
        | v1      | SAP Commerce Cloud  | commerce | order.created | v1      | 90   |
        | v2      | SAP Commerce Cloud  | commerce | order.created | v1      | 1000 |

    Scenario: It asks to be woken when two thirds of the validity are over
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      When 90 days pass
      Then the journal tells in order that
        | what                                      | after   |
        | the tenant of "Web Shop" was woken        | 60 days |
        | the certificate of "Web Shop" was renewed | 60 days |

  @rule:clock-never-back
  Rule: A clock is stopped, let run and set, and never set back

    Scenario: A clock that stands still
      Given the cockpit of v1
      When the clock is frozen
      Then the clock stands still

    Scenario: A clock that runs again
      Given the cockpit of v1
      And the clock is frozen
      When the clock runs again
      Then the clock runs

    Scenario: A clock that is set to an instant
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the clock is set to 10 minutes later
      Then the clock shows 10 minutes more
      And the token of "Web Shop" is shown as "expired"

    Scenario: A clock that is set back
      Given the cockpit of v1
      And 1 hour has passed
      When the clock is set to 30 minutes earlier
      Then that is refused because of "clock-backwards"
      And the clock shows 0 minutes more

  @rule:transition-policies
  Rule: Whoever polls sees a status as often as the environment says

    Scenario Outline: <status> is seen three times in the cockpit of <edition>
      Given the cockpit of <edition>
      And <transition> ends after 3 reads
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the operator deregisters the system "Web Shop"
      Then the operator who polls the system "Web Shop" sees "<status>" 3 times, then <then>

      Examples:
        | edition | transition    | status        | then        |
        | v1      | deregistering | Deregistering | no system   |
        | v2      | deregistering | Deregistering | no status   |

    Scenario: Removing is seen twice, in a list
      Given the cockpit of v2
      And removing ends after 2 reads
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the operator who polls the list sees "Web Shop" as "Removing" 2 times, then no system

    Scenario: Synchronizing is seen twice
      Given the cockpit of v2
      And synchronizing ends after 2 reads
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator creates the formation "mine" with "Web Shop"
      Then the operator who polls the formation "mine" sees "Synchronizing" 2 times, then "Ready"

    Scenario: Time has nothing to do with it
      Given the cockpit of v2
      And deregistering ends after 5 reads
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When 30 days pass
      Then the system "Web Shop" is shown as "Deregistering"

  @rule:transition-policies
  Rule: What is held goes on when it is released

    Scenario Outline: A deregistration that is held, in the cockpit of <edition>
      Given the cockpit of <edition>
      And deregistering is held
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When 30 days pass
      Then the system "Web Shop" is shown as "Deregistering"
      And the tenant shows "Registered"
      And deregistering "Web Shop" is held

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario Outline: A release, in the cockpit of <edition>
      Given the cockpit of <edition>
      And deregistering is held
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When "Web Shop" is released
      Then the tenant shows "Deregistered"
      And nothing is held

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A formation that is held
      Given the cockpit of v2
      And synchronizing is held
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "mine" with "Web Shop"
      When "mine" is released
      Then the formation "mine" is shown as "Ready"

    Scenario: A release of nothing
      Given the cockpit of v1
      When something is released that is not held
      Then that is refused because of "hold-not-found"

  @rule:transition-policies
  Rule: A new policy is for what begins afterwards

    Scenario: Held from now on
      Given the cockpit of v2
      And removing takes 1 minute
      And the operator has registered the SAP Commerce Cloud system "First"
      And the operator has registered the SAP Commerce Cloud system "Second"
      And the operator has removed the system "First"
      And removing is held from now on
      And the operator has removed the system "Second"
      When 1 minute passes
      Then there is no system "First"
      And the system "Second" is shown as "Removing"

    Scenario: A transition that the edition does not know
      Given the cockpit of v1
      When removing is to be held from now on
      Then that is refused because of "operation-not-in-edition"
