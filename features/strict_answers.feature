Feature: Answers of a strict registry
  A strict registry answers legally, and oddly. What a documented answer promises stays, however odd the rest of it is; a
  connector that goes by the promise alone notices nothing.
  Sources: docs/strictness.md and the documents that it names.

  Rule: Answers say the same, however they are written

    Scenario Outline: Some answers have <oddity>
      Given the registry is strict about nothing but "<rule>"
      And the token URL of a system
      And the connector has paired
      When the connector asks for the management info again and again
      Then some answers have <oddity>, and all say the same

      @rule:strict-shuffled-keys
      Examples: of members
        | rule | oddity                               |
        | S-01 | their members in another order       |

      @rule:strict-unknown-keys
      Examples: of other members
        | rule | oddity                               |
        | S-03 | a member that nobody knows           |

      @rule:strict-free-text
      Examples: of text
        | rule | oddity                               |
        | S-04 | blanks and escapes that nobody needs |

      @rule:strict-pieces
      Examples: of pieces
        | rule | oddity                               |
        | S-12 | no length and come in pieces         |

      @rule:strict-closing
      Examples: of connections
        | rule | oddity                               |
        | S-13 | the connection closed                |

      @rule:strict-header-case
      Examples: of headers
        | rule | oddity                               |
        | S-16 | lower-case names of headers          |

      @rule:strict-absent-fields
      Examples: of what is optional
        | rule | oddity                               |
        | S-18 | no extensions                        |

    Scenario Outline: Some lists have <oddity>
      Given the registry is strict about nothing but "<rule>"
      And the token URL of a system
      And the connector has paired
      And the connector has registered 3 services
      When the connector asks for its services again and again
      Then some answers have <oddity>, and all say the same

      @rule:strict-shuffled-lists
      Examples: of order
        | rule | oddity                      |
        | S-02 | their list in another order |

      @rule:strict-absent-fields
      Examples: of what is optional
        | rule | oddity                      |
        | S-18 | no labels                   |

    Scenario Outline: Some certificates come with <oddity>
      Given the registry is strict about nothing but "<rule>"
      And the token URL of a system
      And the connector has paired
      When the connector renews its certificate again and again
      Then some certificates come with <oddity>, and all are good

      @rule:strict-chain-length
      Examples: of chains
        | rule | oddity                                         |
        | S-15 | the root behind them                           |

      @rule:strict-pem-text
      Examples: of text
        | rule | oddity                                         |
        | S-17 | text around them and lines that end with CRLF  |

  Rule: A registry that is busy says when to come again, and has done nothing (RFC 9110 §10.2.3)

    @rule:strict-busy @rule:strict-retry-after
    Scenario: A call that was refused is answered when it comes again
      Given the registry is strict about nothing but "S-09"
      And the token URL of a system
      And the connector has paired, however often it had to ask
      When the connector registers services until the registry is busy
      Then it is told to come again at once
      And the refused call has done nothing
      And the same call is answered when it comes again

    @rule:strict-retry-after
    Scenario: While the clock runs it says a second
      Given the registry is strict about nothing but "S-09"
      And the token URL of a system
      And the connector has paired, however often it had to ask
      And the clock has been let run
      When the connector registers services until the registry is busy
      Then it is told to come again in a second

    @rule:strict-busy-until-date
    Scenario: It may say when by a date
      Given the registry is strict about nothing but "S-10"
      And the token URL of a system
      And the connector has paired, however often it had to ask
      When the connector asks for the management info until it is put off to a date
      Then it is told to come again at an instant of the landscape's clock

    @rule:strict-too-early
    Scenario: A connector that comes too early
      Given the registry is strict about nothing but "S-11"
      And the token URL of a system
      And the connector has paired, however often it had to ask
      And the clock has been let run
      When the connector asks for the management info until it is put off twice
      Then it is told that it broke "S-11"

  Rule: Nothing is known by heart

    @rule:strict-provisional-urls
    Scenario: The addresses of the first answer are provisional
      Given the registry is strict about nothing but "S-07"
      When connectors pair until management info names other addresses than the first answer
      Then the address of the first answer is not found

    @rule:strict-rotated-keys
    Scenario: A token is signed by a key that was not in the set
      Given the registry is strict about nothing but "S-14"
      When somebody reads the keys of the registry until they are rotated
      Then a token that is made now has a key that it has not read
