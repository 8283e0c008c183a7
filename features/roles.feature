Feature: Roles
  Where roles are asked for, everybody does what the own role allows and nothing else. A role of the registry holds in one global
  account; a tenant has an administrator of its own, who is nobody in the registry, and the reverse.
  Sources: sap-domain §1, SEED-000, SEED-004, design §9.

  Background:
    Given the cockpit of v1
    And roles are asked for

  Rule: Nobody without an access token does anything

    @rule:access-needs-token
    Scenario: Somebody without a token registers
      Given the operator has no access token
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the registration is refused because of "unauthenticated"

    @rule:access-token-is-no-integration-token
    Scenario: An integration token is no access token
      Given the operator is a System Landscape Administrator
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator uses the integration token of "Web Shop" as access token
      When the operator looks at the system "Web Shop"
      Then the operator is refused because of "unauthenticated"

    @rule:access-token-is-no-integration-token
    Scenario: An access token is no integration token
      Given the tenants are administered by the Tenant Administrator of "commerce"
      When the administrator of tenant "commerce" enters the own access token
      Then the tenant shows "Failed"

    @rule:access-needs-token
    Scenario Outline: An access token is good for twelve hours
      Given the operator is a System Landscape Administrator
      And <passed> have passed
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then <end>

      Examples:
        | passed        | end                                                      |
        | 43199 seconds | the registration is accepted                             |
        | 43200 seconds | the registration is refused because of "unauthenticated" |

  Rule: A role allows what its document says

    @rule:role-administrator @rule:role-landscape-administrator @rule:role-viewer
    Scenario Outline: A <role> registers
      Given the operator is a <role>
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then <end>

      Examples:
        | role                           | end                                                |
        | Global Account Administrator   | the registration is accepted                       |
        | System Landscape Administrator | the registration is accepted                       |
        | System Landscape Viewer        | the registration is refused because of "forbidden" |

    @rule:role-administrator @rule:role-landscape-administrator @rule:role-viewer
    Scenario Outline: A <role> asks for a new token
      Given there is the SAP Marketing Cloud system "Campaigns" with its token
      And the operator is a <role>
      When the operator asks for a new token
      Then <end>

      Examples:
        | role                           | end                                            |
        | Global Account Administrator   | the operator is not refused                    |
        | System Landscape Administrator | the operator is not refused                    |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-viewer
    Scenario Outline: A <role> displays the token
      Given there is the SAP Marketing Cloud system "Campaigns" with its token
      And the operator is a <role>
      When the operator displays the token
      Then <end>

      Examples:
        | role                           | end                                            |
        | System Landscape Administrator | the operator sees a token                      |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-viewer
    Scenario: A viewer sees the system, without a secret
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the operator is a System Landscape Viewer
      When the operator looks at the system "Web Shop"
      Then the operator is not refused

    @rule:role-administrator @rule:role-landscape-administrator
    Scenario Outline: A <role> adds a subaccount
      Given the operator is a <role>
      When the operator adds the subaccount "test"
      Then <end>

      Examples:
        | role                           | end                                            |
        | Global Account Administrator   | the operator is not refused                    |
        | System Landscape Administrator | the operator is refused because of "forbidden" |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-landscape-administrator @rule:role-viewer
    Scenario Outline: A <role> creates a formation
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the operator is a <role>
      When the operator creates the formation "shop" in subaccount "dev" with "Web Shop"
      Then <end>

      Examples:
        | role                           | end                                            |
        | Global Account Administrator   | the operator is not refused                    |
        | System Landscape Administrator | the operator is not refused                    |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-administrator @rule:role-landscape-administrator
    Scenario Outline: A <role> configures entitlements
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the operator is a System Landscape Viewer
      And a client has paired with the token of "Web Shop"
      And the operator is a <role>
      When the operator gives subaccount "dev" the plan "api-access" for "Web Shop"
      Then <end>

      Examples:
        | role                           | end                                            |
        | Global Account Administrator   | the operator is not refused                    |
        | System Landscape Administrator | the operator is refused because of "forbidden" |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-administrator @rule:role-landscape-administrator @rule:role-viewer
    Scenario Outline: A <role> deregisters
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the operator is a <role>
      When the operator deregisters the system "Web Shop"
      Then <end>

      Examples:
        | role                           | end                                            |
        | Global Account Administrator   | the operator is not refused                    |
        | System Landscape Administrator | the operator is not refused                    |
        | System Landscape Viewer        | the operator is refused because of "forbidden" |

    @rule:role-in-one-account
    Scenario: Nobody in an account adds another
      Given the operator is a Global Account Administrator
      When the operator adds the global account "acme"
      Then the operator is refused because of "forbidden"

  @rule:role-tenant-administrator
  Rule: A tenant has an administrator of its own

    Scenario: The tenant's own administrator pairs it
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the tenants are administered by the Tenant Administrator of "commerce"
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows "Registered"

    Scenario Outline: Somebody else does not
      Given there is the SAP Commerce Cloud system "Web Shop" with its token
      And the tenants are administered by <who>
      When somebody enters the token in the tenant "commerce"
      Then the tenant refuses because of "<reason>"

      Examples:
        | who                                           | reason          |
        | nobody                                        | unauthenticated |
        | the Tenant Administrator of "fsm"             | forbidden       |
        | the Global Account Administrator of "default" | forbidden       |

    Scenario Outline: Who is not its administrator does nothing in a tenant: <does>
      Given the tenants are administered by <who>
      When the administrator of tenant "marketing" <does>
      Then the tenant refuses because of "<reason>"

      Examples:
        | who                                           | does                                         | reason          |
        | nobody                                        | enters the business users "ann@acme.example" | unauthenticated |
        | the Tenant Administrator of "commerce"        | enters the business users "ann@acme.example" | forbidden       |
        | the Global Account Administrator of "default" | enters the business users "ann@acme.example" | forbidden       |
        | nobody                                        | revokes the certificate                      | unauthenticated |
        | the Tenant Administrator of "commerce"        | revokes the certificate                      | forbidden       |
        | the Global Account Administrator of "default" | revokes the certificate                      | forbidden       |

    Scenario: A tenant's administrator is nobody in the registry
      Given the operator is the Tenant Administrator of "commerce"
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the registration is refused because of "forbidden"

    Scenario: A tenant's administrator sees the own tenant alone
      Given the tenants are administered by the Tenant Administrator of "commerce"
      Then the tenants shown are "commerce"

  @rule:role-in-one-account @rule:account-boundary
  Rule: A role holds in one global account

    Scenario Outline: Another account's systems are not found
      Given there is a global account "acme"
      And there is the SAP Commerce Cloud system "Web Shop" with its token
      And the operator is the <role> of "acme"
      When the operator <does>
      Then <refusal>

      Examples:
        | role                         | does                                                | refusal                                                           |
        | Global Account Administrator | looks at the system "Web Shop"                      | the operator is refused because of "global-account-not-found"     |
        | Global Account Administrator | asks for a new token                                | the operator is refused because of "system-not-found"             |
        | Global Account Administrator | registers the SAP Commerce Cloud system "Next Shop" | the registration is refused because of "global-account-not-found" |
        | System Landscape Viewer      | looks at the system "Web Shop"                      | the operator is refused because of "global-account-not-found"     |
