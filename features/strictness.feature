Feature: A registry may be strict
  A client that was tried against one registry takes for granted what that one happens to do. A strict registry does
  everything that the documents promise, and whatever else they allow in the way that is least expected.
  Sources: docs/strictness.md, pairing-protocols §1.3 and §1.4.

  @rule:strict-own-tenants
  Rule: Our products rely on nothing that is not promised

    Scenario Outline: <product> pairs with a strict registry
      Given the cockpit of <edition>
      And the registry is strict
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows "<done>"
      And the system "My System" is shown as "Registered"
      And no client has broken a rule

      Examples:
        | edition | product                      | tenant    | done       |
        | v1      | SAP Commerce Cloud           | commerce  | Registered |
        | v2      | SAP Field Service Management | fsm       | Connected  |
        | v1      | SAP Cloud for Customer       | c4c       | Active     |
        | v2      | SAP Marketing Cloud          | marketing | Enabled    |

  Rule: A client that takes something for granted is told what

    @rule:strict-discovered-paths @rule:strict-mistake-refused
    Scenario: An address that the client knows by heart
      Given the registry is strict about nothing but "S-05"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends its certificate request to the address that it knows by heart
      Then the client is refused because of "url-not-handed-out"
      And the client is told that it broke "S-05"
      And the journal tells that a client broke "S-05"

    @rule:strict-pairing-paths @rule:strict-mistake-refused
    Scenario: An address of another pairing
      Given the registry is strict about nothing but "S-06"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Outlet"
      And a client has exchanged the token of "Web Shop" for a certificate
      When a client that pairs "Outlet" sends its certificate request to the address of "Web Shop"
      Then the client is refused because of "url-not-handed-out"
      And the client is told that it broke "S-06"

    @rule:strict-short-attempt @rule:strict-mistake-refused
    Scenario: A follow-up token that is kept for later
      Given the registry is strict about nothing but "S-08"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends its certificate request 5 minutes later
      Then the client is told that it broke "S-08"
      And the system "Web Shop" is shown as "Pending"

  @rule:strict-mistake-refused
  Rule: A mistake costs nothing but the answer

    Scenario: The client asks again, at the right address
      Given the registry is strict about nothing but "S-05"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the client has sent its certificate request to the address that it knows by heart
      When the client sends its certificate request
      Then the client gets its certificate

  @rule:strict-can-be-off
  Rule: Rules can be switched off, and are off unless somebody asks

    Scenario: All rules but one
      Given the registry is strict, but not about "S-05" and "S-06"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends its certificate request to the address that it knows by heart
      Then the client gets its certificate
      And no client has broken a rule

    Scenario: A registry is friendly by default
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When the client sends its certificate request 5 minutes later
      Then the client gets its certificate

  @rule:strict-seeded
  Rule: What is drawn depends on the seed and on a client's own requests, whatever else is going on (docs/strictness.md)

    Scenario: Two landscapes with one seed, and one with another
      Given there is an environment "one" that is strict by the seed 7
      And there is an environment "two" that is strict by the seed 7
      And there is an environment "other" that is strict by the seed 8
      And somebody else has asked for much in the environment "two"
      When a program asks the same of "one", "two" and "other", again and again
      Then "two" has answered to the letter as "one", and "other" has not
