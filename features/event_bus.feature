Feature: Queues and webhooks of an event bus
  An application manages the queues and webhooks of its client of the event bus over SAP Event Mesh's own API, with what a binding gives. An
  operator does the same on the page Event Mesh of the cockpit, as that client and without its credentials. Both see one event bus.
  Sources: e54e609.md, d476ff0.md, 5722fc4.md, service-apis §6.

  @rule:bus-queue-subscribes
  Rule: A queue is made, subscribes, and goes with what it holds (e54e609.md, service-apis §6)

    Scenario: Queues that are made by an application and by the operator
      Given the event bus has the clients "s4hc" and "ems"
      And an application, as "ems", has made the queue "contacts"
      And an application, as "ems", has subscribed the queue "contacts" to the topics of "s4hc"
      And the operator, as "ems", has made the queue "campaigns"
      And the operator, as "ems", has subscribed the queue "campaigns" to the topics of "s4hc"
      When the operator, as "s4hc", publishes "changed" in the namespace of "s4hc"
      Then the queue "contacts" of "ems" holds 1 message, 0 of them taken
      And the queue "campaigns" of "ems" is subscribed to the topics of "s4hc"
      And "ems" consumes "changed" from the queue "contacts"
      And "ems" consumes "changed" from the queue "campaigns"

    Scenario: Subscriptions that an application and the operator end
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And the queue "campaigns" of "ems" subscribes to the topics of "s4hc"
      And an application, as "ems", has unsubscribed the queue "contacts" from the topics of "s4hc"
      And the operator, as "ems", has unsubscribed the queue "campaigns" from the topics of "s4hc"
      When an application, as "s4hc", publishes "changed" in the namespace of "s4hc"
      Then the queue "contacts" of "ems" is subscribed to nothing
      And the queue "campaigns" of "ems" is subscribed to nothing
      And "ems" consumes nothing from the queue "contacts"
      And "ems" consumes nothing from the queue "campaigns"

    Scenario: Messages that an application and the operator send to a queue, whatever it subscribes to
      Given the event bus has the clients "s4hc" and "ems"
      And an application, as "ems", has made the queue "contacts"
      When an application, as "ems", sends "first" to the queue "contacts" of "ems"
      And the operator, as "ems", sends "second" to the queue "contacts" of "ems"
      Then "ems" consumes "first" from the queue "contacts"
      And "ems" consumes "second" from the queue "contacts"

    Scenario: Queues that an application and the operator remove
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And the queue "campaigns" of "ems" subscribes to the topics of "s4hc"
      And an application, as "s4hc", has published "changed" in the namespace of "s4hc"
      When an application, as "ems", removes the queue "contacts"
      Then the queues of "ems" are "campaigns"
      And the queue "campaigns" of "ems" holds 1 message, 0 of them taken
      When the operator, as "ems", removes the queue "campaigns"
      Then the queues of "ems" are nothing

    Scenario: A queue that nobody has made
      Given the event bus has the clients "s4hc" and "ems"
      When an application, as "ems", sends "note" to the queue "contacts" of "ems"
      Then the answer has status 404 and says "Queue does not exist"

  @rule:bus-own-namespace
  Rule: Whoever acts as a client keeps to its namespace (d476ff0.md)

    Scenario: The operator publishes in another's namespace
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "ems"
      When the operator, as "s4hc", publishes "changed" in the namespace of "ems"
      Then the answer has status 403
      And the queue "contacts" of "ems" holds 0 messages, 0 of them taken

  @rule:bus-descriptor
  Rule: What a client's options do not open is closed to whoever acts as it (5722fc4.md)

    Scenario: The management is ready for a client that has it
      Given the event bus has the clients "s4hc" and "ems"
      When "ems" asks whether its queues can be managed
      Then the answer has status 200

    Scenario: A client without messaging over REST
      Given subaccount "dev" may have 1 clients of its event bus
      And the developer has created the client "app" of the event bus
      And the operator, as "app", has made the queue "contacts"
      When the operator, as "app", sends "note" to the queue "contacts" of "app"
      Then the operator is refused because of "channel-not-enabled"
      And the page Event Mesh shows the clients "app"

  @rule:bus-acknowledgement
  Rule: What an operator takes stays in the queue until it is acknowledged (service-apis §6)

    Scenario: A message is taken
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And an application, as "s4hc", has published "changed" in the namespace of "s4hc"
      When the operator, as "ems", consumes a message of the queue "contacts"
      Then the operator has "changed"
      And the queue "contacts" of "ems" holds 1 message, 1 of them taken

    Scenario: It is acknowledged, and once more
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And an application, as "s4hc", has published "changed" in the namespace of "s4hc"
      And the operator, as "ems", has consumed a message of the queue "contacts"
      When the operator, as "ems", acknowledges the message
      Then the queue "contacts" of "ems" holds 0 messages, 0 of them taken
      When the operator, as "ems", acknowledges the message
      Then the operator is refused because of "message-not-found"

  @rule:bus-webhook
  Rule: A webhook is asked first; it can be paused, asked again, and removed (service-apis §6)

    Scenario Outline: A webhook that <answer>
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      When the operator, as "ems", lets a webhook that <answer> listen to the queue "contacts"
      Then the webhook is <state>, and its handshake <handshake>

      Examples:
        | answer              | state  | handshake |
        | agrees              | active | done      |
        | refuses to be asked | paused | refused   |

    Scenario: The operator has it asked again
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that refuses to be asked listens to the queue "contacts" of "ems"
      And the webhook has begun to agree
      When the operator, as "ems", has the webhook asked again
      Then the webhook is active, and its handshake done

    Scenario: It does not agree the second time, either
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that refuses to be asked listens to the queue "contacts" of "ems"
      When an application, as "ems", has the webhook asked again
      Then the answer has status 409 and says "CONFLICT"
      And the webhook is paused, and its handshake refused

    Scenario: The operator pauses it, and an application lets it go on
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that agrees listens to the queue "contacts" of "ems"
      And the operator, as "ems", has paused the webhook
      And an application, as "s4hc", has published "first" in the namespace of "s4hc"
      And 1 hour has passed
      And the queue "contacts" of "ems" has kept 1 message
      When an application, as "ems", lets the webhook go on
      Then the webhook has received "first", in this order

    Scenario Outline: <who> removes it
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that agrees listens to the queue "contacts" of "ems"
      When <who>, as "ems", removes the webhook
      Then "ems" has no webhook
      Given an application, as "s4hc", has published "first" in the namespace of "s4hc"
      When 1 second passes
      Then "ems" consumes "first" from the queue "contacts"

      Examples:
        | who            |
        | an application |
        | the operator   |
