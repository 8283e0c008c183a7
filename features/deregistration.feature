Feature: Deregistering a system
  A system leaves when no formation and no entitlement configuration holds it. Its tenant is told, its certificates are
  refused, and it leaves the runtime.
  Sources: SEED-000 Results, 0c6f498.md, 1582d72.md, e9d975a.md@v1, sap-domain §4 and §7.5, design §4 deregistering.

  Rule: A registered system that nothing holds can be deregistered (SEED-000 Results)

    @rule:deregister-when-free @rule:deregister-v1-row-disappears
    @invariant-7
    Scenario Outline: <product> in the cockpit of v1: the row disappears (sap-domain §4.1)
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      When the operator deregisters the system "My System"
      Then there is no system "My System"
      And the tenant shows "Deregistered"

      Examples:
        | product                      | tenant    |
        | SAP Commerce Cloud           | commerce  |
        | SAP Field Service Management | fsm       |
        | SAP Cloud for Customer       | c4c       |
        | SAP Marketing Cloud          | marketing |

    @rule:deregister-when-free @rule:deregister-v2-row-stays
    @invariant-7
    Scenario Outline: <product> in the cockpit of v2: the row returns to the empty status (0c6f498.md)
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      When the operator deregisters the system "My System"
      Then the system "My System" is shown without a status
      And the tenant shows "Deregistered"

      Examples:
        | product                      | tenant    |
        | SAP Commerce Cloud           | commerce  |
        | SAP Field Service Management | fsm       |
        | SAP Cloud for Customer       | c4c       |
        | SAP Marketing Cloud          | marketing |

    @rule:deregister-pending-v1
    Scenario Outline: A Pending <product> system can be deregistered in v1 (design §4 Pending in v1)
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      When the operator deregisters the system "My System"
      Then there is no system "My System"

      Examples:
        | product             |
        | SAP Commerce Cloud  |
        | SAP Marketing Cloud |

    @rule:failed-pairing-keeps-nothing
    Scenario: A pairing that is under way ends with it
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"

    @rule:deregister-status-forbids
    Scenario: In v2 a system without status is removed, not deregistered (0c6f498.md)
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the operator is refused because of "status-forbids"
      And the system "Web Shop" is shown without a status

    @rule:account-boundary
    @invariant-15
    Scenario: The system of a global account leaves the others alone
      Given the cockpit of v1
      And there is a global account "other"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator of "other" has registered the SAP Commerce Cloud system "Foreign Shop"
      When the operator deregisters the system "Web Shop"
      Then there is no system "Web Shop"
      And the system "Foreign Shop" is shown as "Pending"

  Rule: Formations and entitlement configurations block, each by itself (SEED-000 Results)

    @rule:deregister-blocked-by-formation
    @invariant-7
    Scenario Outline: <product> in two formations in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has created the formation "one" with "My System"
      And the operator has created the formation "two" with "My System"
      When the operator deregisters the system "My System"
      Then the operator is refused because of "system-in-use"
      And the refusal names "one" and "two" and nothing else
      And the system "My System" is shown as "Registered"

      Examples:
        | edition | product                      | tenant    |
        | v1      | SAP Commerce Cloud           | commerce  |
        | v1      | SAP Field Service Management | fsm       |
        | v1      | SAP Cloud for Customer       | c4c       |
        | v1      | SAP Marketing Cloud          | marketing |
        | v2      | SAP Commerce Cloud           | commerce  |
        | v2      | SAP Marketing Cloud          | marketing |

    @rule:deregister-names-blockers
    @invariant-7
    Scenario: Every blocker is named
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has created the formation "mine" with "Campaigns"
      And the operator has given subaccount "dev" the plan "api-access" for "Campaigns"
      And the operator has given subaccount "dev" the plan "messaging" for "Campaigns"
      When the operator deregisters the system "Campaigns"
      Then the refusal names "mine" and "api-access in subaccount dev" and "messaging in subaccount dev" and nothing else

    @rule:deregister-blocked-by-entitlement
    @invariant-8
    Scenario Outline: The last formation is left, an entitlement remains, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "mine" with "Web Shop"
      And the operator has given subaccount "dev" the plan "api-access" for "Web Shop"
      And the operator has excluded "Web Shop" from the formation "mine"
      When the operator deregisters the system "Web Shop"
      Then the operator is refused because of "system-in-use"
      And the refusal names "api-access in subaccount dev" and nothing else

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:deregister-blocked-by-formation
    @invariant-8
    Scenario Outline: The last entitlement is gone, a formation remains, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "mine" with "Web Shop"
      And the operator has given subaccount "dev" the plan "api-access" for "Web Shop"
      And the operator has taken from subaccount "dev" the plan "api-access" for "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the operator is refused because of "system-in-use"
      And the refusal names "mine" and nothing else

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:deregister-blocked-by-formation
    @invariant-7
    Scenario Outline: A Pending system in a formation in the cockpit of v1
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has created the formation "mine" with "Web Shop"
      When the operator <leaves> the system "Web Shop"
      Then the operator is refused because of "<reason>"

      Examples:
        | leaves      | reason                   |
        | deregisters | system-in-use            |
        | removes     | operation-not-in-edition |

    @rule:deregister-blocked-by-formation
    Scenario: A system on its way out of a formation is still held by it
      Given the cockpit of v1
      And synchronizing takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has created the formation "mine" with "Web Shop"
      And 1 hour has passed
      And the operator has excluded "Web Shop" from the formation "mine"
      When the operator deregisters the system "Web Shop"
      Then the refusal names "mine" and nothing else

  @rule:deregister-status-forbids @rule:status-words-v1
  Rule: Error, Deregistering and Deregister Error forbid it in v1 (SEED-000 Results)

    @invariant-7
    Scenario Outline: A <product> system in status Error
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the pairing of "My System" has failed
      When the operator deregisters the system "My System"
      Then the operator is refused because of "status-forbids"
      And the system "My System" is shown as "Error"

      Examples:
        | product                      |
        | SAP Commerce Cloud           |
        | SAP Field Service Management |
        | SAP Cloud for Customer       |
        | SAP Marketing Cloud          |

    @invariant-7
    Scenario Outline: A <product> system in status Deregistering
      Given the cockpit of v1
      And deregistering takes 1 hour
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      And the operator has deregistered the system "My System"
      When the operator deregisters the system "My System"
      Then the operator is refused because of "status-forbids"
      And the system "My System" is shown as "Deregistering"

      Examples:
        | product             | tenant    |
        | SAP Commerce Cloud  | commerce  |
        | SAP Marketing Cloud | marketing |

    @invariant-7
    Scenario Outline: A <product> system in status Deregister Error
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "My System"
      When the operator deregisters the system "My System"
      Then the operator is refused because of "status-forbids"
      And the system "My System" is shown as "Deregister Error"

      Examples:
        | product             | tenant    |
        | SAP Commerce Cloud  | commerce  |
        | SAP Marketing Cloud | marketing |

    Scenario: Error while Registering forbids it in v2 (1582d72.md)
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the pairing of "Web Shop" has failed
      When the operator deregisters the system "Web Shop"
      Then the operator is refused because of "status-forbids"

  @rule:deregister-shows-deregistering
  Rule: Leaving takes its time, and can be seen (SEED-000 Results)

    Scenario Outline: On the way out in the cockpit of <edition>
      Given the cockpit of <edition>
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregistering"
      And the tenant shows "Registered"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:deregister-v1-row-disappears
    Scenario: In the end it is gone in v1
      Given the cockpit of v1
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has deregistered the system "Web Shop"
      When 1 hour passes
      Then there is no system "Web Shop"
      And the tenant shows "Deregistered"

    Scenario: On its way out a system joins no formation
      Given the cockpit of v1
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has created the formation "mine"
      And the operator has deregistered the system "Web Shop"
      When the operator includes "Web Shop" in the formation "mine"
      Then the operator is refused because of "system-not-registered"

    Scenario: On its way out a system is entitled to nothing
      Given the cockpit of v1
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has deregistered the system "Web Shop"
      When the operator gives subaccount "dev" the plan "messaging" for "Web Shop"
      Then the operator is refused because of "system-not-registered"

    @rule:deregister-one-of-many
    Scenario Outline: Of several requests at the same moment, one is accepted in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      When the operator deregisters the system "Web Shop" 8 times at the same moment
      Then exactly one of them is accepted
      And the other is refused because of one of "status-forbids" and "system-not-found"

      Examples:
        | edition |
        | v1      |
        | v2      |

  @rule:deregister-revokes-all
  Rule: Afterwards its certificates are refused at once (design §4 revocation)

    Scenario Outline: A call of a client in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When the client calls the registry
      Then the client is refused because of "<reason>"

      Examples:
        | edition | reason              |
        | v1      | certificate-unknown |
        | v2      | certificate-revoked |

    Scenario: The certificate is good until then
      Given the cockpit of v1
      And deregistering takes 1 hour
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When the client calls the registry
      Then the client is answered

    Scenario Outline: An event of <product>
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has deregistered the system "My System"
      When the tenant "<tenant>" sends the event "<event>" "v1"
      Then the event is refused because of "tenant-not-paired"

      Examples:
        | product             | tenant    | event                  |
        | SAP Commerce Cloud  | commerce  | order.created          |
        | SAP Marketing Cloud | marketing | bo.interaction.created |

    @rule:token-refusal-changes-nothing
    Scenario: The unused token of a system that is gone
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-unknown"

  Rule: A tenant that cannot be told stops a deregistration; its credentials stay (design §4 deregistering)

    @rule:deregister-failure-keeps-credentials @rule:error-opens-incident
    Scenario Outline: <product> in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And telling the tenant fails because "it is asleep"
      When the operator deregisters the system "My System"
      Then the system "My System" is shown as "<status>"
      And its error names "it is asleep" and component "<component>"
      And its error tells that telling the tenant failed just now
      And an incident about "My System" is open for component "<component>"
      And the tenant shows "<shown>"

      Examples:
        | edition | product                      | tenant    | status                    | component      | shown      |
        | v1      | SAP Commerce Cloud           | commerce  | Deregister Error          | BC-CP-MP       | Registered |
        | v1      | SAP Field Service Management | fsm       | Deregister Error          | BC-CP-MP       | Connected  |
        | v1      | SAP Cloud for Customer       | c4c       | Deregister Error          | BC-CP-MP       | Active     |
        | v1      | SAP Marketing Cloud          | marketing | Deregister Error          | BC-NEO-EXT-S4C | Enabled    |
        | v2      | SAP Commerce Cloud           | commerce  | Error while Deregistering | BC-CP-MP       | Registered |
        | v2      | SAP Marketing Cloud          | marketing | Error while Deregistering | BC-NEO-EXT-S4C | Enabled    |

    @rule:deregister-failure-keeps-credentials
    Scenario Outline: A tenant that <behaves>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant <behaves> has paired with the token of "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And its error names "<cause>" and component "BC-CP-MP"
      And its error tells that telling the tenant failed just now

      Examples:
        | behaves                 | cause                                   |
        | answers by an error     | the tenant's callback answered          |
        | sends it elsewhere      | the tenant's callback                   |
        | is where no call may go | the tenant's callback could not be told |

    @rule:deregister-failure-keeps-credentials
    Scenario: A tenant that hangs
      Given the cockpit of v1
      And the registry waits only a moment for a tenant
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant hangs has paired with the token of "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And its error names "the tenant's callback could not be told" and component "BC-CP-MP"
      And its error tells that telling the tenant failed just now

    @rule:deregister-tells-tenant
    Scenario Outline: A tenant that <behaves> lets its system go
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant <behaves> has paired with the token of "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then there is no system "Web Shop"
      And the client's tenant has been told <often> times

      Examples:
        | behaves         | often |
        | answers         | 1     |
        | has no callback | 0     |

    @rule:deregister-failure-keeps-credentials
    Scenario Outline: The credentials are intact in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And a client whose tenant answers by an error has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When the client calls the registry
      Then the client is answered

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:deregister-failure-keeps-credentials
    Scenario: A step behind telling the tenant can fail too
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And taking the connectivity down fails because "the runtime is away"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And its error names "the runtime is away" and component "BC-CP-MP"
      And its error tells that taking the connectivity down failed just now

  @rule:deregister-error-v1-support-only
  Rule: In v1 only support ends Deregister Error (SEED-000 Results)

    Scenario: A new token is no way out
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Web Shop"
      When the operator asks for a new token
      Then the operator is refused because of "status-forbids"

    Scenario: Support ends it
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant answers by an error has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      When support resolves the incident about "Web Shop"
      Then there is no system "Web Shop"
      And no incident about "Web Shop" is open
      And the name "Web Shop" is free for a SAP Commerce Cloud system

    @rule:system-name-kept-by-tenant
    Scenario: The name of a Marketing Cloud system is free then, its tenant was not told
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Campaigns"
      When support resolves the incident about "Campaigns"
      Then there is no system "Campaigns"
      And the name "Campaigns" is free for a SAP Marketing Cloud system

    @rule:deregister-revokes-all
    Scenario: The client's certificate ends with it
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant answers by an error has paired with the token of "Web Shop"
      And the operator has deregistered the system "Web Shop"
      And support has resolved the incident about "Web Shop"
      When the client calls the registry
      Then the client is refused because of "certificate-unknown"

  @rule:deregister-error-v2-retry
  Rule: In v2 Error while Deregistering may be tried again (1582d72.md, since 2024-03-21)

    Scenario: It works this time
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Web Shop"
      And nothing fails any more
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown without a status
      And no incident about "Web Shop" is open
      And the tenant shows "Deregistered"

    Scenario: It fails again
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Error while Deregistering"
      And an incident about "Web Shop" is open for component "BC-CP-MP"

    Scenario: Support ends it
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And telling the tenant fails because "it is asleep"
      And the operator has deregistered the system "Web Shop"
      When support resolves the incident about "Web Shop"
      Then the system "Web Shop" is shown without a status

  @rule:reregister-same-tenant
  Rule: In v2 a system is registered again, with the same tenant only (0c6f498.md)

    @invariant-16
    Scenario Outline: <product> with the same tenant
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has deregistered the system "My System"
      And the operator has asked for a new token
      When the administrator of tenant "<tenant>" enters the token
      Then the system "My System" is shown as "Registered"
      And the tenant shows "<shown>"

      Examples:
        | product                      | tenant    | shown      |
        | SAP Commerce Cloud           | commerce  | Registered |
        | SAP Field Service Management | fsm       | Connected  |
        | SAP Cloud for Customer       | c4c       | Active     |
        | SAP Marketing Cloud          | marketing | Enabled    |

    @invariant-16
    Scenario Outline: <product> with another tenant
      Given the cockpit of v2
      And there is another <product kind> tenant "second"
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has deregistered the system "My System"
      And the operator has asked for a new token
      When the administrator of tenant "second" enters the token
      Then the tenant shows a failure that names "tenant-mismatch"
      And the token of "My System" is still unused

      Examples:
        | product                      | product kind | tenant    |
        | SAP Commerce Cloud           | commerce     | commerce  |
        | SAP Field Service Management | fsm          | fsm       |
        | SAP Cloud for Customer       | c4c          | c4c       |
        | SAP Marketing Cloud          | marketing    | marketing |

    @invariant-16
    Scenario: A client that describes no tenant may be any (design §4 descriptor)
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      When the operator asks for a new token
      Then a client pairs with the token of "Web Shop"

    @invariant-16
    Scenario: A client that describes another tenant later is refused
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      And the operator has asked for a new token
      And a client has paired with the token of "Web Shop"
      When the client describes a tenant that answers
      Then the client is refused because of "tenant-mismatch"

    @invariant-16
    Scenario: A tenant of a system that was removed and added anew may be any
      Given the cockpit of v2
      And there is another commerce tenant "second"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has deregistered the system "Web Shop"
      And the operator has removed the system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      When the administrator of tenant "second" enters the token
      Then the system "Web Shop" is shown as "Registered"

  @rule:reregister-anew-v1
  Rule: In v1 a system is registered anew

    Scenario Outline: The same <product> tenant under the same name
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      And the operator has deregistered the system "My System"
      And the operator has registered the <product> system "My System"
      When the administrator of tenant "<tenant>" enters the token
      Then the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant   |
        | SAP Commerce Cloud           | commerce |
        | SAP Field Service Management | fsm      |
        | SAP Cloud for Customer       | c4c      |

    Scenario: The same Marketing Cloud tenant under another name
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has deregistered the system "Campaigns"
      And the operator has registered the SAP Marketing Cloud system "Campaigns again"
      When the administrator of tenant "marketing" enters the token
      Then the system "Campaigns again" is shown as "Registered"

  Rule: When a name is free again (design §4 system name)

    @rule:system-name-free-with-row
    Scenario: In v1 the name of a CX system is free with its row
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the operator has deregistered the system "Web Shop"
      When the operator registers the SAP Cloud for Customer system "Web Shop"
      Then the registration is accepted

    @rule:system-name-kept-by-tenant
    Scenario: In v1 the name of a Marketing Cloud system is kept while its tenant has the extension (e9d975a.md@v1)
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has deregistered the system "Campaigns"
      When the operator registers the SAP Marketing Cloud system "Campaigns"
      Then the registration is refused because of "name-taken"

    @rule:system-name-kept-by-tenant
    Scenario: In v1 it is free when the extension is deleted too (e9d975a.md@v1)
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has deregistered the system "Campaigns"
      And the administrator of tenant "marketing" has chosen "Delete"
      When the operator registers the SAP Marketing Cloud system "Campaigns"
      Then the registration is accepted

    @rule:system-name-free-with-row
    Scenario: In v1 the name of a Marketing Cloud system that was never paired is free with its row
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the operator has deregistered the system "Campaigns"
      When the operator registers the SAP Marketing Cloud system "Campaigns"
      Then the registration is accepted

    @rule:system-name-free-with-row
    Scenario Outline: In v2 the name of a <product> system is kept with its row
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has deregistered the system "My System"
      When the operator registers the <product> system "My System"
      Then the registration is refused because of "name-taken"

      Examples:
        | product             | tenant    |
        | SAP Commerce Cloud  | commerce  |
        | SAP Marketing Cloud | marketing |

    @rule:system-name-free-with-row
    Scenario Outline: In v2 it is free when the <product> system is removed
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the operator has deregistered the system "My System"
      And the operator has removed the system "My System"
      When the operator registers the <product> system "My System"
      Then the registration is accepted

      Examples:
        | product             | tenant    |
        | SAP Commerce Cloud  | commerce  |
        | SAP Marketing Cloud | marketing |
