Feature: Events reach those who listen
  A workload in a Kyma runtime subscribes to events of the runtime's applications. What such an application publishes is
  delivered to it as a CloudEvent, in order and at least once.
  Sources: SEED-000 Results, sap-domain §15.5, pairing-protocols §4, design §4 event names.

  @rule:event-delivered
  Rule: An event is delivered to who listens to its application, type and version

    @rule:event-cloudevent
    Scenario Outline: A listener gets events in <mode> mode
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in <mode> mode
      When the client publishes the event "order.created" "v1"
      And 1 second passes
      Then the workload has received 1 event

      Examples:
        | mode       |
        | structured |
        | binary     |

    @rule:event-name-cleaned
    Scenario Outline: A listener does not get <what>
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      When the client publishes the event "<type>" "<version>"
      And 1 second passes
      Then the workload has received 0 events

      Examples:
        | what            | type          | version |
        | another type    | order.changed | v1      |
        | another version | order.created | v2      |

    @rule:event-subscribed
    Scenario: The publisher asks what somebody listens to
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      Then the client is told that somebody listens to "order.created" "v1"

    Scenario: The runtime shows what is listened to
      Given the SAP Commerce Cloud system "Web Shop" is registered
      And it is in the formation "shops" of subaccount "dev"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      When the operator looks at the events of the runtime
      Then the operator sees that 1 workload listens to "order.created" "v1" of "Web Shop"
      Given the operator has deleted its subscription
      When the operator looks at the events of the runtime
      Then the operator sees that 0 workloads listen to "order.created" "v1" of "Web Shop"

    Scenario: A subscription that was deleted
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And the operator has deleted its subscription
      When the client publishes the event "order.created" "v1"
      And 1 second passes
      Then the workload has received 0 events

  @rule:event-retried
  Rule: An event that is not taken is sent again, after 1, 2, 4, … seconds, and then given up

    Scenario: A listener that is back after a while
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And the workload takes no events
      When the client publishes the event "order.created" "v1"
      And 2 seconds pass
      And the workload takes events again
      And 1 second passes
      Then the workload has received 1 event

    Scenario: A listener that stays away
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And the workload takes no events
      When the client publishes the event "order.created" "v1"
      And 127 seconds pass
      Then 1 event is given up, after 8 attempts

  @rule:event-needs-application
  Rule: Only a runtime that has the application receives its events (SEED-000 Results)

    Scenario: The system has left the formation
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And no environment is all that subaccount "dev" still has
      When the client publishes the event "order.created" "v1"
      And 1 second passes
      Then the workload has received 0 events

  @rule:event-sink-permitted
  Rule: Events go to permitted hosts only

    Scenario: A sink elsewhere
      When the operator lets a workload at "http://192.0.2.1/" listen to "order.created" "v1" of the application "mp-web-shop"
      Then the operator is refused because of "sink-forbidden"

  @rule:event-one-runtime
  Rule: Of several runtimes with an application, one gets its events (sap-domain §15.5)

    Scenario: The runtime of the oldest formation
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And there is a subaccount "test" with Kyma
      And the operator has created the formation "tests" in subaccount "test" with "Web Shop"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      When the client publishes the event "order.created" "v1"
      And 1 second passes
      Then the workload has received 1 event
      And the runtime of subaccount "dev" gets the events of "Web Shop"
      And the runtime of subaccount "test" does not get the events of "Web Shop"

    Scenario: The oldest one has lost it, and does not get them back
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And there is a subaccount "test" with Kyma
      And the operator has created the formation "tests" in subaccount "test" with "Web Shop"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And the operator has excluded "Web Shop" from the formation "shops"
      And the client has published the event "order.created" "v1"
      And the operator has included "Web Shop" in the formation "shops"
      When the client publishes the event "order.created" "v1"
      And 1 second passes
      Then the workload has received 0 events
      And the runtime of subaccount "test" gets the events of "Web Shop"

  @rule:event-retried
  Rule: What was given up can be sent anew

    Scenario: The listener is back, and an operator asks for it
      Given the SAP Commerce Cloud system "Web Shop" is paired, and in the formation "shops"
      And a workload listens to "order.created" "v1" of "Web Shop" in structured mode
      And the workload takes no events
      And the client has published the event "order.created" "v1"
      And 127 seconds have passed
      And the workload has begun to take events again
      When the operator lets what was given up be sent anew
      And 1 second passes
      Then the workload has received 1 event
      And 0 events are given up, after 8 attempts

  @rule:event-legacy-checks
  Rule: A legacy event is checked member by member, and the first fault is told (pairing-protocols §4.1)

    Scenario Outline: An event <flaw>
      Given the token URL of a system
      And the connector has paired
      When the connector publishes an event <flaw>
      Then it is answered with status 400
      And it is told that the member "<member>" is <trouble>

      Examples:
        | flaw                      | member             | trouble |
        | without any member        | event-type         | missing |
        | without a type            | event-type         | missing |
        | without a version         | event-type-version | missing |
        | whose version is a hyphen | event-type-version | invalid |
        | without a time            | event-time         | missing |
        | whose time is a word      | event-time         | invalid |
        | whose id is a number      | event-id           | invalid |
        | without data              | data               | missing |

    Scenario: An event without an id is given one
      Given the token URL of a system
      And the connector has paired
      When the connector publishes an event without an id
      Then it is answered with status 200
      And the event has an id that the registry gave it

    @rule:bodies-bounded
    Scenario: An event of more than 65536 bytes
      Given the token URL of a system
      And the connector has paired
      When the connector publishes an event that is too large
      Then it is answered with status 413
