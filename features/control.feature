Feature: Whoever controls a landscape sees what was set, and takes it back
  Beside the cockpit there is the control of the landscape, for those who test with it: identities, transitions and faults are set there,
  listed there, and taken back one by one.
  Sources: design §6, design §9, docs/faults.md.

  Rule: Identities come and go (design §9)

    @rule:access-needs-token
    Scenario: A client of the token service is taken away
      Given the OAuth client "viewer" of a System Landscape Viewer
      And the OAuth client "admin" of a Global Account Administrator
      When the OAuth client "viewer" is deleted
      Then the OAuth clients are "admin"
      And "admin" gets an access token
      And "viewer" gets no access token
      When the OAuth client "viewer" is deleted
      Then that is refused because of "oauth-client-not-found"

    Scenario: A user is taken away
      Given the user "jane@acme.example" of the subaccount
      And the user "joe@acme.example" of the subaccount
      When the user "jane@acme.example" of the subaccount is deleted
      Then the users of the subaccount are "joe@acme.example"
      When the user "jane@acme.example" of the subaccount is deleted
      Then that is refused because of "user-not-found"

  @rule:transition-policies
  Rule: A transition is what was set, and goes back to what it was (design §6 transitions)

    Scenario: It is set
      When deregistering is to be held from now on
      Then deregistering is listed as held, because somebody has set it

    Scenario Outline: It goes back, in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And deregistering is held
      When deregistering is set back
      Then deregistering is listed as it was
      When the operator deregisters the system "Web Shop"
      Then <end>
      And nothing is held

      Examples:
        | edition | end                                             |
        | v1      | there is no system "Web Shop"                   |
        | v2      | the system "Web Shop" is shown without a status |

  @rule:fault-every-point
  Rule: Every step of every flow has a point where it can be made to go wrong (design §6 fault points)

    Scenario Outline: The steps of a life in the cockpit of <edition>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the operator has created the formation "shops" with "Web Shop"
      And the operator has excluded "Web Shop" from the formation "shops"
      And the operator has deregistered the system "Web Shop"
      When somebody looks at what can go wrong
      Then but for the discovery of the registry, every request of the journal has a point that is listed there
      And every recipe is for points that are listed there

      Examples:
        | edition |
        | v1      |
        | v2      |

  @rule:fault-match
  Rule: A fault is removed, and the others stay (docs/faults.md)

    Scenario: One of two
      Given listing the systems fails because "the disk is full"
      And publishing a service fails because "the catalog is closed"
      When the fault of listing the systems is removed
      Then the faults are of "publishing a service"
      When a program reads the systems
      Then the answer has status 200
      When the fault of listing the systems is removed
      Then that is refused because of "fault-not-found"
