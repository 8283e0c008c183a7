Feature: The journal tells what happened
  Every request, decision, refusal, change of status and call to a tenant stands in the journal, with the rule that
  answered and the document behind it. It is the bug report: secrets are never in it. A test asks it what was done.
  Sources: design §6; what each entry rests on, it says itself.

  @rule:journal-names-rule-and-document
  Rule: Every entry names the rule that answered and the document behind it

    Scenario Outline: A pairing of <product>
      Given the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then every entry of the journal names a rule and a document
      And the journal tells that the registry was asked "pairing.csr" because of "pairing-protocols §1.5"
      And the journal holds no token

      Examples:
        | product                      | tenant    |
        | SAP Commerce Cloud           | commerce  |
        | SAP Field Service Management | fsm       |
        | SAP Cloud for Customer       | c4c       |
        | SAP Marketing Cloud          | marketing |

    @rule:refusal-explained
    Scenario: A refusal names what it rests on
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has presented the token of "Web Shop"
      When a client presents the token of "Web Shop"
      Then the journal tells that "Web Shop" was refused because of "token-used", by "SEED-000 step 8"
      And every entry of the journal names a rule and a document

  @rule:journal-linked
  Rule: What belongs together is found together

    Scenario: A change of status knows the request that it came from
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the journal tells that "Pending → Registered" of "Web Shop" came from the request "pairing.descriptor"

    Scenario: A tenant that is told of its deregistration
      Given the operator has registered the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has entered the token
      When the operator deregisters the system "Campaigns"
      Then the journal tells that the registry called the tenant "marketing" for "Campaigns"
      And the journal tells that "Registered → Deregistering" of "Campaigns" came from the request "system.deregister"

    Scenario: The journal of one system tells nothing of another
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Other Shop"
      When 10 minutes pass
      Then the journal of "Web Shop" tells of that system alone
      And the journal tells of 2 expired tokens

  @rule:journal-drawn
  Rule: The life of a system can be drawn

    Scenario: From registration to deregistration
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      When the operator deregisters the system "Web Shop"
      Then the drawing of "Web Shop" shows Operator, Registry and Tenant commerce
      And the drawing of "Web Shop" tells "Pending → Registered"
      And the drawing of "Web Shop" tells "Registered → Deregistering"

    Scenario: The clock stands in it where it brought something about
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When 10 minutes pass
      Then the drawing of "Web Shop" shows Control, Operator and Registry

    Scenario Outline: A name is a name in a drawing
      Given the operator has registered the SAP Commerce Cloud system "<name>"
      When the administrator of tenant "commerce" enters the token
      Then the drawing of "<name>" shows Operator, Registry and Tenant commerce

      Examples:
        | name                           |
        | <img src=x onerror=alert(1)>   |
        | end                            |
        | shop; P0->>P1: not a request   |
        | %% no comment, #60;b#62; &amp; |

  Rule: What was said is shown for a while, without its secrets

    Scenario Outline: The certificate request of <product>
      Given the operator has registered the <product> system "My System"
      And the operator has got its token
      When the administrator of tenant "<tenant>" enters the token
      Then the journal shows what was said at "pairing.csr"
      And it shows whose certificate was asked for, and by whom it was issued
      And no secret stands in all that was said

      Examples:
        | product                | tenant   |
        | SAP Commerce Cloud     | commerce |
        | SAP Cloud for Customer | c4c      |

    Scenario: A token that is presented
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a client presents the token of "Web Shop"
      Then the journal shows what was said at "pairing.info"
      And it shows which key signed the token, and when it ends
      And no secret stands in all that was said

  @rule:journal-verification
  Rule: A test asks what was done, and is told what came closest

    Scenario: Exactly so often
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the registry was asked exactly 1 time at "pairing.info"
      And the registry was asked at least 2 times at "pairing.*"
      And the registry was asked exactly 0 times at "certificate.renew"
      And the registry was asked at most 0 times in vain

    Scenario: In this order
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the registry was asked in this order
        | system.register    |
        | pairing.info       |
        | pairing.csr        |
        | services.create    |
        | pairing.descriptor |

    Scenario: A request that was made once only
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      When a test expects 2 requests at "pairing.csr"
      Then the expectation is not met, for 1 was found
      And it is told as close a request at "pairing.descriptor"

    Scenario: Requests in another order
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      When a test expects a request at "pairing.csr" and then one at "pairing.info"
      Then the expectation is not met, for 1 was found
      And it is told that a request at "pairing.info" came too early

    Scenario: A point that no flow has
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a test expects 1 request at "pairing.dance"
      Then the test is refused because of "invalid-request"
