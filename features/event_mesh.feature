Feature: Applications receive events over the event bus of their subaccount
  Every instance of SAP Event Mesh is a client of its subaccount's one event bus. Clients publish in their own namespace; queues
  subscribe to topics, and hold messages until somebody acknowledges them.
  Sources: d476ff0.md, 5722fc4.md, e54e609.md, service-apis §6.

  @rule:bus-queue-subscribes
  Rule: A queue has what is published to the topics that it subscribes to (e54e609.md)

    Scenario: An event reaches the queue of another client
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      When "s4hc" publishes "changed" in the namespace of "s4hc"
      Then "ems" consumes "changed" from the queue "contacts"

  @rule:bus-own-namespace
  Rule: A client publishes in its own namespace only (d476ff0.md)

    Scenario: A client publishes in another's namespace
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "ems"
      When "s4hc" publishes "changed" in the namespace of "ems"
      Then the event bus refuses it with 403
      And "ems" consumes nothing from the queue "contacts"

  @rule:bus-acknowledgement
  Rule: A message comes again until it is acknowledged (service-apis §6)

    Scenario: An application dies with a message
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And "s4hc" has published "changed" in the namespace of "s4hc"
      And "ems" has consumed "changed" from the queue "contacts"
      When 5 minutes pass
      Then "ems" consumes "changed" from the queue "contacts"

  @rule:bus-expiry
  Rule: A message that nobody takes expires (service-apis §6)

    Scenario: Nobody consumes for thirty days
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And "s4hc" has published "changed" in the namespace of "s4hc"
      When 30 days pass
      Then "ems" consumes nothing from the queue "contacts"
