Feature: Destinations
  An extension does not know the addresses and secrets of the systems that it calls: it looks up a destination of its subaccount, and
  gets with it what the call takes, as the destination's authentication asks for.
  Sources: SEED-004, sap-domain §14, service-apis §1, §2, d866cf6.md, 553a4c6.md.

  Rule: A destination has what its authentication needs (sap-domain §14.2)

    @rule:destination-properties @rule:destination-find
    Scenario: No authentication
      Given the destination "orders" with no authentication
      When an extension looks up the destination "orders"
      Then the extension gets its address and no token

    @rule:destination-properties @rule:destination-find
    Scenario: User and password
      Given the destination "orders" with user and password
      When an extension looks up the destination "orders"
      Then the extension gets its user and password

    @rule:destination-properties
    Scenario Outline: Something is missing: <property>
      When the operator makes a destination with <authentication> that lacks "<property>"
      Then the operator is refused because of "destination-invalid"
      And there is no destination

      Examples:
        | authentication          | property             |
        | no authentication       | URL                  |
        | user and password       | Password             |
        | client credentials      | clientSecret         |
        | a SAML bearer assertion | audience             |
        | a SAML bearer assertion | tokenServicePassword |

    @rule:destination-names
    Scenario: A name that nobody gave
      When an extension looks up the destination "nothing"
      Then the extension is refused because of "destination-not-found"

    @rule:destination-names
    Scenario: A destination that the operator deleted
      Given the destination "orders" with no authentication
      And the operator has deleted the destination "orders"
      When an extension looks up the destination "orders"
      Then the extension is refused because of "destination-not-found"

    @rule:destination-secrets-hidden
    Scenario: Secrets are not shown to those who look
      Given the destination "orders" with user and password
      Then the operator sees the destination "orders" without its password

  @rule:destination-client-credentials
  Rule: Client credentials become a token (service-apis §2)

    @rule:token-service
    Scenario: The landscape's own token service
      Given the destination "orders" with client credentials of the landscape's own token service
      When an extension looks up the destination "orders"
      Then the extension gets a token

    Scenario Outline: A token is kept until it expires
      Given the destination "orders" with client credentials of the landscape's own token service
      And an extension has looked up the destination "orders"
      And <passed> have passed
      When an extension looks up the destination "orders"
      Then the extension gets <token>

      Examples:
        | passed        | token                |
        | 43199 seconds | the same token again |
        | 43200 seconds | another token        |

    Scenario Outline: A token service that <trouble>
      Given a token service that <trouble>
      And the destination "orders" with client credentials
      When an extension looks up the destination "orders"
      Then the extension gets no token, because "<cause>"

      Examples:
        | trouble                | cause          |
        | refuses every client   | invalid_client |
        | answers without sense  | not the JSON   |
        | is away                | not reached    |

    Scenario: A token service that is back
      Given a token service that refuses every client
      And the destination "orders" with client credentials
      And an extension has looked up the destination "orders"
      And the token service knows the client again
      When an extension looks up the destination "orders"
      Then the extension gets a token

  @rule:destination-saml
  Rule: A SAML assertion tells the target who the user is (service-apis §2, RFC 7522)

    Scenario: The user of an extension
      Given a token service that knows every client
      And the destination "campaigns" with a SAML bearer assertion
      When an extension looks up the destination "campaigns" for the user "extension.user@example.com"
      Then the extension gets a token
      And the token service was shown an assertion about "extension.user@example.com"

    Scenario: A user whom an administrator added
      Given a token service that knows every client
      And the user "jane@acme.example" of the subaccount
      And the destination "campaigns" with a SAML bearer assertion
      When an extension looks up the destination "campaigns" for the user "jane@acme.example"
      Then the token service was shown an assertion about "jane@acme.example"

    Scenario: Nobody is logged in
      Given a token service that knows every client
      And the destination "campaigns" with a SAML bearer assertion
      When an extension looks up the destination "campaigns"
      Then the extension gets no token, because "there is no user"

    Scenario: A user whom nobody knows
      Given a token service that knows every client
      And the destination "campaigns" with a SAML bearer assertion
      When an extension looks up the destination "campaigns" for the user "joe@acme.example"
      Then the extension is refused because of "user-not-found"

    @rule:destination-trust-two-years
    Scenario: The trust certificate lasts two years
      Given a token service that knows every client
      And the destination "campaigns" with a SAML bearer assertion
      And an extension has looked up the destination "campaigns" for the user "extension.user@example.com"
      And 731 days have passed
      When an extension looks up the destination "campaigns" for the user "extension.user@example.com"
      Then the extension gets no token, because "trust certificate of the subaccount expired"

  @rule:destination-properties @rule:instance-destination-equals-binding
  Rule: The properties are those of the method (sap-domain §14.2)

    Scenario Outline: <inbound> in the cockpit of <edition>
      Given the cockpit of <edition>
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "<inbound>"
      Then the destination "contacts" has the properties <properties>

      Examples:
        | edition | inbound                   | properties                                                                                                                                                                                         |
        | v1      | BasicAuthentication       | "Name", "Type", "URL", "ProxyType", "Authentication", "User", "Password", "XFSystemName"                                                                                                           |
        | v2      | BasicAuthentication       | "Name", "Type", "URL", "ProxyType", "Authentication", "User", "Password", "XFSystemName"                                                                                                           |
        | v1      | OAuth2SAMLBearerAssertion | "Name", "Type", "URL", "ProxyType", "Authentication", "XFSystemName", "audience", "clientKey", "tokenServiceURL", "tokenServiceURLType", "tokenServiceUser", "tokenServicePassword", "authnContextClassRef", "nameIdFormat", "userIdSource" |
        | v2      | OAuth2SAMLBearerAssertion | "Name", "Type", "URL", "ProxyType", "Authentication", "XFSystemName", "audience", "clientKey", "tokenServiceURL", "tokenServiceURLType", "tokenServiceUser", "tokenServicePassword", "authnContextClassRef", "nameIdFormat", "userIdSource" |

  @rule:destination-saml @rule:product-saml-bearer
  Rule: With OAuth 2.0 SAML bearer assertion a user's token becomes one of the tenant (RFC 7522, service-apis §2)

    Scenario: A user of the subaccount calls
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "OAuth2SAMLBearerAssertion"
      When an extension looks up the destination "contacts" for the user "extension.user@example.com"
      Then the extension gets a token
      And the extension reads contacts with what it knows

    Scenario: Nobody calls
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "OAuth2SAMLBearerAssertion"
      When an extension looks up the destination "contacts"
      Then the extension gets no token, because "there is no user"

  @rule:arrangement-own-scenario
  Rule: Each scenario opens its own APIs

    Scenario: Campaigns with the user of contacts
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      When the developer creates the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      Then an extension is refused by "/sap/opu/odata/sap/API_MKT_CAMPAIGN_SRV" through the destination "contacts"

  @rule:product-csrf
  Rule: Writes need a CSRF token (service-apis §2)

    Scenario Outline: A contact is changed <how>
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      When an extension changes a contact through the destination "contacts" <how>
      Then the tenant <answer>

      Examples:
        | how                  | answer                          |
        | with a CSRF token    | takes the change                |
        | without a CSRF token | asks for a CSRF token           |

  @rule:arrangement-in-tenant
  Rule: A deleted instance's password is good for nothing

    Scenario: The extension still has it
      Given the cockpit of v1
      And subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And the developer has created the service instance "contacts" for scenario "SAP_COM_0207" with inbound "BasicAuthentication"
      And an extension has looked up the destination "contacts"
      When the developer deletes the service instance "contacts"
      Then the extension cannot read contacts with what it knows
