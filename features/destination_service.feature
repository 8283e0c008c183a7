Feature: The destination service
  An application keeps destinations and certificate files with what a binding of the destination service gives: those of its subaccount,
  which all its applications see, and those of its own service instance.
  Sources: service-apis §2, sap-domain §14.

  @rule:destination-names
  Rule: What is made stays on its level until it is deleted (service-apis §2)

    Scenario Outline: A <kind> is made and deleted on each level
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the <kind> "<name>" of the instance
      When the application "shop" makes the <kind> "<name>" of the subaccount
      Then the answer has status 201
      And the application "shop" sees the <kind>s "<name>" of the subaccount
      When the application "shop" deletes the <kind> "<name>" of the instance
      Then the answer counts 1
      And the application "shop" sees the <kind>s nothing of the instance
      And the application "shop" sees the <kind>s "<name>" of the subaccount
      When the application "shop" deletes the <kind> "<name>" of the subaccount
      Then the answer counts 1
      When the application "shop" deletes the <kind> "<name>" of the subaccount
      Then the answer counts 0

      Examples:
        | kind             | name       |
        | destination      | orders     |
        | certificate file | client.pem |

    Scenario: A destination is changed on each level
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the subaccount
      And the application "shop" has made the destination "orders" of the instance
      When the application "shop" changes the address of the destination "orders" of the instance
      Then the answer counts 1
      And the destination "orders" that the application "shop" sees of the instance has another address
      And the destination "orders" that the application "shop" sees of the subaccount has the address
      When the application "shop" changes the address of the destination "orders" of the subaccount
      Then the destination "orders" that the application "shop" sees of the subaccount has another address

  @rule:destination-names @rule:destination-properties
  Rule: What cannot be kept is refused, and changes nothing (service-apis §2, sap-domain §14.2)

    Scenario Outline: A destination <flaw>
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the subaccount
      When the application "shop" makes a destination of the subaccount <flaw>
      Then the answer has status <status> and says "<words>"
      And the application "shop" sees the destinations "orders" of the subaccount
      And the destination "orders" that the application "shop" sees of the subaccount has the address

      Examples:
        | flaw                       | status | words                       |
        | whose name is taken        | 409    | orders                      |
        | together with a taken name | 409    | orders                      |
        | whose name has a slash     | 400    | Name: no control characters |
        | without an address         | 400    | URL: is required            |
        | whose address is no URL    | 400    | URL: must be an absolute    |

    Scenario Outline: A certificate file <flaw>
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the certificate file "client.pem" of the subaccount
      When the application "shop" makes a certificate file of the subaccount <flaw>
      Then the answer has status <status> and says "<words>"
      And the application "shop" sees the certificate files "client.pem" of the subaccount

      Examples:
        | flaw                     | status | words      |
        | whose name is taken      | 409    | client.pem |
        | whose name has no ending  | 400    | ends with  |
        | that is no base64        | 400    | Content    |

    Scenario: A change of what is not there
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      When the application "shop" changes the address of the destination "orders" of the subaccount
      Then the answer has status 404 and says "Configuration with the specified name was not found"
      And the application "shop" sees the destinations nothing of the subaccount

    Scenario Outline: The <kind> of the <level> that is not there
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      When the application "shop" reads the <kind> "<name>" of the <level>
      Then the answer has status 404 and says "Configuration with the specified name was not found"

      Examples:
        | kind             | name       | level      |
        | destination      | orders     | subaccount |
        | certificate file | client.pem | instance   |

  @rule:destination-find
  Rule: Who looks a destination up gets that of the own instance, or else that of the subaccount (service-apis §2, sap-domain §14.4)

    Scenario: There is one on each level
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the subaccount
      And the application "shop" has made the destination "orders" of the instance
      When the application "shop" looks up the destination "orders"
      Then it has found the destination of the instance

    Scenario: The one of the instance is deleted
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the subaccount
      And the application "shop" has made the destination "orders" of the instance
      And the application "shop" has deleted the destination "orders" of the instance
      When the application "shop" looks up the destination "orders"
      Then it has found the destination of the subaccount

    Scenario: An instance is another's
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "desk" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the instance
      When the application "desk" looks up the destination "orders"
      Then the answer has status 404 and says "Configuration with the specified name was not found"

    Scenario: A subaccount is another's
      Given there is a subaccount "test" with Cloud Foundry
      And the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "desk" has a binding of the destination service of subaccount "test"
      And the application "shop" has made the destination "orders" of the subaccount
      When the application "desk" looks up the destination "orders"
      Then the answer has status 404 and says "Configuration with the specified name was not found"

    Scenario: A client certificate comes with its destination
      Given the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the certificate file "client.pem" of the subaccount
      And the application "shop" has made the destination "orders" of the subaccount with the certificate file "client.pem"
      When the application "shop" looks up the destination "orders"
      Then it has found the destination of the subaccount
      And it gets the certificate file "client.pem" with it

    @rule:destination-secrets-hidden
    Scenario Outline: Somebody looks it up <how>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the application "shop" has a binding of the destination service of subaccount "dev"
      And the application "shop" has made the destination "orders" of the subaccount
      When the application "shop" looks up the destination "orders" <how>
      Then the answer has status 401

      Examples:
        | how                             |
        | without an access token         |
        | with a token of another service |
