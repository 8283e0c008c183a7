Feature: Errors and incidents
  A pairing that fails after its token was accepted puts the system into its error status. The cockpit tells why, when,
  where, and to which component of SAP's support an incident goes.
  Sources: SEED-000, 1582d72.md, e9d975a.md@v1, 2ffdaff.md, sap-domain §4 and §21, design §4 pairing attempt and errors.

  Rule: What fails for good is an error, with its cause

    @rule:csr-five-refusals @rule:pairing-failure-is-error @rule:error-opens-incident
    Scenario Outline: Five refused certificate requests of <product> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has presented the token of "My System"
      When the client sends 5 bad certificate requests
      Then the system "My System" is shown as "<status>"
      And its error names "5 certificate requests were refused" and component "<component>"
      And its error tells that the certificate request failed just now
      And an incident about "My System" is open for component "<component>"

      Examples:
        | edition | product             | status                  | component      |
        | v1      | SAP Commerce Cloud  | Error                   | BC-CP-MP       |
        | v1      | SAP Marketing Cloud | Error                   | BC-NEO-EXT-S4C |
        | v2      | SAP Commerce Cloud  | Error while Registering | BC-CP-MP       |
        | v2      | SAP Marketing Cloud | Error while Registering | BC-NEO-EXT-S4C |

    @rule:failure-report @rule:pairing-failure-is-error
    @invariant-6
    Scenario Outline: A failure that the tenant of <product> reports in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has presented the token of "My System"
      When the client reports that the pairing failed because "the disk is full"
      Then the system "My System" is shown as "<status>"
      And its error names "the disk is full" and component "<component>"
      And its error tells that the tenant's part failed just now
      And an incident about "My System" is open for component "<component>"

      Examples:
        | edition | product                      | status                  | component      |
        | v1      | SAP Commerce Cloud           | Error                   | BC-CP-MP       |
        | v1      | SAP Field Service Management | Error                   | BC-CP-MP       |
        | v1      | SAP Cloud for Customer       | Error                   | BC-CP-MP       |
        | v1      | SAP Marketing Cloud          | Error                   | BC-NEO-EXT-S4C |
        | v2      | SAP Commerce Cloud           | Error while Registering | BC-CP-MP       |
        | v2      | SAP Field Service Management | Error while Registering | BC-CP-MP       |
        | v2      | SAP Cloud for Customer       | Error while Registering | BC-CP-MP       |
        | v2      | SAP Marketing Cloud          | Error while Registering | BC-NEO-EXT-S4C |

    @rule:pairing-failure-is-error
    @invariant-6
    Scenario Outline: The services of <product> cannot be published in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And publishing a service fails because "the catalog is closed"
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows a failure that names "the catalog is closed"
      And the system "My System" is shown as "<status>"
      And its error names "the catalog is closed" and component "<component>"
      And its error tells that the tenant's part failed just now
      And an incident about "My System" is open for component "<component>"

      Examples:
        | edition | product             | tenant    | status                  | component      |
        | v1      | SAP Commerce Cloud  | commerce  | Error                   | BC-CP-MP       |
        | v1      | SAP Marketing Cloud | marketing | Error                   | BC-NEO-EXT-S4C |
        | v2      | SAP Commerce Cloud  | commerce  | Error while Registering | BC-CP-MP       |
        | v2      | SAP Marketing Cloud | marketing | Error while Registering | BC-NEO-EXT-S4C |

    @rule:attempt-abandoned
    Scenario Outline: An abandoned pairing, where that counts as an error, in the cockpit of <edition>
      Given the cockpit of <edition>
      And abandoned pairings count as errors
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client has presented the token of "Web Shop" and vanished
      When 10 minutes pass
      Then the system "Web Shop" is shown as "<status>"
      And its error names "not completed in time" and component "BC-CP-MP"
      And its error tells that completing the pairing failed just now
      And an incident about "Web Shop" is open for component "BC-CP-MP"

      Examples:
        | edition | status                  |
        | v1      | Error                   |
        | v2      | Error while Registering |

    @rule:attempt-abandoned
    Scenario Outline: An abandoned pairing, where it does not, in the cockpit of v1
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And a client has presented the token of "My System" and vanished
      When 10 minutes pass
      Then the system "My System" is shown as "Pending"
      And no incident about "My System" is open
      And a new token pairs the system "My System"

      Examples:
        | product             |
        | SAP Commerce Cloud  |
        | SAP Marketing Cloud |

    @rule:attempt-abandoned
    Scenario: An abandoned pairing, where it does not, in the cockpit of v2
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client has presented the token of "Web Shop" and vanished
      When 10 minutes pass
      Then the system "Web Shop" is shown without a status
      And a new token pairs the system "Web Shop"

    @rule:failure-report
    Scenario: What a tenant reports when it is registered changes nothing
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When the client reports that the pairing failed because "the disk is full"
      Then the system "Web Shop" is shown as "Registered"
      And no incident about "Web Shop" is open

  @rule:error-cx-v1-no-way-out
  Rule: In v1 a CX system has no way out of Error but support (SEED-000)

    Scenario Outline: What the operator of a <product> system cannot do
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the pairing of "My System" has failed
      When <the operator tries>
      Then the operator is refused because of "<reason>"
      And an incident about "My System" is open for component "BC-CP-MP"

      Examples:
        | product                      | the operator tries                                                    | reason                   |
        | SAP Commerce Cloud           | the operator asks for a new token                                     | status-forbids           |
        | SAP Commerce Cloud           | the operator deregisters the system "My System"                       | status-forbids           |
        | SAP Commerce Cloud           | the operator removes the system "My System"                           | operation-not-in-edition |
        | SAP Commerce Cloud           | the operator creates the formation "mine" with "My System"            | system-not-registered    |
        | SAP Field Service Management | the operator asks for a new token                                     | status-forbids           |
        | SAP Cloud for Customer       | the operator asks for a new token                                     | status-forbids           |

    Scenario: Its name is not free
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the pairing of "Web Shop" has failed
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the registration is refused because of "name-taken"

    Scenario Outline: Support resolves the incident of a <product> system
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the pairing of "My System" has failed
      When support resolves the incident about "My System"
      Then the system "My System" is shown as "Pending"
      And no incident about "My System" is open
      And a new token pairs the system "My System"

      Examples:
        | product                      |
        | SAP Commerce Cloud           |
        | SAP Field Service Management |
        | SAP Cloud for Customer       |

    @rule:incident-resolved-once
    Scenario: An incident is resolved once
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the pairing of "Web Shop" has failed
      And support has resolved the incident about "Web Shop"
      When support resolves the same incident again
      Then support is refused because of "incident-is-resolved"

  @rule:error-marketing-v1-new-token @rule:failed-extension-deleted-first
  Rule: In v1 a Marketing Cloud system deletes its failed extension and takes a new token (e9d975a.md@v1)

    Scenario: The failed extension is still there
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And publishing a service fails because "the catalog is closed"
      And the administrator of tenant "marketing" has entered the token in vain
      And nothing fails any more
      And the operator has asked for a new token
      When the administrator of tenant "marketing" enters the token
      Then the tenant refuses because of "failed-extension-exists"
      And the token of "Campaigns" is still unused

    Scenario: The failed extension is deleted
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And publishing a service fails because "the catalog is closed"
      And the administrator of tenant "marketing" has entered the token in vain
      And nothing fails any more
      And the administrator of tenant "marketing" has chosen "Delete"
      And the operator has asked for a new token
      When the administrator of tenant "marketing" enters the token
      Then the system "Campaigns" is shown as "Registered"
      And no incident about "Campaigns" is open

    Scenario: The tenant says so
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And publishing a service fails because "the catalog is closed"
      When the administrator of tenant "marketing" enters the token
      Then the tenant shows "Failed"
      And the tenant advises "First delete this failed extension"

  @rule:error-v2-remove-and-add
  Rule: In v2 a system is removed and added anew (1582d72.md)

    Scenario Outline: <product> removed and added
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the pairing of "My System" has failed
      And the operator has removed the system "My System"
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant    |
        | SAP Commerce Cloud           | commerce  |
        | SAP Field Service Management | fsm       |
        | SAP Cloud for Customer       | c4c       |
        | SAP Marketing Cloud          | marketing |

    Scenario: Or support resolves it
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the pairing of "Web Shop" has failed
      When support resolves the incident about "Web Shop"
      Then the system "Web Shop" is shown without a status
      And a new token pairs the system "Web Shop"
