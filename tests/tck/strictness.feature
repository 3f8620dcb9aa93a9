# Scenarios that a strict runner fails, each for one reason; those called right are there to be passed.
Feature: Strictness

  Scenario: wrong column
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a
      """
    Then the result should be, in any order:
      | b |
      | 1 |
    And no side effects

  Scenario: wrong order
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 2] AS a RETURN a ORDER BY a
      """
    Then the result should be, in order:
      | a |
      | 2 |
      | 1 |
    And no side effects

  Scenario: missed side effect
    Given an empty graph
    When executing query:
      """
      CREATE (:A)
      """
    Then the result should be empty
    And the side effects should be:
      | +nodes | 1 |

  Scenario: wrong phase
    Given an empty graph
    When executing query:
      """
      RETURN x
      """
    Then a SyntaxError should be raised at runtime: UndefinedVariable

  Scenario: wrong detail
    Given an empty graph
    When executing query:
      """
      RETURN x
      """
    Then a SyntaxError should be raised at compile time: UnexpectedSyntax

  Scenario: wrong class
    Given an empty graph
    When executing query:
      """
      RETURN x
      """
    Then a TypeError should be raised at compile time: UndefinedVariable

  Scenario: rows twice
    Given an empty graph
    When executing query:
      """
      UNWIND [1, 1] AS a RETURN a
      """
    Then the result should be, in any order:
      | a |
      | 1 |
    And no side effects

  Scenario: list order
    Given an empty graph
    When executing query:
      """
      RETURN [1, 2] AS a
      """
    Then the result should be, in any order:
      | a |
      | [2, 1] |
    And no side effects

  Scenario: float for integer
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a
      """
    Then the result should be, in any order:
      | a |
      | 1.0 |
    And no side effects

  Scenario: unknown step
    Given an empty graph
    When doing something else
    Then the result should be empty

  Scenario: not empty
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a
      """
    Then the result should be empty

  Scenario: column order
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a, 2 AS b
      """
    Then the result should be, in any order:
      | b | a |
      | 2 | 1 |
    And no side effects

  Scenario: nothing asked
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS
      """

  Scenario: integer and string
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a
      """
    Then the result should be, in any order:
      | a |
      | '1' |
    And no side effects

  Scenario: right
    Given an empty graph
    When executing query:
      """
      RETURN 1 AS a
      """
    Then the result should be, in any order:
      | a |
      | 1 |
    And no side effects

  Scenario: a side effect of a failing query is none
    Given an empty graph
    When executing query:
      """
      CREATE (n:A {a: 1}) RETURN 1 / 0
      """
    Then a ArithmeticError should be raised at runtime: DivisionByZero
    And the side effects should be:
      | +nodes | 1 |

  Scenario: null for a missing property
    Given an empty graph
    When executing query:
      """
      CREATE (n:A {a: 1}) RETURN n
      """
    Then the result should be, in any order:
      | n                 |
      | (:A {a: 1, b: 2}) |
    And the side effects should be:
      | +nodes      | 1 |
      | +labels     | 1 |
      | +properties | 1 |

  Scenario: right direction of a path
    Given an empty graph
    And having executed:
      """
      CREATE (:A)-[:R]->(:B)
      """
    When executing query:
      """
      MATCH p = (:B)<--(:A) RETURN p
      """
    Then the result should be, in any order:
      | p                  |
      | <(:B)<-[:R]-(:A)>  |
    And no side effects

  Scenario: wrong direction of a path
    Given an empty graph
    And having executed:
      """
      CREATE (:A)-[:R]->(:B)
      """
    When executing query:
      """
      MATCH p = (:B)<--(:A) RETURN p
      """
    Then the result should be, in any order:
      | p                  |
      | <(:B)-[:R]->(:A)>  |
    And no side effects
