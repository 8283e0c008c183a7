Feature: Things go wrong on purpose
  Every step of every flow can be made to go wrong, for whom and as often as a test says. What the documents call an error
  has a recipe, and so have the everyday accidents.
  Sources: design §6, sap-domain §4, pairing-protocols §10.3.

  @rule:fault-error-statuses
  Rule: Every error status of the documents can be had by its recipe

    @rule:error-opens-incident
    @recipe-registration-error
    Scenario Outline: registration-error leads to <label>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And the recipe "registration-error" is set for the system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names "the automation of the registration failed"
      And the system "Web Shop" is shown as "<label>"
      And an incident about "Web Shop" is open for component "BC-CP-MP"
      And every fault has struck

      Examples:
        | edition | label                   |
        | v1      | Error                   |
        | v2      | Error while Registering |

    @recipe-service-registration-error
    Scenario Outline: service-registration-error leads to <label>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And the recipe "service-registration-error" is set for the tenant "commerce"
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names "the catalog is closed"
      And the system "Web Shop" is shown as "<label>"

      Examples:
        | edition | label                   |
        | v1      | Error                   |
        | v2      | Error while Registering |

    @rule:error-opens-incident
    @recipe-deregister-error
    Scenario Outline: deregister-error leads to <label>
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has got and entered the token
      And the recipe "deregister-error" is set for the system "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "<label>"
      And an incident about "Web Shop" is open for component "BC-CP-MP"
      And every fault has struck

      Examples:
        | edition | label                     |
        | v1      | Deregister Error          |
        | v2      | Error while Deregistering |

    @recipe-remove-error
    Scenario: remove-error leads to Error while Removing
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "remove-error" is set for the system "Web Shop"
      When the operator removes the system "Web Shop"
      Then the system "Web Shop" is shown as "Error while Removing"
      And an incident about "Web Shop" is open for component "BC-CP-MP"

    @rule:remove-unknown-in-v1
    Scenario: v1 removes nothing
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When the recipe "remove-error" is to be set for the system "Web Shop"
      Then that is refused because of "operation-not-in-edition"

    @rule:error-opens-incident
    @recipe-formation-error
    Scenario: formation-error leads to Error
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Other Shop"
      And the operator has created the formation "Shops" with "Other Shop"
      And the recipe "formation-error" is set for the formation "Shops"
      When the operator includes "Web Shop" in the formation "Shops"
      Then the formation "Shops" is shown as "Error"
      And the formation "Shops" offers "Resynchronize"

    @recipe-formation-deletion-error
    Scenario: formation-deletion-error leads to Error
      Given the cockpit of v2
      And the operator has created the formation "Shops"
      And the recipe "formation-deletion-error" is set for the formation "Shops"
      When the operator chooses "Delete" for the formation "Shops"
      Then the formation "Shops" is shown as "Error"

  @rule:fault-actions
  Rule: An answer can get lost, and the work is done

    @rule:create-idempotency-key
    @recipe-lost-registration-answer
    Scenario: lost-registration-answer: asked again with the same key, the registry answers
      Given the cockpit of v1
      And the recipe "lost-registration-answer" is set for all
      When the operator registers the SAP Commerce Cloud system "Web Shop", and tries again when there is no answer
      Then the registration is accepted
      And the system "Web Shop" is shown as "Pending"
      And every fault has struck

    @recipe-lost-token-answer @recipe-lost-certificate-answer @recipe-cut-connection @recipe-garbled-json @recipe-garbled-certificate
    @recipe-retrying-proxy
    Scenario Outline: <recipe>: the pairing is lost, the system is not
      Given the cockpit of <edition>
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has got its token
      And the recipe "<recipe>" is set for the system "Web Shop"
      When the administrator of tenant "commerce" enters the token
      Then the tenant shows a failure that names ""
      And every fault has struck
      And a new token pairs the system "Web Shop"

      Examples:
        | recipe                  | edition |
        | lost-token-answer       | v1      |
        | lost-certificate-answer | v1      |
        | lost-certificate-answer | v2      |
        | cut-connection          | v1      |
        | garbled-json            | v1      |
        | garbled-certificate     | v2      |
        | retrying-proxy          | v1      |

    @recipe-lost-notice-answer
    Scenario: lost-notice-answer: the tenant has heard, the registry has not
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "lost-notice-answer" is set for the system "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And the tenant shows "Deregistered"

  Rule: The registry or a tenant can be slow, or away

    @recipe-slow-registry
    Scenario: slow-registry: a tenant waits for every step of its pairing
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "slow-registry" is set for the system "Web Shop"
      When the administrator of tenant "commerce" enters the token and waits while time passes
      Then the tenant shows "Registered"
      And the clock shows 90 seconds more

    @recipe-slow-deregistering
    Scenario: slow-deregistering: ten minutes of the clock
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "slow-deregistering" is set for the system "Web Shop"
      And the operator has deregistered the system "Web Shop"
      And the system "Web Shop" has come to "Deregistering"
      When 10 minutes pass
      Then there is no system "Web Shop"

    @recipe-registry-down
    Scenario: registry-down: nothing has changed, the token pairs when it is up again
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "registry-down" is set for the tenant "commerce"
      And the administrator of tenant "commerce" has entered the token in vain
      And nothing fails any more
      When a client presents the token of "Web Shop"
      Then the client is answered

    @recipe-flaky-registry
    Scenario: flaky-registry: some events get through
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "flaky-registry" is set for the system "Web Shop"
      When the tenant "commerce" sends the event "order.created" "v1" 60 times
      Then some are accepted and some are not

    @rule:deregister-failure-keeps-credentials
    @recipe-tenant-down
    Scenario: tenant-down: it cannot be told
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "tenant-down" is set for the tenant "commerce"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And the tenant shows "Registered"

    @recipe-tenant-slow
    Scenario: tenant-slow: it does not answer in time
      Given the cockpit of v1
      And the registry waits only a moment for a tenant
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "tenant-slow" is set for the tenant "commerce"
      When the operator deregisters the system "Web Shop"
      Then the system "Web Shop" is shown as "Deregister Error"
      And its error names "did not answer in time" and component "BC-CP-MP"

  @rule:transition-policies
  Rule: What is stuck goes on when it is released

    @recipe-stuck-deregistering
    Scenario: stuck-deregistering
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "stuck-deregistering" is set for the system "Web Shop"
      And the operator has deregistered the system "Web Shop"
      And 30 days have passed
      And the system "Web Shop" has come to "Deregistering"
      When "Web Shop" is released
      Then there is no system "Web Shop"

    @recipe-stuck-removing
    Scenario: stuck-removing
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "stuck-removing" is set for the system "Web Shop"
      And the operator has removed the system "Web Shop"
      And the system "Web Shop" has come to "Removing"
      When "Web Shop" is released
      Then there is no system "Web Shop"

    @recipe-stuck-synchronizing
    Scenario: stuck-synchronizing
      Given the cockpit of v2
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Other Shop"
      And the operator has created the formation "Shops" with "Other Shop"
      And the recipe "stuck-synchronizing" is set for the formation "Shops"
      And the operator has included "Web Shop" in the formation "Shops"
      And the formation "Shops" has come to "Synchronizing"
      When "Shops" is released
      Then the formation "Shops" is shown as "Ready"

    @recipe-stuck-pairing
    Scenario: stuck-pairing
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "stuck-pairing" is set for the system "Web Shop"
      And the administrator of tenant "commerce" has begun to enter the token
      And a step of "Web Shop" waits
      When "Web Shop" is released
      Then the tenant shows "Registered" in the end

  Rule: What arrives can be wrong, late, or there twice

    @rule:token-signature
    @recipe-bad-token-signature
    Scenario: bad-token-signature: the token is refused as forged
      Given the cockpit of v1
      And the recipe "bad-token-signature" is set for all
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-forged"
      And the system "Web Shop" is shown as "Pending"

    @rule:token-not-before
    @recipe-clock-skew
    Scenario: clock-skew: refused once, and nothing has changed
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "clock-skew" is set for the system "Web Shop"
      When a client presents the token of "Web Shop"
      Then the client is refused because of "token-not-yet-valid"
      And a client pairs with the token of "Web Shop"

    @rule:token-quota
    @recipe-token-quota
    Scenario: token-quota: no further token
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the recipe "token-quota" is set for the system "Web Shop"
      When the operator asks for a new token
      Then the operator is refused because of "token-quota-exceeded"
      And the token of "Web Shop" is still unused

    @recipe-revoked-certificate
    Scenario: revoked-certificate: a client is shut out
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client has paired with the token of "Web Shop"
      And the recipe "revoked-certificate" is set for the system "Web Shop"
      When the client calls the registry
      Then the client is refused because of "certificate-revoked"

    @recipe-double-delivery
    Scenario: double-delivery: an event is accepted twice
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the administrator of tenant "commerce" has entered the token
      And the recipe "double-delivery" is set for the system "Web Shop"
      When the tenant "commerce" sends the event "order.created" "v1"
      Then the event is accepted
      And the registry has accepted it 2 times

    Scenario: double-delivery: a tenant is told twice
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And a client whose tenant answers has paired with the token of "Web Shop"
      And the recipe "double-delivery" is set for the system "Web Shop"
      When the operator deregisters the system "Web Shop"
      Then there is no system "Web Shop"
      And the client's tenant has been told 2 times

  Rule: A fault is for whom it says, and as often as it says

    @rule:fault-match
    Scenario: Other systems do not notice
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the operator has registered the SAP Commerce Cloud system "Other Shop"
      And the recipe "registry-down" is set for the system "Web Shop"
      When a client presents the token of "Other Shop"
      Then the client is answered
      And no fault has struck

    @rule:fault-schedule
    Scenario: The first two tries of each system
      Given the cockpit of v1
      And the operator has registered the SAP Commerce Cloud system "Web Shop"
      And the first 2 certificate requests of each system are refused because of "csr-malformed"
      And a client has presented the token of "Web Shop"
      And the client has sent 2 certificate requests in vain
      When the client sends its certificate request
      Then the client holds a certificate

    @rule:fault-impossible-refused
    Scenario Outline: What could never strike is refused: <what>
      Given the cockpit of v1
      When a fault is to be set <what>
      Then that is refused because of "<reason>"

      Examples:
        | what                                               | reason           |
        | at an unknown point                                | invalid-request  |
        | by an unknown recipe                               | recipe-not-found |
        | for an unknown system                              | system-not-found |
        | for an unknown tenant                              | invalid-request  |
        | that truncates the answer of due work              | invalid-request  |
        | that corrupts a certificate in a list of systems   | invalid-request  |
        | that strikes with a probability of 2               | invalid-request  |
        | that delays by both clocks                         | invalid-request  |
        | that answers with a header of the connection       | invalid-request  |
