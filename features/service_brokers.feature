Feature: Programs order services
  Platforms order services over the Open Service Broker's wire, command lines and Terraform over the Service Manager's; both
  with what a binding of the Service Manager gives, and with access tokens of the token service.
  Sources: service-apis §1, §3 and §4.

  @rule:broker-catalog
  Rule: The catalogue lists the services of the subaccount, and what each plan asks for

    Scenario: A subaccount that may use SAP S/4HANA Cloud Extensibility
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And a program with a binding of the Service Manager of subaccount "dev"
      When the platform reads the catalogue
      Then the catalogue has the service "destination"
      And the catalogue's service "s4-hana-cloud" has the plan "api-access", with a schema that asks for "systemName"

    Scenario: A subaccount that may not
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the platform reads the catalogue
      Then the catalogue has the service "destination"
      And the catalogue has no service "s4-hana-cloud"

  @rule:broker-codes
  Rule: The broker answers with the specification's codes, and a refusal changes nothing (service-apis §4)

    Scenario Outline: A platform <slip>
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the platform reads the catalogue <slip>
      Then the answer has status <status>

      Examples:
        | slip                           | status |
        | with a version that is too old | 412    |
        | with another password          | 401    |

    Scenario Outline: An order <flaw>
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the platform orders the service instance "i-1" <flaw>
      Then the answer has status 400 and says "<words>"
      And the broker knows no service instance "i-1"

      Examples:
        | flaw                                   | words      |
        | without a service                      | service_id |
        | of a plan that is not in the catalogue | catalogue  |

    Scenario: An order that takes its time
      Given subaccount "dev" may use the plan "api-access" for the SAP Marketing Cloud system "Campaigns"
      And a program with a binding of the Service Manager of subaccount "dev"
      When the platform orders the service instance "i-1" of a plan that takes its time, and does not accept that
      Then the answer has status 422 and says "AsyncRequired"
      And the broker knows no service instance "i-1"

    Scenario: The same order again, and another with its id
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform orders the service instance "i-1"
      Then the answer has status 200
      When the platform orders the service instance "i-1" with other parameters
      Then the answer has status 409

    Scenario: An instance is deleted, and once more
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform deletes the service instance "i-1"
      Then the answer has status 200
      When the platform deletes the service instance "i-1"
      Then the answer has status 410

    Scenario Outline: What became of <order>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform asks what became of the order of the service instance "<id>"
      Then the answer has status <status> and says "<words>"

      Examples:
        | order                   | id  | status | words     |
        | an order                | i-1 | 200    | succeeded |
        | what nobody has ordered | i-2 | 404    | i-2       |

    Scenario Outline: An instance is changed <how>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform changes the service instance "i-1" <how>
      Then the answer has status <status> and says "<words>"

      Examples:
        | how               | status | words      |
        | in nothing        | 200    |            |
        | in its parameters | 422    | delete it  |
        | without a service | 400    | service_id |

    Scenario: An instance is bound, once more, and otherwise
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform binds the service instance "i-1" as "b-1"
      Then the answer has status 201
      And the binding "b-1" of the service instance "i-1" shows the same credentials, and its operation has succeeded
      When the platform binds the service instance "i-1" as "b-1"
      Then the answer has status 200
      When the platform binds the service instance "i-1" as "b-1" with another context
      Then the answer has status 409

    Scenario: A binding of another plan
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      When the platform binds the service instance "i-1" as "b-1" of another plan
      Then the answer has status 400 and says "plan_id"

    Scenario: A binding of what there is not
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the platform binds the service instance "i-1" as "b-1"
      Then the answer has status 404

    Scenario: A binding stands in the way of a deletion, until it is deleted itself
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the platform has ordered the service instance "i-1"
      And the platform has bound the service instance "i-1" as "b-1"
      When the platform deletes the service instance "i-1"
      Then the answer has status 422 and says "bindings"
      When the platform deletes the binding "b-1" of the service instance "i-1"
      Then the answer has status 200
      When the platform deletes the binding "b-1" of the service instance "i-1"
      Then the answer has status 410

  @rule:manager-objects
  Rule: The Service Manager's objects have its keys, and operations an address that is a path (service-apis §3)

    Scenario: A service instance as the Service Manager shows it
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      When the program reads the service instance "contacts"
      Then the answer has status 200
      And the object has "id", "ready", "usable", "name", "service_plan_id", "platform_id", "context", "labels", "last_operation", "created_at", "updated_at"

    Scenario: A program that does not wait
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program creates the service instance "contacts" and waits for nothing
      Then the answer has status 202
      And the address of its operation is a path, where the operation has succeeded

    Scenario: A name that is taken
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      When the program creates the service instance "contacts" and waits for nothing
      Then the answer has status 409 and says "Conflict"

    Scenario: Who it is
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program asks the Service Manager about itself, without a token
      Then the answer has status 200
      And the object has "token_issuer_url", "token_basic_auth", "service_manager_certificate_subject"

    Scenario Outline: The list of <objects>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      And the program has bound the service instance "contacts" as "app"
      When the program lists the service <objects>
      Then each of the list is the same alone, and has <keys>

      Examples:
        | objects   | keys                                                                                                       |
        | offerings | "id", "ready", "name", "bindable", "tags", "metadata", "broker_id", "catalog_id", "catalog_name"           |
        | plans     | "id", "ready", "name", "free", "bindable", "catalog_id", "catalog_name", "metadata", "service_offering_id" |
        | instances | "id", "ready", "usable", "name", "service_plan_id", "context", "labels", "last_operation"                  |
        | bindings  | "id", "ready", "name", "service_instance_id", "credentials", "context", "labels", "last_operation"         |

    Scenario Outline: The parameters of <whose> are kept as they were given
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      And the program has bound the service instance "contacts" as "app"
      When the program reads the parameters of the service <whose>
      Then the answer has status 200
      And the object has "version"

      Examples:
        | whose               |
        | instance "contacts" |
        | binding "app"       |

    Scenario Outline: A program changes an instance <how>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      When the program changes the service instance "contacts" <how>
      Then the answer has status <status> and says "<words>"

      Examples:
        | how               | status | words      |
        | in its labels     | 200    | blue       |
        | in its name       | 400    | BadRequest |
        | in its parameters | 400    | BadRequest |

    Scenario: A program does not wait for its binding
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      When the program binds the service instance "contacts" as "app" and waits for nothing
      Then the answer has status 202
      And the address of its operation is a path, where the operation has succeeded

    Scenario: A binding stands in the way of a program's deletion
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "contacts"
      And the program has bound the service instance "contacts" as "app"
      When the program deletes the service instance "contacts"
      Then the answer has status 409 and says "ExistingReferenceEntity"
      When the program deletes the service binding "app"
      Then there is no service binding "app" for the program
      When the program deletes the service instance "contacts"
      Then there is no service instance "contacts" for the program

  @rule:manager-queries
  Rule: Queries select by fields and labels; what is not understood is refused (service-apis §3)

    Scenario Outline: By <query>
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "a", "it's", "c"
      When the program asks for instances by "<query>"
      Then the program finds <found>

      Examples:
        | query                                 | found         |
        | name eq 'a'                           | "a"           |
        | name eq 'it''s'                       | "it's"        |
        | name in ('a', 'c')                    | "a", "c"      |
        | name eq 'a' and name eq 'c'           | nothing       |

    Scenario: By a label
      Given a program with a binding of the Service Manager of subaccount "dev"
      And the program has created the service instances "a", "it's", "c"
      When the program asks for instances by the label "team eq 'c'"
      Then the program finds "c"

    Scenario Outline: The query <query> is none
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program asks for instances by "<query>"
      Then the answer has status 400 and says "BadRequest"

      Examples:
        | query                       |
        | name                        |
        | name is 'a'                 |
        | nome eq 'a'                 |
        | name eq 'a' or name eq 'b'  |

  @rule:token-service
  Rule: The token service gives tokens with XSUAA's claims, and refuses in OAuth's words (service-apis §1)

    Scenario: A token by client credentials
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program asks the token service for a token
      Then the answer has status 200
      And the token is of the program, in the zone of subaccount "dev"

    Scenario: A program that knows the token service's address alone
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program reads how the token service is configured
      Then it gets a token where it was told, signed by a key that it was told

    Scenario Outline: A token <how>
      Given a program with a binding of the Service Manager of subaccount "dev"
      When the program asks the token service for a token <how>
      Then the answer has status <status> and says "<error>"

      Examples:
        | how                               | status | error                  |
        | with another secret               | 401    | invalid_client         |
        | for a user with another password  | 401    | invalid_client         |
        | by a grant that there is not      | 400    | unsupported_grant_type |
        | for a scope that it does not have | 400    | invalid_scope          |
        | without a grant                   | 400    | invalid_request        |
