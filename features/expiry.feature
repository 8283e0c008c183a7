Feature: Integration tokens expire
  An unused token is void at the end of its validity; the system stays as it was and gets a new one.
  Sources: SEED-000 step 8 (10 minutes), e9d975a.md (7 days), sap-domain §5 and §24.

  Rule: A token can be used until the end of its validity

    @rule:token-validity-cx @rule:token-validity-marketing @rule:token-expiry-keeps-status
    @invariant-3 @invariant-4 @invariant-5
    Scenario Outline: <product>, used <when>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And <passed> have passed
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows "<shown>"
      And the system "My System" is shown as "<status>"

      Examples:
        | edition | product                      | tenant    | when                 | passed             | shown      | status     |
        | v1      | SAP Commerce Cloud           | commerce  | in the ninth minute  | 9 minutes          | Registered | Registered |
        | v1      | SAP Commerce Cloud           | commerce  | at the tenth minute  | 10 minutes         | Failed     | Pending    |
        | v1      | SAP Field Service Management | fsm       | in the last second   | 599 seconds        | Connected  | Registered |
        | v1      | SAP Cloud for Customer       | c4c       | after half an hour   | 30 minutes         | Failed     | Pending    |
        | v1      | SAP Marketing Cloud          | marketing | in the last hour     | 167 hours          | Enabled    | Registered |
        | v1      | SAP Marketing Cloud          | marketing | after seven days     | 7 days             | Failed     | Pending    |
        | v2      | SAP Commerce Cloud           | commerce  | in the ninth minute  | 9 minutes          | Registered | Registered |
        | v2      | SAP Marketing Cloud          | marketing | in the last hour     | 167 hours          | Enabled    | Registered |

    @rule:token-expiry-keeps-status
    @invariant-3
    Scenario: In the cockpit of v2 an expired token leaves the status empty
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And 10 minutes have passed
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-expired"
      And the system "Web Shop" is shown without a status

    @rule:token-refusal-says-why
    Scenario: The administrator of a tenant reads why
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And 10 minutes have passed
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names "expired"

  @rule:token-new-after-expiry
  Rule: After expiry a new token can be made (SEED-000 step 8)

    Scenario Outline: A new token for <product>
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And <passed> have passed
      When the operator asks for a new token
      Then a client pairs with the token of "My System"

      Examples:
        | product             | passed     |
        | SAP Commerce Cloud  | 10 minutes |
        | SAP Marketing Cloud | 7 days     |

  @rule:token-expires-at-its-instant
  Rule: Expiry happens at its instant, in order

    @rule:clock-due-work-in-order
    Scenario: Two tokens that expire one after the other
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "First"
      And 1 minute has passed
      And the operator has registered the SAP Commerce Cloud system "Second"
      When 1 hour passes
      Then the journal tells that the token of "First" expired 9 minutes later
      And the journal tells that the token of "Second" expired 10 minutes later

    @invariant-5
    Scenario: Nobody has to look for a token to expire
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When 10 minutes pass
      Then the token of "Web Shop" is shown as "expired"

    Scenario: A token that was used does not expire
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When 1 hour passes
      Then the journal tells of 0 expired tokens
      And the system "Web Shop" is shown as "Registered"

  @rule:attempt-deadline
  Rule: The follow-up token ends with its pairing attempt

    Scenario: A certificate request in the ninth minute
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And 9 minutes have passed
      And a client has presented the token of "Web Shop"
      And 9 minutes have passed
      When the client sends its certificate request
      Then the client holds a certificate

    Scenario: A certificate request after the deadline
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And 10 minutes have passed
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"
      And the system "Web Shop" is shown as "Pending"
