"""The named limits of what is read, so that no input costs unbounded time or memory. Errors name the limit.

Each figure is far above what a person writes and far below what hurts.
"""

from __future__ import annotations

FILE_BYTES = 2_000_000  # a book of claims is about a tenth of this
BRACKET_DEPTH = 40  # nested brackets of one statement
TREE_DEPTH = 100  # nested operations of one statement; evaluation takes three Python frames for each
NODE_DEPTH = 300  # nested operations with all definitions opened
NODE_COUNT = 200_000  # nodes of a formula with all definitions opened
STATEMENT_CHARACTERS = 20_000  # one statement with its continuation lines
CLAIMS = 5_000  # claims of one document, every reading counted
ERRORS = 20  # errors of one document that are shown; more help nobody
READINGS = 64  # combinations of choices in one context
RANK = 8  # axes of a tensor
INDICES = 16  # indices of one sum
NUMBER_CHARACTERS = 200  # digits of one number as written
NUMBER_BITS = 4_096  # size of a number after exact arithmetic
EXPONENT = 64  # absolute value of an exponent
