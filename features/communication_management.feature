Feature: Communication Management of a tenant
  The tenant's administrator sees what was arranged with extensions, and which scenarios there are for it, and says who the tenant's
  business users are.
  Sources: SEED-004, 553a4c6.md, 69889e4.md, sap-domain §10 and §11, RFC 7522, docs/wire.md.

  @rule:arrangement-secrets-hidden
  Rule: An arrangement is shown as it was asked for, without its secrets (docs/wire.md)

    @rule:arrangement-in-tenant
    Scenario Outline: An instance with inbound <inbound>, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "<inbound>"
      When the administrator of tenant "marketing" looks at the communication arrangement "CONTACTS"
      Then the arrangement is that of the service instance "contacts", of scenario "SAP_COM_0207", with inbound "<inbound>"
      And the arrangement shows the user of the destination "contacts", and none of its secrets

      Examples:
        | edition | inbound                   |
        | v1      | BasicAuthentication       |
        | v2      | BasicAuthentication       |
        | v1      | OAuth2SAMLBearerAssertion |
        | v2      | OAuth2SAMLBearerAssertion |

    @rule:arrangement-in-tenant
    Scenario Outline: An instance whose tenant calls an extension, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "calls" with the parameters {"systemName":"Campaigns","communicationArrangement":{"communicationArrangementName":"CALLS","scenarioId":"SAP_COM_0208","outboundAuthentication":"BasicAuthentication","communicationSystem":{"communicationSystemHostname":"extension.example","port":"8443","outboundCommunicationUser":{"username":"tech","password":"Outbound-4711"}}}}
      When the administrator of tenant "marketing" looks at the communication arrangement "CALLS"
      Then the arrangement is that of the service instance "calls", of scenario "SAP_COM_0208", with outbound "BasicAuthentication"
      And the arrangement shows that "https://extension.example:8443" is called as "tech", and not the outbound password

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:bus-topic-bound
    Scenario Outline: A channel, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "messaging" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "events" with the parameters {"systemName":"Campaigns","emClientId":"s4hc"}
      And the administrator of tenant "marketing" has bound the topic "sap/s4/beh/contact/*" to the channel
      When the administrator of tenant "marketing" looks at the communication arrangement "SAP_CLOUD_PLATFORM_XF_s4hc"
      Then the arrangement is that of the service instance "events", of scenario "SAP_COM_0092"
      And the arrangement shows the attributes of the service instance "events", and the topics "sap/s4/beh/contact/*"

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:arrangement-ends-with-pairing
    Scenario: While the extension is disabled
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And an extension has looked up the destination "contacts"
      And the administrator of tenant "marketing" has chosen "Disable"
      When the administrator of tenant "marketing" looks at the communication arrangement "CONTACTS"
      Then the arrangement rests
      And the extension cannot read contacts with what it knows
      Given the administrator of tenant "marketing" has chosen "Enable"
      When the administrator of tenant "marketing" looks at the communication arrangement "CONTACTS"
      Then the arrangement is in use
      And the extension reads contacts with what it knows

    @rule:arrangement-in-tenant
    Scenario: When the instance is gone
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When the administrator of tenant "marketing" looks at the communication arrangement "CONTACTS"
      Then the arrangement is in use
      Given the developer has deleted the service instance "contacts"
      When the administrator of tenant "marketing" looks at that arrangement again
      Then the tenant refuses because of "arrangement-not-found"

  @rule:instance-scenario-enabled
  Rule: A scenario is shown with what it opens, and whether it is enabled (69889e4.md)

    Scenario Outline: <scenario> at first
      When the administrator of tenant "marketing" looks at the communication scenario "<scenario>"
      Then the scenario is predefined, and <state>
      And the scenario opens the API "<api>" by <methods>

      Examples:
        | scenario     | state    | api                   | methods                                            |
        | SAP_COM_0204 | enabled  | marketing-campaign    | "BasicAuthentication", "OAuth2SAMLBearerAssertion" |
        | SAP_COM_0206 | enabled  | marketing-interaction | "BasicAuthentication", "OAuth2SAMLBearerAssertion" |
        | SAP_COM_0207 | enabled  | marketing-contact     | "BasicAuthentication", "OAuth2SAMLBearerAssertion" |
        | SAP_COM_0008 | disabled | marketing-contact     | "BasicAuthentication"                              |

    Scenario Outline: One that was switched off and on, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the administrator of tenant "marketing" has disabled the scenario "SAP_COM_0207"
      When the administrator of tenant "marketing" looks at the communication scenario "SAP_COM_0207"
      Then the scenario is predefined, and disabled
      When the developer creates the service instance "early" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the creation of "early" fails because of "scenario-not-enabled"
      Given the administrator of tenant "marketing" has enabled the scenario "SAP_COM_0207"
      When the administrator of tenant "marketing" looks at the communication scenario "SAP_COM_0207"
      Then the scenario is predefined, and enabled
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then the service instance "contacts" is created

      Examples:
        | edition |
        | v1      |
        | v2      |

    @rule:instance-scenario-custom
    Scenario: One that the administrator has made
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      Then the tenant "marketing" has no custom scenario
      Given the administrator of tenant "marketing" has made the scenario "YY1_CONTACTS" for the API "marketing-contact"
      When the administrator of tenant "marketing" looks at the communication scenario "YY1_CONTACTS"
      Then the scenario is custom, and enabled
      And the scenario opens the API "marketing-contact" by "BasicAuthentication"
      And the tenant "marketing" has the custom scenarios "YY1_CONTACTS"

    Scenario Outline: One that there is not: <scenario>
      When the administrator of tenant "marketing" looks at the communication scenario "<scenario>"
      Then the tenant refuses because of "scenario-not-found"

      Examples:
        | scenario     |
        | YY1_CONTACTS |
        | sap_com_0207 |

    Scenario: A product that has none
      Then the tenant "commerce" has no communication scenario
      When the administrator of tenant "commerce" looks at the communication scenario "SAP_COM_0207"
      Then the tenant refuses because of "scenario-not-found"

  @rule:tenant-business-users @rule:product-saml-bearer
  Rule: Assertions about the tenant's business users are taken; where none are entered, about everybody (docs/wire.md)

    Scenario Outline: A tenant with <users>, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "OAuth2SAMLBearerAssertion"
      And the user "jane@acme.example" of the subaccount
      And the administrator of tenant "marketing" has entered <users>
      When an extension looks up the destination "contacts" for the user "jane@acme.example"
      Then the tenant "marketing" has <users>
      And the extension gets a token
      And the extension reads contacts with what it knows

      Examples:
        | edition | users                                                      |
        | v1      | the business users "joe@acme.example", "jane@acme.example" |
        | v2      | the business users "joe@acme.example", "jane@acme.example" |
        | v1      | the business users "JANE@Acme.Example"                     |
        | v1      | no business user                                           |
        | v2      | no business user                                           |

    Scenario Outline: A user whom the tenant does not know, in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "OAuth2SAMLBearerAssertion"
      And the user "jane@acme.example" of the subaccount
      And the administrator of tenant "marketing" has entered the business users "joe@acme.example"
      When an extension looks up the destination "contacts" for the user "jane@acme.example"
      Then the extension gets no token, because "no user with the e-mail address of its subject"
      Given the administrator of tenant "marketing" has entered the business users "joe@acme.example", "jane@acme.example"
      When an extension looks up the destination "contacts" for the user "jane@acme.example"
      Then the extension gets a token
      And the extension reads contacts with what it knows

      Examples:
        | edition |
        | v1      |
        | v2      |

    Scenario: A user who is none any more, when the token of before has expired
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "OAuth2SAMLBearerAssertion"
      And the user "jane@acme.example" of the subaccount
      And the administrator of tenant "marketing" has entered the business users "jane@acme.example"
      And an extension has looked up the destination "contacts" for the user "jane@acme.example"
      And the administrator of tenant "marketing" has entered the business users "joe@acme.example"
      And 3600 seconds have passed
      When an extension looks up the destination "contacts" for the user "jane@acme.example"
      Then the extension gets no token, because "no user with the e-mail address of its subject"

    @rule:input-refused-precisely
    Scenario Outline: No list of business users: <what>
      Given the administrator of tenant "marketing" has entered the business users "jane@acme.example"
      When the administrator of tenant "marketing" sends <what> for business users
      Then the answer has status 400
      And the answer is a problem with the code "invalid-request" that says "<words>"
      And the tenant "marketing" has the business users "jane@acme.example"

      Examples:
        | what                       | words                              |
        | nothing                    | the body is empty                  |
        | an object without the list | items: is required                 |
        | half a list                | breaks off                         |
        | one address without a list | $.items is a string                |
        | null for the list          | $.items is null; it must be a list |
        | the list twice             | $.items stands there twice         |
        | the list, and another      | behind the JSON object             |
        | a list in capital letters  | fields are items                   |
        | a name without an address  | items[1]                           |
        | a list of something else   | people                             |
        | more than 1,000 addresses  | at most 1000                       |

    @rule:bodies-bounded
    Scenario: More than is read for business users
      Given the administrator of tenant "marketing" has entered the business users "jane@acme.example"
      When the administrator of tenant "marketing" sends more than 64 KiB for business users
      Then the answer has status 413
      And the answer is a problem with the code "body-too-large" that says "65536 bytes"
      And the tenant "marketing" has the business users "jane@acme.example"

    Scenario: A product that takes no assertions
      When the administrator of tenant "commerce" enters the business users "jane@acme.example"
      Then the tenant refuses because of "arrangements-not-supported"
      And the tenant "commerce" has no business user

  @rule:input-refused-precisely
  Rule: A tenant that there is not is told as such (docs/wire.md)

    Scenario Outline: Somebody asks it for <what>
      When somebody asks a tenant that there is not for <what>
      Then the answer has status 404
      And the answer is a problem with the code "tenant-not-found" that says "nowhere"

      Examples:
        | what                              |
        | its communication scenarios       |
        | a communication scenario          |
        | a communication arrangement       |
        | the topics of a channel           |
        | the end of a topic                |
        | its business users                |
        | other business users              |
        | the revocation of its certificate |
