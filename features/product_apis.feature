Feature: A product's APIs have data behind them
  What a tenant announces can be called: each API answers with the product's own objects, to who comes with the
  credentials that the tenant registered. A change has the event that the product announces for it.
  Sources: sap-domain §9.4.

  @rule:product-data
  Rule: Objects are created, read, changed and deleted

    Scenario Outline: A client of <product> works with <objects>
      When a client of the API "<api>" of tenant "<tenant>" creates <object>
      Then the client can read it
      When the client changes it
      Then the client reads the change
      When the client deletes it
      Then the client cannot read it any more

      Examples:
        | product                      | tenant    | api                      | objects       | object         |
        | SAP Commerce Cloud           | commerce  | commerce-webservices     | customers     | a customer     |
        | SAP Commerce Cloud           | commerce  | commerce-inbound-product | products      | a product      |
        | SAP Cloud for Customer       | c4c       | c4c-odata                | accounts      | an account     |
        | SAP Cloud for Customer       | c4c       | c4c-odata                | tickets       | a ticket       |
        | SAP Field Service Management | fsm       | fsm-service              | service calls | a service call |
        | SAP Field Service Management | fsm       | fsm-activity             | activities    | an activity    |
        | SAP Marketing Cloud          | marketing | marketing-contact        | contacts      | a contact      |
        | SAP Marketing Cloud          | marketing | marketing-interaction    | interactions  | an interaction |

  Rule: Only the credentials that the tenant registered let a client in

    @rule:product-credentials
    Scenario Outline: Wrong credentials for the API "<api>"
      When a client of the API "<api>" of tenant "<tenant>" comes with wrong credentials
      Then the client is refused as unauthenticated

      Examples:
        | tenant    | api                  |
        | commerce  | commerce-webservices |
        | c4c       | c4c-odata            |
        | fsm       | fsm-service          |
        | marketing | marketing-contact    |

    @rule:product-csrf
    Scenario: A change without a CSRF token
      When a client of the API "c4c-odata" of tenant "c4c" creates an account without a CSRF token
      Then the client is told that a CSRF token is required

  @rule:product-events
  Rule: A change has the product's event while the tenant is paired

    Scenario Outline: <object> has an event
      Given the operator has registered the <product> system "My System"
      And the administrator of tenant "<tenant>" has got and entered the token
      When a client of the API "<api>" of tenant "<tenant>" creates <object>
      Then the registry receives an event from "My System"

      Examples:
        | product                      | tenant    | api                   | object         |
        | SAP Commerce Cloud           | commerce  | commerce-webservices  | a customer     |
        | SAP Cloud for Customer       | c4c       | c4c-odata             | an account     |
        | SAP Field Service Management | fsm       | fsm-service           | a service call |
        | SAP Marketing Cloud          | marketing | marketing-interaction | an interaction |

    Scenario: A tenant that is not paired
      When a client of the API "c4c-odata" of tenant "c4c" creates an account
      Then the client can read it
      And the registry receives no event
