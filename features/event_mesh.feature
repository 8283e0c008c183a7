Feature: Applications receive events over the event bus of their subaccount
  Every instance of SAP Event Mesh is a client of its subaccount's one event bus. Clients publish in their own namespace; queues
  subscribe to topics, and hold messages until somebody acknowledges them.
  Sources: d476ff0.md, 5722fc4.md, e54e609.md, service-apis §6.

  @rule:bus-queue-subscribes
  Rule: A queue has what is published to the topics that it subscribes to (e54e609.md)

    Scenario: An event reaches the queue of another client
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      When an application, as "s4hc", publishes "changed" in the namespace of "s4hc"
      Then "ems" consumes "changed" from the queue "contacts"

  @rule:bus-own-namespace
  Rule: A client publishes in its own namespace only (d476ff0.md)

    Scenario: A client publishes in another's namespace
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "ems"
      When an application, as "s4hc", publishes "changed" in the namespace of "ems"
      Then the answer has status 403
      And "ems" consumes nothing from the queue "contacts"

  @rule:bus-acknowledgement
  Rule: A message comes again until it is acknowledged (service-apis §6)

    Scenario: An application dies with a message
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And an application, as "s4hc", has published "changed" in the namespace of "s4hc"
      And "ems" has consumed "changed" from the queue "contacts"
      When 5 minutes pass
      Then "ems" consumes "changed" from the queue "contacts"

  @rule:bus-expiry
  Rule: A message that nobody takes expires (service-apis §6)

    Scenario: Nobody consumes for thirty days
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And an application, as "s4hc", has published "changed" in the namespace of "s4hc"
      When 30 days pass
      Then "ems" consumes nothing from the queue "contacts"

  @rule:bus-descriptor
  Rule: A client's descriptor keeps the rules of its keys, and its options open the channels (5722fc4.md, sap-domain §13)

    Scenario Outline: A descriptor with "<value>" as <key>
      Given subaccount "dev" may have 1 clients of its event bus
      When the developer creates a client of the event bus with "<key>" of "<value>"
      Then the developer is refused because of "parameters-invalid"
      And the refusal points at "$.<key>"

      Examples:
        | key       | value         |
        | emname    | a name        |
        | namespace | sap/test      |
        | namespace | sap/test/a/b  |
        | version   | 1.0.0         |

    Scenario Outline: A descriptor without <key>
      Given subaccount "dev" may have 1 clients of its event bus
      When the developer creates a client of the event bus without "<key>"
      Then the developer is refused because of "parameters-invalid"

      Examples:
        | key       |
        | emname    |
        | namespace |
        | version   |
        | rules     |

    Scenario: What nobody has switched on is closed
      Given subaccount "dev" may have 1 clients of its event bus
      And the developer has created the client "app" of the event bus
      When the developer binds the service instance "app"
      Then the client's binding opens "management", "amqp10ws", "mqtt311ws" and nothing else

  @rule:entitlement-quota
  Rule: A quota bounds the clients of the event bus (00aa2c2.md)

    Scenario: One client too many
      Given subaccount "dev" may have 1 clients of its event bus
      And the developer has created the client "app" of the event bus
      When the developer creates the client "other" of the event bus
      Then the developer is refused because of "quota-exhausted"

  @rule:bus-webhook
  Rule: A webhook is asked first, gets messages in order, and again until it takes them (service-apis §6)

    Scenario: A webhook that agrees
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that agrees listens to the queue "contacts" of "ems"
      And an application, as "s4hc", has published "first" in the namespace of "s4hc"
      And an application, as "s4hc", has published "second" in the namespace of "s4hc"
      When 1 second passes
      Then the webhook has received "first", "second", in this order

    Scenario: A webhook that does not agree
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that refuses to be asked listens to the queue "contacts" of "ems"
      And an application, as "s4hc", has published "first" in the namespace of "s4hc"
      When 1 hour passes
      Then the webhook has been asked, and has received nothing
      And "ems" consumes "first" from the queue "contacts"

    Scenario: A webhook that takes nothing at first
      Given the event bus has the clients "s4hc" and "ems"
      And the queue "contacts" of "ems" subscribes to the topics of "s4hc"
      And a webhook that takes nothing listens to the queue "contacts" of "ems"
      And an application, as "s4hc", has published "first" in the namespace of "s4hc"
      When 1 second passes
      Then the webhook has been offered "first", in this order
      Given the webhook has begun to take messages
      When 15 minutes pass
      Then the webhook has received "first", in this order
