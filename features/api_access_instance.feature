Feature: Service instances of plan api-access
  An instance of SAP S/4HANA Cloud Extensibility, plan api-access, is a communication arrangement on the tenant and a
  destination in the subaccount. It is never changed, only deleted and created again.
  Sources: SEED-004 step 3, d866cf6.md, 32bd423.md, 553a4c6.md, 65ad330.md, sap-domain §10, §11 and §24.

  Rule: An instance makes the system's APIs usable through a destination of its name (SEED-004, d866cf6.md)

    @rule:instance-makes-destination @rule:arrangement-in-tenant
    @invariant-13
    Scenario Outline: Created in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the service instance "contacts" is created
      And subaccount "dev" has the destination "contacts"
      And an extension reads contacts through the destination "contacts"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:instance-destination-equals-binding
    Scenario Outline: The destination holds all properties of the binding, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "<inbound>"
      When the developer binds the service instance "contacts"
      Then the binding holds what the destination "contacts" holds

      Examples:
        | edition | inbound                   |
        | v1      | BasicAuthentication       |
        | v2      | BasicAuthentication       |
        | v1      | OAuth2SAMLBearerAssertion |
        | v2      | OAuth2SAMLBearerAssertion |

    @rule:instance-makes-destination @rule:arrangement-in-tenant
    @invariant-13
    Scenario Outline: Deleted, nothing is left on either side, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the developer deletes the service instance "contacts"
      Then there is no service instance "contacts"
      And subaccount "dev" has no destination "contacts"
      And the tenant "marketing" has no communication arrangement

      Examples:
        | edition |
        | v1      |
        | v2      |

  Rule: A system that is registered, and a subaccount that is entitled (65ad330.md, sap-domain §24)

    @rule:instance-system-registered
    @invariant-12
    Scenario: The system is not registered yet
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the operator has registered the SAP Commerce Cloud system "Shop"
      When the developer creates the service instance "contacts" for a system "Shop"
      Then the developer is refused because of "system-not-registered"
      And there is no service instance "contacts"

    @rule:instance-system-registered @rule:account-boundary
    @invariant-12
    Scenario: There is no such system in the global account
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for a system "Theirs"
      Then the developer is refused because of "system-not-found"

    @rule:offering-needs-entitlement
    Scenario: The subaccount is not entitled
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the developer is refused because of "not-entitled"

    @rule:offering-needs-entitlement
    Scenario: What the marketplace of a subaccount offers without it
      When the developer looks at the service marketplace
      Then the developer finds the service "Destination Service"
      And the developer finds no service "SAP S/4HANA Cloud Extensibility"

    @rule:offering-needs-entitlement
    Scenario Outline: What it offers with it, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer looks at the service marketplace
      Then the developer finds the plan "api-access" of "SAP S/4HANA Cloud Extensibility" for "Campaigns"

      Examples:
        | edition |
        | v1      |
        | v2      |

  Rule: A binding is shown as long as it is there (d866cf6.md)

    Scenario: It is made
      Given the developer has created the service instance "keys" of the destination service
      When the developer binds the service instance "keys"
      Then the service instance "keys" has the binding, with the credentials that the developer got

    Scenario: It is deleted
      Given the developer has created the service instance "keys" of the destination service
      And the developer has bound the service instance "keys"
      When the developer deletes the binding
      Then the service instance "keys" has no binding

  Rule: The parameters keep the rules of the descriptor (553a4c6.md, 80a7613.md)

    @rule:instance-parameters @rule:instance-authentication-needed @rule:input-refused-precisely
    @invariant-12
    Scenario Outline: <broken>
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" with the parameters <parameters>
      Then the developer is refused because of "parameters-invalid"
      And the refusal points at "<path>"
      And there is no service instance "contacts"

      Examples:
        | broken                          | path                                                            | parameters                                                                                                                                                                                                 |
        | neither inbound nor outbound    | $.communicationArrangement                                      | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207"}}                                                                                     |
        | a name with a blank             | $.communicationArrangement.communicationArrangementName         | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A B","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication"}}                                     |
        | a name of 81 characters         | $.communicationArrangement.communicationArrangementName         | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication"}} |
        | a scenario in small letters     | $.communicationArrangement.scenarioId                           | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"sap_com_0207","inboundAuthentication":"BasicAuthentication"}}                                       |
        | an unknown authentication       | $.communicationArrangement.inboundAuthentication                | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207","inboundAuthentication":"Basic"}}                                                     |
        | a port outside of 1 to 65535    | $.communicationArrangement.communicationSystem.port             | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication","communicationSystem":{"communicationSystemHostname":"h","port":"65536"}}} |
        | a communication system nowhere  | $.communicationArrangement.communicationSystem                  | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication","communicationSystem":{"port":"443"}}}  |
        | a key that does not exist       | $.communicationArrangement.inboundauthentication                | {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"A","scenarioId":"SAP_COM_0207","inboundAuthentication":"BasicAuthentication","inboundauthentication":"x"}}           |

    @rule:instance-marketing-authentication
    Scenario Outline: SAP Marketing Cloud does not know <method> (SEED-004)
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with <direction> "<method>"
      Then the developer is refused because of "parameters-invalid"
      And the refusal points at "$.communicationArrangement.<direction>Authentication"

      Examples:
        | direction | method                          |
        | inbound   | ClientCertificateAuthentication |
        | outbound  | ClientCertificateAuthentication |
        | outbound  | OAuth2mTLS                      |

  @rule:instance-destination-name-free
  Rule: The name of the destination must be free (d866cf6.md)

    @invariant-12
    Scenario Outline: Taken in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And subaccount "dev" has a destination "contacts" that somebody has made by hand
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the developer is refused because of "destination-exists"
      And there is no service instance "contacts"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:instance-one-operation
    Scenario: Of two that want one name at the same moment, one gets it
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When two developers create the service instance "contacts" at the same moment
      Then exactly one of them is accepted
      And the other is refused because of one of "name-taken"

  @rule:instance-no-update
  Rule: There is no update (d866cf6.md, 531a909.md)

    Scenario: Another descriptor
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the developer changes the service instance "contacts"
      Then the developer is refused because of "service-instance-not-updatable"

  @rule:instance-binding-blocks-deletion
  Rule: A binding stands in the way of a deletion

    Scenario: Bound
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And the developer has bound the service instance "contacts"
      When the developer deletes the service instance "contacts"
      Then the developer is refused because of "service-instance-has-bindings"
      And an extension reads contacts through the destination "contacts"

    Scenario: No longer bound
      Given the developer has created the service instance "keys" of the destination service
      And the developer has bound the service instance "keys"
      And the developer has deleted the binding
      When the developer deletes the service instance "keys"
      Then there is no service instance "keys"

  @rule:entitlement-quota
  Rule: A quota bounds the service instances; one that failed does not count (SEED-004 step 2)

    Scenario: A quota of one
      Given the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has got and entered the token
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns", for 1 instance
      And the administrator of tenant "marketing" has disabled the scenario "SAP_COM_0008"
      And the developer has tried to create the service instance "failed" for scenario "SAP_COM_0008"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the developer creates the service instance "other" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the developer is refused because of "quota-exhausted"
