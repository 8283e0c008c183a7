Feature: Global accounts and their subaccounts
  A customer has global accounts, and in each subaccounts of its own. What belongs to one does not show in another.
  Sources: SEED-004 step 1, sap-domain §24, design §4 boundaries.

  @rule:account-boundary
  Rule: A subaccount belongs to one global account

    @invariant-15
    Scenario: Another global account
      Given there is a subaccount "shop" with Kyma
      When the operator adds the global account "other"
      Then the global accounts are "default" and "other"
      And global account "default" has the subaccounts "dev" and "shop"
      And global account "other" has the subaccounts nothing

    Scenario: Its subaccount
      Given there is a global account "other"
      And there is a subaccount "theirs" of global account "other"
      When the operator looks at the subaccount "theirs"
      Then the operator sees a subaccount of global account "other"
      And global account "other" has the subaccounts "theirs"
      And global account "default" has the subaccounts "dev"

    Scenario Outline: The <what> that there is not
      When the operator looks at the <what> "nowhere"
      Then the operator is refused because of "<code>"

      Examples:
        | what           | code                     |
        | global account | global-account-not-found |
        | subaccount     | subaccount-not-found     |
