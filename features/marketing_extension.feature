Feature: The product side of a pairing
  The administrator of a tenant enters the token in the product's own console, and keeps the row: an extension in SAP
  Marketing Cloud, a destination target, consumer or extension in the CX products.
  Sources: e9d975a.md@v1, d7416c3.md@v1, SEED-004, sap-domain §7.3, §7.4 and §9, docs/wire.md Tenants.

  @rule:tenant-shows-its-progress
  Rule: A token makes a row, which shows how the pairing goes (d7416c3.md@v1)

    Scenario Outline: <product>
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant showed "<at first>" while it paired
      And the tenant shows "<in the end>"

      Examples:
        | product                      | tenant    | at first       | in the end |
        | SAP Marketing Cloud          | marketing | Enabling       | Enabled    |
        | SAP Commerce Cloud           | commerce  | In Progress    | Registered |
        | SAP Field Service Management | fsm       | Connecting     | Connected  |
        | SAP Cloud for Customer       | c4c       | In Preparation | Active     |

  @rule:tenant-extension-actions
  Rule: A disabled row keeps its connection and does not use it (d7416c3.md@v1)

    Scenario Outline: <product>: the administrator chooses <button>
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      When the administrator of tenant "<tenant>" chooses "<button>"
      Then the tenant shows "<shown>"
      And the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant    | button     | shown        |
        | SAP Marketing Cloud          | marketing | Disable    | Disabled     |
        | SAP Commerce Cloud           | commerce  | Disable    | Disabled     |
        | SAP Field Service Management | fsm       | Disconnect | Disconnected |
        | SAP Cloud for Customer       | c4c       | Deactivate | Inactive     |

    Scenario Outline: <product>: no events while it is disabled
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      And the administrator of tenant "<tenant>" has chosen "<button>"
      When the tenant "<tenant>" sends the event "<event>" "v1"
      Then the event is refused because of "extension-disabled"

      Examples:
        | product             | tenant    | button     | event                  |
        | SAP Marketing Cloud | marketing | Disable    | bo.interaction.created |
        | SAP Commerce Cloud  | commerce  | Disable    | order.created          |
        | SAP Cloud for Customer | c4c    | Deactivate | Ticket.Root.Created    |

    Scenario Outline: <product>: events when it is enabled again
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      And the administrator of tenant "<tenant>" has chosen "<off>"
      And the administrator of tenant "<tenant>" has chosen "<on>"
      When the tenant "<tenant>" sends the event "<event>" "v1"
      Then the event is accepted
      And the tenant shows "<shown>"

      Examples:
        | product                | tenant    | off        | on       | event                  | shown      |
        | SAP Marketing Cloud    | marketing | Disable    | Enable   | bo.interaction.created | Enabled    |
        | SAP Commerce Cloud     | commerce  | Disable    | Enable   | order.created          | Registered |
        | SAP Cloud for Customer | c4c       | Deactivate | Activate | Ticket.Root.Created    | Active     |

    Scenario: A field service tenant connects again
      Given the cockpit of v1
      And the operator has registered the SAP Field Service Management system "Service"
      And the administrator of tenant "fsm" has entered the token
      And the administrator of tenant "fsm" has chosen "Disconnect"
      When the administrator of tenant "fsm" chooses "Reconnect"
      Then the tenant shows "Connected"

    Scenario: What is enabled cannot be enabled
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the administrator of tenant "marketing" chooses "Enable"
      Then the tenant refuses because of "pairing-status-forbids"

    Scenario: What was deregistered cannot be enabled
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has deregistered the system "Campaigns"
      When the administrator of tenant "marketing" chooses "Enable"
      Then the tenant refuses because of "pairing-status-forbids"

  @rule:tenant-extension-actions
  Rule: A deleted row ends what the tenant can do (e9d975a.md@v1, docs/wire.md)

    Scenario Outline: <product>: the row is gone, the system is still there
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has entered the token
      When the administrator of tenant "<tenant>" chooses "<button>"
      Then the tenant shows no row
      And the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant    | button |
        | SAP Marketing Cloud          | marketing | Delete |
        | SAP Commerce Cloud           | commerce  | Delete |
        | SAP Field Service Management | fsm       | Remove |
        | SAP Cloud for Customer       | c4c       | Delete |

    Scenario: Its events are over
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the administrator of tenant "marketing" has chosen "Delete"
      When the tenant "marketing" sends the event "bo.interaction.created" "v1"
      Then the event is refused because of "tenant-not-paired"

    Scenario: A disabled extension can be deleted
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the administrator of tenant "marketing" has chosen "Disable"
      When the administrator of tenant "marketing" chooses "Delete"
      Then the tenant shows no row

  @rule:extension-in-use
  Rule: Service instances stand on the extension, so they go first (SEED-004)

    Scenario Outline: Not while there is one, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the administrator of tenant "marketing" chooses "Delete"
      Then the tenant refuses because the registry says "extension-in-use"
      And an extension reads contacts through the destination "contacts"

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: When it is deleted
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And the developer has deleted the service instance "contacts"
      When the administrator of tenant "marketing" chooses "Delete"
      Then the tenant shows no row

  Rule: Extension and registration end in either order

    @rule:deregister-tells-tenant
    Scenario: Deregistered first: the tenant shows it
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator deregisters the system "Campaigns"
      Then the tenant shows "Deregistered"

    @rule:deregister-tells-tenant
    Scenario: A disabled extension is told too
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the administrator of tenant "marketing" has chosen "Disable"
      When the operator deregisters the system "Campaigns"
      Then the tenant shows "Deregistered"

    @rule:system-name-kept-by-tenant
    Scenario: The deregistered extension is deleted, which frees the name (e9d975a.md@v1)
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has deregistered the system "Campaigns"
      When the administrator of tenant "marketing" chooses "Delete"
      Then the tenant shows no row
      And the name "Campaigns" is free for a SAP Marketing Cloud system

    @rule:deregister-tells-tenant @rule:system-name-kept-by-tenant
    Scenario: Deleted first: nobody has to be told, and the name is free at once
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the administrator of tenant "marketing" has chosen "Delete"
      And telling the tenant fails because "it is asleep"
      When the operator deregisters the system "Campaigns"
      Then there is no system "Campaigns"
      And the name "Campaigns" is free for a SAP Marketing Cloud system

    @rule:reregister-same-tenant
    Scenario Outline: Deleted first in v2: the <product> tenant may pair again
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      And the administrator of tenant "<tenant>" has chosen "<button>"
      And the operator has deregistered the system "My System"
      And the operator has asked for a new token
      When the administrator of tenant "<tenant>" enters the token
      Then the system "My System" is shown as "Registered"

      Examples:
        | product                      | tenant    | button |
        | SAP Marketing Cloud          | marketing | Delete |
        | SAP Field Service Management | fsm       | Remove |

    Scenario: Deleting a row does not take the system out of its formations
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      And the operator has created the formation "mine" with "Campaigns"
      And the administrator of tenant "marketing" has chosen "Delete"
      When the operator deregisters the system "Campaigns"
      Then the operator is refused because of "system-in-use"
      And the refusal names "mine" and nothing else

  Rule: A failed Marketing Cloud extension is deleted before a new token helps (e9d975a.md@v1)

    @rule:failed-extension-deleted-first
    Scenario: What failed elsewhere left no failed extension in the tenant
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the pairing of "Campaigns" has failed
      And the operator has asked for a new token
      When the administrator of tenant "marketing" enters the token
      Then the system "Campaigns" is shown as "Registered"

    @rule:failed-extension-deleted-first
    Scenario Outline: A failed row is no hindrance in <product>
      Given the cockpit of v2
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And publishing a service fails because "the catalog is closed"
      And the administrator of tenant "<tenant>" has entered the token in vain
      And nothing fails any more
      And support has resolved the incident about "My System"
      And the operator has asked for a new token
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows "<shown>"

      Examples:
        | product                      | tenant   | shown      |
        | SAP Commerce Cloud           | commerce | Registered |
        | SAP Field Service Management | fsm      | Connected  |
        | SAP Cloud for Customer       | c4c      | Active     |

  @rule:account-boundary
  Rule: A system is not migrated; it is registered again in the other global account (SEED-004)

    @invariant-15
    Scenario Outline: The <product> tenant leaves one global account and pairs with another
      Given the cockpit of v1
      And there is a global account "other"
      And the operator has registered the <product> system "Here"
      And the administrator of tenant "<tenant>" has entered the token
      And the operator has created the formation "mine" with "Here"
      And the operator has given subaccount "dev" the plan "api-access" for "Here"
      And the administrator of tenant "<tenant>" has chosen "<button>"
      And the operator of "other" has registered the <product> system "There"
      When the administrator of tenant "<tenant>" enters the token
      Then the system "There" is shown as "Registered"
      And the system "There" is held by nothing
      And the system "Here" is held by "mine" and "api-access"

      Examples:
        | product                      | tenant    | button |
        | SAP Marketing Cloud          | marketing | Delete |
        | SAP Commerce Cloud           | commerce  | Delete |
        | SAP Field Service Management | fsm       | Remove |
        | SAP Cloud for Customer       | c4c       | Delete |

    @invariant-15
    Scenario: A tenant pairs in the global account whose token it was given
      Given the cockpit of v1
      And there is a global account "other"
      And the operator of "other" has registered the SAP Marketing Cloud system "There"
      When the administrator of tenant "marketing" enters the token
      Then the system "There" is shown as "Registered"
      And there is no system "There"
