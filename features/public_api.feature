Feature: What every program can rely on
  Programs that are no product of the landscape call it, too: scripts, tests and browsers. Lists, refusals, addresses and
  time are the same for all of them.
  Sources: design §5, §6 and §9, RFC 9457, docs/faults.md.

  @rule:list-pages
  Rule: A list is read page by page, with cursors that only the server makes (design §5)

    Scenario: Five systems, two at a time
      Given the operator has registered 5 SAP Commerce Cloud systems
      When a program reads the systems page by page, 2 at a time
      Then it has read 5 systems, each once, from 3 pages

    Scenario: A cursor is good for its own list
      Given the operator has registered 5 SAP Commerce Cloud systems
      And the operator has registered the SAP Marketing Cloud system "Campaigns"
      When a program reads the systems page by page, 2 at a time
      And a program reads on, but only systems of type "SAP Marketing Cloud"
      Then the answer is a problem with the code "invalid-cursor" that says ""

  @rule:input-refused-precisely
  Rule: Bad input is refused with a problem that says where and why (design §9)

    Scenario Outline: A system that is registered by <what>
      When a program registers a system by <what>
      Then the answer has status <status>
      And the answer is a problem with the code "<code>" that says "<words>"
      And there is no system "Web Shop"

      Examples:
        | what                            | status | code            | words                         |
        | nothing                         | 400    | invalid-request | body is empty                 |
        | half a document                 | 400    | invalid-request | breaks off at byte            |
        | a list                          | 400    | invalid-request | $ is a list                   |
        | a name that is a number         | 400    | invalid-request | $.name is a number            |
        | a member that nobody knows      | 400    | invalid-request | fields are name, type         |
        | a name that stands there twice  | 400    | invalid-request | $.name stands there twice     |
        | a document with something after | 400    | invalid-request | behind the JSON object        |

    @rule:bodies-bounded
    Scenario: A system that is registered by more than is read
      When a program registers a system by a document of more than 64 KiB
      Then the answer has status 413
      And the answer is a problem with the code "body-too-large" that says "65536 bytes"

    @rule:pairing-unknown-route
    Scenario: What there is not
      When a program asks for what there is not
      Then the answer has status 404
      And the answer is a problem with the code "route-not-found" that says ""

  @rule:origin-checked
  Rule: Pages of other origins change nothing (design §5)

    Scenario: A page of another origin
      When a page of another origin registers the system "Web Shop"
      Then the answer has status 403
      And there is no system "Web Shop"

    Scenario: A page of the landscape
      When a page of the landscape registers the system "Web Shop"
      Then the answer has status 201

    Scenario: A page of another origin at the clock
      When a page of another origin moves the clock
      Then the answer has status 403
      And the clock shows 0 seconds more

  @rule:cockpit-own-sources-only
  Rule: The pages of the cockpit run only what comes from the landscape (design §9)

    Scenario Outline: A browser opens the cockpit of <edition>
      Given the cockpit of <edition>
      When a browser opens the cockpit
      Then it may run and call only what comes from the landscape, and show the page within no other
      And the page names nothing of another server

      Examples:
        | edition |
        | v1      |
        | v2      |

  @rule:public-urls
  Rule: Addresses are those by which the caller reaches the landscape, or those that it was told (design §5)

    Scenario: By another name
      When a program that calls the landscape "localhost" registers the system "Web Shop"
      Then its token URL leads to the host "localhost"

    Scenario: From behind a proxy
      Given the landscape is reached from outside at the hosts "front.test" and, with certificates, "front.test:9443"
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then its token URL leads to the host "front.test:9443"
      And the control tells the hosts "front.test" and, with certificates, "front.test:9443"

  @rule:time-on-answers
  Rule: Every answer tells the environment's time (design §5)

    Scenario: The time passes
      Given 90 minutes have passed
      When a program reads the systems
      Then the answer tells what the landscape's clock shows

    Scenario: A refusal tells it, too
      Given 1 day has passed
      When a program asks for what there is not
      Then the answer tells what the landscape's clock shows

  @rule:tls-names-and-ca
  Rule: The authority of the landscape is served, and its certificate has the landscape's names (design §5)

    Scenario: A program that knows nothing yet
      Then who has fetched the landscape's authority trusts its listener by that alone

    Scenario: The authorities that the control tells
      Given the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      When somebody asks the control for the authorities
      Then one of them vouches for the listener, the other for the client

  Rule: A landscape describes itself (design §5)

    Scenario Outline: The document of <wire>
      When a program reads the document of <wire>
      Then the document is of OpenAPI, and describes the call by which it was read

      Examples:
        | wire                    |
        | the registry            |
        | the token service       |
        | the destination service |
        | the tenants             |
        | the control             |

    Scenario: Where everything is
      When somebody asks the control where everything is
      Then the document of the control describes every address that it was told

  @rule:fault-told
  Rule: A fault is told to whom it strikes (docs/faults.md)

    Scenario: A fault that strikes
      Given listing the systems fails because "the disk is full"
      When a program reads the systems
      Then the answer has status 500 and says "the disk is full"
      And the answer names the fault
      And the journal names the fault with the request

    Scenario: A fault that never strikes
      Given listing the systems fails because "the disk is full"
      Then the fault is listed as one that never struck

  @rule:strict-promises-kept
  Rule: A strict registry keeps what is promised (docs/strictness.md)

    Scenario: The token URL, and answers that have a tag
      Given the registry is strict
      When the operator registers the SAP Commerce Cloud system "Web Shop"
      Then the token URL has the path that the documents name
      Given the operator has created the formation "shops" with "Web Shop"
      When a program reads the formation "shops" again and again
      Then all answers with one tag are the same
