Feature: Integration tokens
  A token pairs one system, once. It is refused, without any effect, when it is not exactly the present token of its system.
  Sources: SEED-000 steps 4 to 8, sap-domain §5, design §4.

  Rule: A token is used once

    @rule:token-single-use
    @invariant-3
    Scenario Outline: The second use is refused in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has paired with the token of "My System"
      When a client presents the token of "My System"
      Then the client is refused because of "token-used"
      And the system "My System" is shown as "Registered"

      Examples:
        | edition | product             |
        | v1      | SAP Commerce Cloud  |
        | v1      | SAP Marketing Cloud |
        | v2      | SAP Commerce Cloud  |

    @rule:token-refusal-says-why
    Scenario: The administrator of a tenant reads why
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names "already been used"

    @rule:token-spent-by-first-request
    Scenario: Presenting it spends it, even where nothing follows
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop" and vanished
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-used"

    @rule:token-one-winner
    @invariant-3
    Scenario: Of many clients at the same moment, one is accepted
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When 16 clients present the token of "Web Shop" at the same moment
      Then exactly one of them is accepted
      And the others are refused because of "token-used"

  Rule: The newest token wins

    @rule:token-newest-wins
    Scenario: An older token is void
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has asked for a new token
      When a client presents the first token of "Web Shop"
      Then the client is refused because of "token-void"
      And the system "Web Shop" is shown as "Pending"

    @rule:token-newest-wins
    Scenario: A new token ends a pairing that is under way
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      And the operator has asked for a new token
      When the client sends its certificate request
      Then the client is refused because of "follow-up-token-invalid"

    @rule:token-none-when-registered
    Scenario: A system that is Registered gets no new token
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When the operator asks for a new token
      Then the operator is refused because of "status-forbids"

  @rule:token-bound-to-type
  Rule: A token pairs a tenant of its system's type

    Scenario: The token of another product, told by the tenant itself
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "c4c" enters the token
      Then the tenant shows a failure that names "SAP Commerce Cloud"
      And the token of "Web Shop" is still unused

    Scenario: The token of another product, refused by the registry
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a client of SAP Cloud for Customer presents the token of "Web Shop"
      Then the client is refused because of "token-wrong-type"
      And the token of "Web Shop" is still unused

  @rule:token-refusal-changes-nothing
  Rule: What is not our token is refused, and changes nothing

    @rule:token-signature @rule:token-foreign-refused
    Scenario Outline: A token that is <kind>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a client presents a token that is <kind>
      Then the client is refused because of "<reason>"
      And the token of "Web Shop" is still unused

      Examples:
        | kind                              | reason          |
        | missing                           | token-missing   |
        | no token at all                   | token-malformed |
        | copied only in part               | token-malformed |
        | signed with "none"                | token-forged    |
        | signed with another key           | token-forged    |
        | signed with a swapped algorithm   | token-forged    |
        | changed to name another system    | token-forged    |
        | issued by another environment     | token-foreign   |

    @rule:token-signature
    Scenario Outline: A tenant does not even present a token that is <kind>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters a token that is <kind>
      Then the tenant shows a failure that names "<named>"
      And the token of "Web Shop" is still unused

      Examples:
        | kind                           | named                       |
        | no token at all                | is not an integration token |
        | signed with another key        | not signed by this registry |
        | changed to name another system | not signed by this registry |

    @rule:token-secret-nowhere @rule:refusal-explained
    Scenario: The journal explains a refusal, and gives no secret away
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When a client presents the token of "Web Shop"
      Then the journal tells that "Web Shop" was refused because of "token-used", by "SEED-000 step 8"
      And the journal holds no token

  @rule:token-quota
  Rule: At most 1000 unused tokens of a type in a global account (2ffdaff.md)

    @invariant-17
    Scenario: The 1001st token
      Given the cockpit of v1
      And the operator has registered 1000 SAP Commerce Cloud systems
      When the operator registers the SAP Commerce Cloud system "One too many"
      Then the registration is refused because of "token-quota-exceeded"
      And there is no system "One too many"

    @invariant-17
    Scenario: The 1001st token, where systems are added without one
      Given the cockpit of v2
      And the operator has registered 1000 SAP Commerce Cloud systems
      And the operator has got their tokens
      And the operator has registered the SAP Commerce Cloud system "One too many"
      When the operator asks for a new token
      Then the operator is refused because of "token-quota-exceeded"

    @invariant-17
    Scenario Outline: Other tokens are counted apart: <product> in global account "<account>"
      Given the cockpit of v1
      And there is a global account "other"
      And the operator has registered 1000 SAP Commerce Cloud systems
      When the operator of "<account>" registers the <product> system "Counted Apart"
      Then the registration is accepted

      Examples:
        | account | product                |
        | default | SAP Cloud for Customer |
        | other   | SAP Commerce Cloud     |

    Scenario: A new token takes the place of the one that it voids
      Given the cockpit of v1
      And the operator has registered 1000 SAP Commerce Cloud systems
      When the operator displays the token
      Then the operator sees a new token, and the first one is void

    @invariant-17
    Scenario: A used token frees a place
      Given the cockpit of v1
      And the operator has registered 1000 SAP Commerce Cloud systems
      And a client has paired with the token of one of them
      When the operator registers the SAP Commerce Cloud system "In the free place"
      Then the registration is accepted

    Scenario: Expired tokens do not count
      Given the cockpit of v1
      And the operator has registered 1000 SAP Commerce Cloud systems
      And 10 minutes have passed
      When the operator registers the SAP Commerce Cloud system "After the expiry"
      Then the registration is accepted

  @rule:token-key-rotation
  Rule: Keys are rotated without breaking live tokens

    Scenario: A token of the old key
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the signing key has been rotated to "RS256"
      When the administrator of tenant "commerce" enters the token
      Then the system "Web Shop" is shown as "Registered"

    @rule:token-algorithms
    Scenario Outline: A token signed with <algorithm>
      Given the cockpit of v1
      And the signing key has been rotated to "<algorithm>"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the system "Web Shop" is shown as "Registered"

      Examples:
        | algorithm |
        | ES256     |
        | RS256     |
        | EdDSA     |

    Scenario: A token of the old key that has expired
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the signing key has been rotated to "RS256"
      And 10 minutes have passed
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names "expired"

  Rule: Displaying a token goes by type

    @rule:token-display-makes-new
    Scenario: Display token of a CX system makes a new one (SEED-000 step 6)
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the operator displays the token
      Then the operator sees a new token, and the first one is void

    @rule:token-display-shows-present
    Scenario: Display token of a Marketing Cloud system shows the present one (e9d975a.md@v1)
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      When the operator displays the token
      Then the operator sees the same token again

    @rule:token-new-after-expiry
    Scenario Outline: After its expiry, Display token of a <product> system makes a new one
      Given the cockpit of v1
      And the operator has registered the <product> system "My System"
      And <passed> have passed
      When the operator displays the token
      Then the operator sees a token

      Examples: SEED-000 step 8, e9d975a.md@v1
        | product             | passed     |
        | SAP Commerce Cloud  | 10 minutes |
        | SAP Marketing Cloud | 7 days     |

    @rule:token-display-makes-new
    Scenario: Get Token of a CX system makes a new one (1582d72.md)
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      When the operator displays the token
      Then the operator sees a new token, and the first one is void

    @rule:token-display-shows-present @rule:token-comes-with-registration
    Scenario: Get Token of a Marketing Cloud system makes the first one, then shows it
      Given the cockpit of v2
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the operator has got its token
      And 6 days have passed
      When the operator displays the token
      Then the operator sees the same token again

    @rule:token-comes-with-registration
    Scenario: The first Get Token of a Marketing Cloud system
      Given the cockpit of v2
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      When the operator displays the token
      Then the operator sees a token

    @rule:token-none-when-registered
    Scenario: There is nothing to display once the system is registered
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When the operator displays the token
      Then the operator is refused because of "status-forbids"

    @rule:token-none-when-registered
    Scenario: There is nothing to display once a Marketing Cloud system is registered
      Given the cockpit of v1
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And a client has paired with the token of "Campaigns"
      When the operator displays the token
      Then the operator is refused because of "status-forbids"

  @rule:token-forms
  Rule: A tenant accepts every form in which a token can be copied

    Scenario Outline: Entered as <form>
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token as <form>
      Then the system "Web Shop" is shown as "Registered"

      Examples:
        | form          |
        | token URL     |
        | bare token    |
        | encoded token |

  @rule:token-refusal-says-why
  Rule: A token that is over says so, and what to do next (SEED-000 step 8, e9d975a.md@v1, 1582d72.md)

    Scenario Outline: The expired token of a <product> system in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And <passed> have passed
      When the operator has the token explained
      Then the token of "My System" is shown as "expired"
      And the operator reads that the token would be refused because of "token-expired"
      And the operator is advised "<next>"
      And a new token pairs the system "My System"

      Examples:
        | edition | product                      | passed     | next          |
        | v1      | SAP Commerce Cloud           | 10 minutes | Display token |
        | v1      | SAP Field Service Management | 10 minutes | Display token |
        | v1      | SAP Cloud for Customer       | 10 minutes | Display token |
        | v1      | SAP Marketing Cloud          | 7 days     | Display token |
        | v2      | SAP Commerce Cloud           | 10 minutes | Get Token     |
        | v2      | SAP Field Service Management | 10 minutes | Get Token     |
        | v2      | SAP Cloud for Customer       | 10 minutes | Get Token     |
        | v2      | SAP Marketing Cloud          | 7 days     | Get Token     |

    Scenario Outline: The used token of a registered <product> system in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has paired with the token of "My System"
      When the operator has the token explained
      Then the token of "My System" is shown as "used"
      And the operator reads that the token would be refused because of "token-used"
      And the operator is advised "A registered system needs no more tokens"

      Examples:
        | edition | product                      |
        | v1      | SAP Commerce Cloud           |
        | v1      | SAP Field Service Management |
        | v1      | SAP Cloud for Customer       |
        | v1      | SAP Marketing Cloud          |
        | v2      | SAP Commerce Cloud           |
        | v2      | SAP Marketing Cloud          |

    Scenario Outline: The used token of a <product> pairing that did not complete, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And a client has presented the token of "My System" and vanished
      When the operator has the token explained
      Then the operator reads that the token would be refused because of "token-used"
      And the operator is advised "<next>"
      And a new token pairs the system "My System"

      Examples:
        | edition | product             | next          |
        | v1      | SAP Commerce Cloud  | Display token |
        | v1      | SAP Marketing Cloud | Display token |
        | v2      | SAP Commerce Cloud  | Get Token     |
        | v2      | SAP Marketing Cloud | Get Token     |

    Scenario Outline: The present token of a Marketing Cloud system is over in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the operator has got its token
      And 7 days have passed
      When the operator asks to see the present token
      Then the operator is refused because of "token-expired"
      And the operator is advised "<next>"

      Examples:
        | edition | next          |
        | v1      | Display token |
        | v2      | Get Token     |

    Scenario Outline: The present token of a <product> system is shown once, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      When the operator asks to see the present token
      Then the operator is refused because of "token-shown-once"
      And the operator is advised "Ask for a new token"

      Examples:
        | edition | product                      |
        | v1      | SAP Commerce Cloud           |
        | v1      | SAP Field Service Management |
        | v1      | SAP Cloud for Customer       |
        | v2      | SAP Commerce Cloud           |

    Scenario: A system of which nobody has got a token yet
      Given the cockpit of v2
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      When the operator asks to see the present token
      Then the operator is refused because of "token-not-issued"
      And the operator is advised "Get Token"

    Scenario Outline: The <product> tenant says it in the words of the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the <product> system "My System"
      And the operator has got its token
      And <what is over>
      When the administrator of tenant "<tenant>" enters the token
      Then the tenant shows a failure that names "<named>"
      And the tenant advises "<next>"

      Examples:
        | edition | product             | tenant    | what is over                                  | named             | next          |
        | v1      | SAP Commerce Cloud  | commerce  | 10 minutes have passed                        | expired           | Display Token |
        | v1      | SAP Marketing Cloud | marketing | 7 days have passed                            | expired           | Display Token |
        | v1      | SAP Commerce Cloud  | commerce  | a client has paired with the token of "My System" | already been used | Display Token |
        | v1      | SAP Marketing Cloud | marketing | a client has paired with the token of "My System" | already been used | Display Token |
        | v2      | SAP Commerce Cloud  | commerce  | 10 minutes have passed                        | expired           | Get Token     |
        | v2      | SAP Marketing Cloud | marketing | 7 days have passed                            | expired           | Get Token     |
        | v2      | SAP Commerce Cloud  | commerce  | a client has paired with the token of "My System" | already been used | Get Token     |
        | v2      | SAP Marketing Cloud | marketing | a client has paired with the token of "My System" | already been used | Get Token     |

  @rule:token-single-system
  Rule: A token is for a single system (SEED-000 step 8)

    @invariant-3
    Scenario: It pairs its own, and no second one
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Second Shop"
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-used"
      And the system "Second Shop" is shown as "Pending"
