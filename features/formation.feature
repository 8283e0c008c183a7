Feature: Formations
  A formation joins systems with a subaccount. A CX system that is registered and in a formation of a subaccount with Kyma
  is an application in its runtime: that is what gives access to its APIs and events.
  Sources: SEED-000, 68b04fa.md@v1, 68b04fa.md, 9154051.md, 3ce5e05.md, sap-domain §8 and §9, design §4.

  @rule:formation-name
  Rule: Names keep their edition's rule and are unique in a global account (68b04fa.md@v1, 68b04fa.md)

    Scenario Outline: The name "<name>" in the cockpit of <edition>
      Given the cockpit of <edition>
      When the operator creates the formation "<name>"
      Then the operator is not refused

      Examples:
        | edition | name           |
        | v1      | shops.eu-1     |
        | v1      | 4              |
        | v2      | Shops EU_1-a   |
        | v2      | x              |

    Scenario Outline: The name "<name>" is none in the cockpit of <edition>
      Given the cockpit of <edition>
      When the operator creates the formation "<name>"
      Then the operator is refused because of "name-invalid"
      And there is no formation "<name>"

      Examples:
        | edition | name     |
        | v1      | Shops    |
        | v1      | -shops   |
        | v1      | my shops |
        | v2      | shops.eu |
        | v2      | shops-   |
        | v2      | Läden    |

    Scenario Outline: The same name twice in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has created the formation "shops"
      When the operator creates the formation "shops"
      Then the operator is refused because of "name-taken"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:account-boundary
    Scenario: The same name in another global account
      Given the cockpit of v1
      And there is a global account "other"
      And there is a subaccount "theirs" of global account "other"
      And the operator has created the formation "shops"
      When the operator of "other" creates the formation "shops" in subaccount "theirs"
      Then the operator is not refused

  @rule:formation-type
  Rule: A formation has a type, which v1 does not ask for (68b04fa.md@v1, 68b04fa.md, 9154051.md)

    Scenario: In v1 nobody chooses the type
      Given the cockpit of v1
      When the operator creates the formation "shops"
      Then the formation "shops" is of type "Side-by-Side Extensibility with Kyma"

    Scenario Outline: In v2 the type <type> is <answer>
      Given the cockpit of v2
      When the operator creates the formation "shops" of type "<type>"
      Then the operator is <answer>

      Examples:
        | type                                 | answer                                       |
        | Side-by-Side Extensibility with Kyma | not refused                                  |
        | Side-by-Side Extensibility           | refused because of "formation-type-unknown"  |

    Scenario Outline: The types that there are in the cockpit of <edition>
      Given the cockpit of <edition>
      When the operator looks at the types of formations
      Then the one type is "Side-by-Side Extensibility with Kyma", in Kyma, for "SAP Commerce Cloud", "SAP Field Service Management", "SAP Cloud for Customer" and "SAP Marketing Cloud"

      Examples:
        | edition |
        | v1      |
        | v2      |

  Rule: In v1 the subaccount's environment is enabled first (68b04fa.md@v1)

    @rule:formation-needs-environment-v1
    Scenario Outline: A subaccount with <environment>
      Given the cockpit of v1
      And there is a subaccount "test" with <environment>
      When the operator creates the formation "shops" in subaccount "test"
      Then the operator is <answer>

      Examples:
        | environment            | answer                                               |
        | Kyma                   | not refused                                          |
        | Cloud Foundry          | not refused                                          |
        | Cloud Foundry and Kyma | not refused                                          |
        | no environment         | refused because of "subaccount-without-environment"  |

    @rule:formation-needs-environment-v1
    Scenario: A formation without a subaccount
      Given the cockpit of v1
      When the operator creates the formation "shops" without a subaccount
      Then the operator is refused because of "invalid-request"

    @rule:formation-subaccount-changeable-v1
    Scenario: The subaccount can be changed at any time
      Given the cockpit of v1
      And there is a subaccount "test" with Kyma
      And the operator has created the formation "shops"
      When the operator moves the formation "shops" to subaccount "test"
      Then the formation "shops" is in subaccount "test"

    @rule:formation-needs-environment-v1
    Scenario: An environment is needed there too
      Given the cockpit of v1
      And there is a subaccount "empty" with no environment
      And the operator has created the formation "shops"
      When the operator moves the formation "shops" to subaccount "empty"
      Then the operator is refused because of "subaccount-without-environment"
      And the formation "shops" is in subaccount "dev"

  Rule: In v2 a formation without Kyma shows Action Required (68b04fa.md, 9154051.md)

    @rule:formation-action-required
    Scenario Outline: A subaccount with <environment>
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And there is a subaccount "test" with <environment>
      When the operator creates the formation "Shops" in subaccount "test" with "Web Shop"
      Then the formation "Shops" is shown as "<status>"

      Examples:
        | environment            | status          |
        | no environment         | Action Required |
        | Cloud Foundry          | Action Required |
        | Kyma                   | Ready           |
        | Cloud Foundry and Kyma | Ready           |

    @rule:formation-action-required
    Scenario: Enabling Kyma is the action
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And there is a subaccount "test" with Cloud Foundry
      And the operator has created the formation "Shops" in subaccount "test" with "Web Shop"
      When Cloud Foundry and Kyma is what subaccount "test" has enabled
      Then the formation "Shops" is shown as "Ready"
      And the runtime of subaccount "test" shows the application of "Web Shop"

    @rule:formation-action-required
    Scenario: Disabling Kyma asks for it again
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And there is a subaccount "test" with Kyma
      And the operator has created the formation "Shops" in subaccount "test" with "Web Shop"
      When no environment is what subaccount "test" has enabled
      Then the formation "Shops" is shown as "Action Required"

    @rule:formation-subaccount-changeable-v1
    Scenario: The subaccount is fixed at creation
      Given the cockpit of v2
      And there is a subaccount "test" with Kyma
      And the operator has created the formation "Shops"
      When the operator moves the formation "Shops" to subaccount "test"
      Then the operator is refused because of "operation-not-in-edition"
      And the formation "Shops" is in subaccount "dev"

  Rule: CX systems may join before they are paired, Marketing Cloud only when it is registered (SEED-000 step 7, 2ffdaff.md)

    @rule:formation-cx-before-pairing
    @invariant-9
    Scenario Outline: A <product> system joins before its pairing in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      When the operator creates the formation "mine" with "My System"
      Then the operator is not refused
      And the formation "mine" holds "My System"

      Examples:
        | edition | product                      |
        | v1      | SAP Commerce Cloud           |
        | v1      | SAP Field Service Management |
        | v1      | SAP Cloud for Customer       |
        | v2      | SAP Commerce Cloud           |
        | v2      | SAP Field Service Management |
        | v2      | SAP Cloud for Customer       |

    @rule:formation-marketing-after-pairing
    @invariant-9
    Scenario Outline: A Marketing Cloud system does not, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      When the operator creates the formation "mine" with "Campaigns"
      Then the operator is refused because of "system-not-registered"
      And there is no formation "mine"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:formation-marketing-after-pairing
    Scenario Outline: A Marketing Cloud system joins after its pairing in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has got and entered the token
      And the operator has created the formation "mine"
      When the operator includes "Campaigns" in the formation "mine"
      Then the formation "mine" holds "Campaigns"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario Outline: A system whose pairing failed does not join in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the pairing of "Web Shop" has failed
      And the operator has created the formation "mine"
      When the operator includes "Web Shop" in the formation "mine"
      Then the operator is refused because of "system-not-registered"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:formation-many-per-system
    Scenario: One system is in several formations (sap-domain §26 item 18)
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "one" with "Web Shop"
      When the operator creates the formation "two" with "Web Shop"
      Then the system "Web Shop" is held by "one" and "two"

    @rule:formation-many-per-system
    Scenario: A formation without a system (sap-domain §26 item 19)
      Given the cockpit of v1
      When the operator creates the formation "shops"
      Then the formation "shops" holds nothing

    Scenario: Excluding a system that is not there
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops"
      When the operator excludes "Web Shop" from the formation "Shops"
      Then the operator is refused because of "system-not-in-formation"

  @rule:formation-status-v1
  Rule: v1 shows no statuses for formations (68b04fa.md@v1)

    Scenario: A formation that could not be synchronized
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      When the operator creates the formation "shops" with "Web Shop"
      Then the formation "shops" is shown without a status
      And no incident about "shops" is open

    Scenario: What v2 does about statuses
      Given the cockpit of v1
      And the operator has created the formation "shops"
      When the operator chooses "Resynchronize" for the formation "shops"
      Then the operator is refused because of "operation-not-in-edition"

  @rule:formation-status-v2
  Rule: v2 shows where a formation stands (68b04fa.md, 3ce5e05.md)

    Scenario: Ready
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator creates the formation "Shops" with "Web Shop"
      Then the formation "Shops" is shown as "Ready"
      And the formation "Shops" offers "Reset and Resynchronize"
      And the formation "Shops" does not offer "Resynchronize"

    @rule:formation-draft
    Scenario: Draft, while the systems that are needed are missing
      Given the cockpit of v2
      When the operator creates the formation "Shops"
      Then the formation "Shops" is shown as "Draft"
      And the formation "Shops" offers "Finalize Formation"
      And the formation "Shops" does not offer "Reset and Resynchronize"

    @rule:formation-draft
    Scenario: A draft is finalized
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops"
      And the operator has included "Web Shop" in the formation "Shops"
      When the operator chooses "Finalize Formation" for the formation "Shops"
      Then the formation "Shops" is shown as "Ready"
      And the formation "Shops" does not offer "Finalize Formation"

    @rule:formation-draft
    Scenario: A draft that still misses its systems
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      When the operator chooses "Finalize Formation" for the formation "Shops"
      Then the operator is refused because of "formation-incomplete"
      And the formation "Shops" is shown as "Draft"

    @rule:formation-draft
    Scenario: A draft gives no access
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "Shops"
      When the operator includes "Web Shop" in the formation "Shops"
      Then the formation "Shops" is shown as "Draft"
      And the runtime of subaccount "dev" shows no application of "Web Shop"

    Scenario: Synchronizing, while the systems are told
      Given the cockpit of v2
      And synchronizing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator creates the formation "Shops" with "Web Shop"
      Then the formation "Shops" is shown as "Synchronizing"
      And the formation "Shops" does not offer "Delete"

    Scenario: Synchronizing ends
      Given the cockpit of v2
      And synchronizing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When 1 hour passes
      Then the formation "Shops" is shown as "Ready"

    Scenario: A system that leaves is there until all have been told
      Given the cockpit of v2
      And synchronizing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      And 1 hour has passed
      When the operator excludes "Web Shop" from the formation "Shops"
      Then the formation "Shops" is shown as "Synchronizing"
      And the formation "Shops" holds "Web Shop"

    @rule:formation-assignments
    Scenario: Synchronizing, until a system is done
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the system "Web Shop" reports to the formation "Shops" that it is not done yet
      Then the formation "Shops" is shown as "Synchronizing"

    Scenario: Error, when a system could not be synchronized
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      When the operator creates the formation "Shops" with "Web Shop"
      Then the formation "Shops" is shown as "Error"
      And an incident about "Shops" is open for component "BC-CP-MP"
      And an incident about "Shops" tells that synchronizing the formation failed because "the runtime is away"

    @rule:formation-assignments
    Scenario: Error, when a system reports one
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the system "Web Shop" reports to the formation "Shops" that it failed
      Then the formation "Shops" is shown as "Error"
      And an incident about "Shops" tells that a participant of the formation failed because "Web Shop has failed"

    @rule:formation-resynchronize
    Scenario: Only Error offers Resynchronize
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      When the operator creates the formation "Shops" with "Web Shop"
      Then the formation "Shops" offers "Resynchronize"
      And the formation "Shops" does not offer "Reset and Resynchronize"

    @rule:formation-resynchronize
    Scenario: Resynchronize tries again
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      And the operator has created the formation "Shops" with "Web Shop"
      And nothing fails any more
      When the operator chooses "Resynchronize" for the formation "Shops"
      Then the formation "Shops" is shown as "Ready"
      And no incident about "Shops" is open

    @rule:formation-resynchronize
    Scenario: Resynchronize fails again
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      And the operator has created the formation "Shops" with "Web Shop"
      When the operator chooses "Resynchronize" for the formation "Shops"
      Then the formation "Shops" is shown as "Error"
      And an incident about "Shops" is open for component "BC-CP-MP"

    @rule:error-opens-incident
    Scenario: Support resolves the incident of a formation
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      And the operator has created the formation "Shops" with "Web Shop"
      And nothing fails any more
      When support resolves the incident about "Shops"
      Then the formation "Shops" is shown as "Ready"

    @rule:formation-resynchronize
    Scenario: Resynchronize where nothing failed
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the operator chooses "Resynchronize" for the formation "Shops"
      Then the operator is refused because of "formation-status-forbids"

    @rule:formation-reset
    Scenario: Reset and Resynchronize configures everything anew
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      And synchronizing the formation fails because "the runtime is away"
      When the operator chooses "Reset and Resynchronize" for the formation "Shops"
      Then the formation "Shops" is shown as "Error"
      And the formation "Shops" holds "Web Shop"

    @rule:formation-reset
    Scenario: Reset and Resynchronize leaves a formation ready
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the operator chooses "Reset and Resynchronize" for the formation "Shops"
      Then the formation "Shops" is shown as "Ready"
      And the formation "Shops" holds "Web Shop"

    @rule:formation-reset
    Scenario: A draft is not reset
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      When the operator chooses "Reset and Resynchronize" for the formation "Shops"
      Then the operator is refused because of "formation-status-forbids"

  @rule:formation-delete-v1
  Rule: v1 deletes only a formation to which nothing is assigned (68b04fa.md@v1)

    Scenario: A system and the subaccount are assigned
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "shops" with "Web Shop"
      When the operator chooses "Delete" for the formation "shops"
      Then the operator is refused because of "formation-not-empty"
      And the refusal names "Web Shop" and "Development" and nothing else
      And the formation "shops" holds "Web Shop"

    Scenario: The subaccount alone is assigned
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "shops" with "Web Shop"
      And the operator has excluded "Web Shop" from the formation "shops"
      When the operator chooses "Delete" for the formation "shops"
      Then the operator is refused because of "formation-not-empty"
      And the refusal names "Development" and nothing else

    Scenario: A system alone is assigned
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "shops" with "Web Shop"
      And the operator has unassigned the subaccount of the formation "shops"
      When the operator chooses "Delete" for the formation "shops"
      Then the operator is refused because of "formation-not-empty"
      And the refusal names "Web Shop" and nothing else

    Scenario: Nothing is assigned any more
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "shops" with "Web Shop"
      And the operator has excluded "Web Shop" from the formation "shops"
      And the operator has unassigned the subaccount of the formation "shops"
      When the operator chooses "Delete" for the formation "shops"
      Then there is no formation "shops"

  @rule:formation-delete-v2
  Rule: v2 deletes a formation in one go (68b04fa.md)

    Scenario: The steps of a deletion are shown
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops" with "Web Shop"
      When the operator chooses "Delete" for the formation "Shops"
      Then the operator sees that "Web Shop" was excluded, "Development" was unassigned, and then the formation was deleted
      And there is no formation "Shops"
      And the system "Web Shop" is held by nothing

    Scenario: A deletion that fails
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      And deleting the formation fails because "the runtime is away"
      When the operator chooses "Delete" for the formation "Shops"
      Then the formation "Shops" is shown as "Error"
      And an incident about "Shops" tells that deleting the formation failed because "the runtime is away"

    Scenario: A deletion that failed is tried again
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      And deleting the formation fails because "the runtime is away"
      And the operator has chosen "Delete" for the formation "Shops"
      And nothing fails any more
      When the operator chooses "Delete" for the formation "Shops"
      Then there is no formation "Shops"
      And no incident about "Shops" is open

    Scenario: The name of a deleted formation is free
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      And the operator has chosen "Delete" for the formation "Shops"
      When the operator creates the formation "Shops"
      Then the operator is not refused

  @rule:formation-version @rule:update-if-match
  Rule: A change is made to what was on the screen

    Scenario: Somebody else was faster
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Cloud for Customer system "Sales"
      And the operator has created the formation "Shops"
      And the operator has opened the formation "Shops"
      And somebody else has included "Web Shop" in the formation "Shops"
      When the operator, who still sees the old formation "Shops", includes "Sales" in it
      Then the operator is refused because of "precondition-failed"
      And the formation "Shops" holds "Web Shop"

    Scenario: Nobody else was
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "Shops"
      And the operator has opened the formation "Shops"
      When the operator, who still sees the old formation "Shops", includes "Web Shop" in it
      Then the formation "Shops" holds "Web Shop"

  @rule:formation-or-leaving
  Rule: Joining a formation and leaving the landscape exclude each other

    Scenario Outline: Both at the same moment, <product> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has created the formation "mine"
      When the operator includes "My System" in the formation "mine" and deregisters it at the same moment
      Then exactly one of them is accepted
      And the other is refused because of one of "system-in-use", "system-not-found" and "system-not-registered"
      And either it is in the formation "mine" and still registered, or it is deregistered and in none

      Examples:
        | edition | product                      | tenant    |
        | v1      | SAP Commerce Cloud           | commerce  |
        | v1      | SAP Field Service Management | fsm       |
        | v1      | SAP Marketing Cloud          | marketing |
        | v2      | SAP Marketing Cloud          | marketing |

  @rule:account-boundary
  Rule: Nothing crosses the border of a global account (SEED-004, design §4 boundaries)

    @invariant-15
    Scenario: The system of another global account is not found
      Given the cockpit of v1
      And there is a global account "other"
      And the operator of "other" has registered the SAP Commerce Cloud system "Foreign Shop"
      And the operator has created the formation "mine"
      When the operator includes "Foreign Shop" in the formation "mine"
      Then the operator is refused because of "system-not-found"

    @invariant-15
    Scenario: The subaccount of another global account is not found
      Given the cockpit of v1
      And there is a global account "other"
      And there is a subaccount "theirs" of global account "other"
      When the operator creates the formation "mine" in subaccount "theirs"
      Then the operator is refused because of "subaccount-not-found"

  @rule:formation-bounded
  Rule: A formation holds at most 100 systems (docs/fidelity.md)

    Scenario: One system too many
      Given the operator has registered 101 SAP Commerce Cloud systems
      And the operator has created the formation "shops" with all systems but "System 0101"
      When the operator includes "System 0101" in the formation "shops"
      Then the operator is refused because of "formation-full"
