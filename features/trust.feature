Feature: Who believes whom
  The registry, its proxies and the tenants call each other. Each believes what it can check, and nothing else.
  Sources: pairing-protocols §1.6, design §4 deregistering, design §5, docs/wire.md.

  @rule:forwarded-certificate
  Rule: A forwarded certificate is believed from trusted proxies only (pairing-protocols §1.6)

    Scenario: From somebody
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When somebody forwards the client's certificate to the registry
      Then the answer has status 403

    Scenario: From a proxy that is trusted
      Given a proxy in front of the registry is trusted
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When somebody forwards the client's certificate to the registry
      Then the answer has status 200

    Scenario: From a proxy that is trusted, and tells nothing but a name
      Given a proxy in front of the registry is trusted
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When somebody forwards nothing but the name of the client's certificate
      Then the answer has status 403

  @rule:notice-is-signed
  Rule: A tenant can check who tells it of its deregistration (design §4 deregistering)

    Scenario: The notice of the registry
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client that keeps its notices has paired with the token of "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the notice is signed by a key of the registry, and for this tenant alone

    Scenario Outline: A notice of somebody, with <token>
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      When somebody tells tenant "commerce" that it was deregistered, with <token>
      Then the answer has status 401
      And the answer is a problem with the code "notice-invalid" that says ""
      And the tenant shows "Registered"

      Examples:
        | token                 |
        | no token              |
        | its integration token |

  @rule:arrangement-registry-only
  Rule: Only the registry makes communication arrangements in a tenant (docs/wire.md)

    Scenario Outline: Somebody with <token>
      Given the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When somebody makes a communication arrangement in tenant "marketing", with <token>
      Then the answer has status 401
      And the answer is a problem with the code "notice-invalid" that says ""
      And the tenant "marketing" has no communication arrangement

      Examples:
        | token                 |
        | no token              |
        | its integration token |

  @rule:tenant-trusts-its-registry-only
  Rule: A tenant calls its own registry, wherever a token points (design §5)

    Scenario: A token URL with the address of another host
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token with the address of another host
      Then the system "Web Shop" is shown as "Registered"
      And the other host was never called
