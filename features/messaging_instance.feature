Feature: Service instances of plan messaging
  An instance of plan messaging makes the tenant a client of the subaccount's event bus, and a channel of it on the tenant.
  Sources: SEED-004 step 3, 2d50d91.md, d476ff0.md, f5bbc57.md, b8855ef.md, sap-domain §12, §13 and §24.

  @rule:messaging-defaults
  Rule: emClientId and systemName are enough (2d50d91.md)

    @invariant-14
    Scenario Outline: Everything else is derived, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      Then the service instance "events" is created
      And its parameters are those of the whole descriptor for "s4hc"
      And the tenant "marketing" has the communication arrangement "SAP_CLOUD_PLATFORM_XF_s4hc" of scenario "SAP_COM_0092"

      Examples:
        | edition |
        | v1      |
        | v2      |

  Rule: Names are unique in the subaccount, each with a refusal of its own (b8855ef.md, 69889e4.md, d476ff0.md)

    @rule:messaging-emclientid-unique @rule:bus-names-unique
    @invariant-14
    Scenario Outline: The <name> is taken
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      When the developer creates the service instance "more" with the parameters <parameters>
      Then the developer is refused because of "<code>"

      Examples:
        | name       | code               | parameters                                                                                                                                                                                   |
        | emClientId | em-client-id-taken | {"systemName":"Campaigns","emClientId":"s4hc","communicationArrangement":{"attributes":[{"name":"TOPIC SPACE","value":"my/own/space"}]},"ems":{"parameters":{"emname":"other"}}}             |
        | emname     | emname-taken       | {"systemName":"Campaigns","emClientId":"ab12","ems":{"parameters":{"emname":"s4hc"}}}                                                                                                        |
        | namespace  | namespace-taken    | {"systemName":"Campaigns","emClientId":"ab12","communicationArrangement":{"attributes":[{"name":"TOPIC SPACE","value":"sap/S4HANAOD/s4hc"}]}}                                                |

    @rule:instance-names-unique
    Scenario: An instance of this name is there
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      When the developer creates the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"more"}
      Then the developer is refused because of "name-taken"

    Scenario: A deleted instance's names are free
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the developer has deleted the service instance "events"
      When the developer creates the service instance "again" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      Then the service instance "again" is created

  @rule:bus-topic-bound
  Rule: Events of the topics that are bound to the channel arrive in queues (f5bbc57.md, e54e609.md)

    @rule:bus-queue-subscribes
    Scenario Outline: A contact is changed in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And an application listens to "sap/S4HANAOD/s4hc/ce/sap/s4/beh/contact/*" with the queue "contacts"
      When a contact of tenant "marketing" is changed
      Then the application receives an event of type "sap.s4.beh.contact.v1.Contact.Changed.v1"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A topic that is not bound
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/campaign/*" to the channel
      And an application listens to "sap/S4HANAOD/s4hc/*" with the queue "all"
      When a contact of tenant "marketing" is changed
      Then the application receives no event

    Scenario: After the instance was deleted
      Given the cockpit of v1
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And an application listens to "sap/S4HANAOD/s4hc/ce/sap/s4/beh/contact/*" with the queue "contacts"
      And the developer has deleted the service instance "events"
      When a contact of tenant "marketing" is changed
      Then the application receives no event

    Scenario Outline: A topic that is not bound any more, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/campaign/*" to the channel
      And the administrator of tenant "marketing" has unbound the topic "sap/s4/beh/contact/*" from the channel
      And an application listens to "sap/S4HANAOD/s4hc/*" with the queue "all"
      When a contact of tenant "marketing" is changed
      Then the application receives no event
      And the channel of tenant "marketing" has the topics "sap/s4/beh/campaign/*"
      When a campaign of tenant "marketing" is changed
      Then the application receives an event of type "sap.s4.beh.campaign.v1.Campaign.Changed.v1"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A topic that is bound already, and one that is not
      Given subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      Then the channel of tenant "marketing" has no topic
      Given the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      And the administrator of tenant "marketing" has unbound the topic "sap/s4/beh/campaign/*" from the channel
      Then the channel of tenant "marketing" has the topics "sap/s4/beh/contact/*"

    @rule:input-refused-precisely
    Scenario Outline: The administrator <does>
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the operator has given subaccount "dev" the plan "messaging" for "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      When the administrator of tenant "marketing" <does>
      Then the tenant refuses because of "<reason>"
      And the channel of tenant "marketing" has the topics "sap/s4/beh/contact/*"

      Examples:
        | does                                                                              | reason                |
        | binds the topic "sap/s4/beh/order/*" to the channel                               | event-unknown         |
        | binds the topic "*" to the channel                                                | event-unknown         |
        | binds the topic "" to the channel                                                 | event-unknown         |
        | unbinds the topic "" from the channel                                             | invalid-request       |
        | binds the topic "sap/s4/beh/campaign/*" to the arrangement "CONTACTS"             | invalid-request       |
        | unbinds the topic "sap/s4/beh/contact/*" from the arrangement "CONTACTS"          | invalid-request       |
        | looks at the topics of the arrangement "CONTACTS"                                 | invalid-request       |
        | binds the topic "sap/s4/beh/campaign/*" to an arrangement that there is not       | arrangement-not-found |
        | unbinds the topic "sap/s4/beh/contact/*" from an arrangement that there is not    | arrangement-not-found |
        | looks at the topics of an arrangement that there is not                           | arrangement-not-found |
