"""`claim` blocks to claims: the equation or chain, its conditions and expectations, one claim for each
reading.

Law: expectations are read and carried along; nothing here looks at them. A name that is not declared is
free only where it stands alone as an index of the first side.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lark import Token, Tree
from sympy import Expr

from derivations.formulas.claims import Assumption, Claim, Context, Expectation, Free, Hypothesis, Link
from derivations.formulas.expressions import Expression
from derivations.formulas.indices import free_names
from derivations.formulas.integers import Condition, conjuncts, integer_symbol
from derivations.language import conditions, fixes
from derivations.language.arithmetic import Arithmetic
from derivations.language.elaborate import Elaborator
from derivations.language.errors import InputError, did_you_mean
from derivations.language.given import (
    Given,
    assumptions,
    check_size,
    combinations,
    data_assumption,
    is_unique_max,
)
from derivations.language.habits import where_call
from derivations.language.mending import NO_EQUATION, mended
from derivations.language.openings import (
    AUTHORS_LINES,
    CLAIM_LINES,
    FIRST_WORD,
    Lines,
    first_word,
    lines_by_kind,
)
from derivations.language.scope import RESERVED, Scope
from derivations.language.source import Statement, words
from derivations.language.syntax import parse, span

EXPECT = re.compile(r"\s*(?:link\s+(?P<link>\d+)\s+)?(?P<kind>holds\s+where|proved|refuted|false|undecided)\b")
KINDS = ("proved", "holds where", "refuted", "false", "undecided")


def sort_lines(statements: Sequence[Statement]) -> Lines:
    """The first statement is the equation; the others say what they are by their first word. Raises InputError for
    what is no line of a claim."""
    first = FIRST_WORD.match(statements[0].text)
    if first and first["word"] in CLAIM_LINES:
        fix = where_call(statements[0].text.strip())
        raise statements[0].error(NO_EQUATION, *first.span("word"), "A == B", fix)
    lines = lines_by_kind(statements)
    for statement in lines.other:
        parse("test", statements[0], "prose belongs outside the block")  # of two mistakes the first
        word = first_word(statement)
        hint = did_you_mean(word, (*CLAIM_LINES, *AUTHORS_LINES))
        if word in fixes.CONDITION_WORDS:
            hint = "a condition is written where ..."
        raise statement.error(
            "this line is neither where, expect nor reading",
            0,
            len(statement.text),
            "where ..., expect ... or reading ...",
            hint or "a claim has one equation; write a second claim block",
        )
    if len(lines.misprint) > 1:
        raise lines.misprint[1].error("a second misprint", *lines.misprint[1].extent, fix="say it in one line")
    for statement in lines.misprint:
        if not statement.text.strip():
            raise statement.error("this misprint is not named", len(statement.text), expected="what is meant instead")
    return lines


def claims_of(given: Given, statements: Sequence[Statement], identifier: str, document: str) -> list[Claim]:
    """One claim for each reading that the claim uses. An error says how to write the whole equation, where that is
    known."""

    def read(equation: Statement) -> list[Claim]:
        return _claims_of(given, [equation, *statements[1:]], identifier, document)

    try:
        return read(statements[0])
    except InputError as error:
        raise mended(statements[0], error, read) from None


def _claims_of(given: Given, statements: Sequence[Statement], identifier: str, document: str) -> list[Claim]:
    lines = sort_lines(statements)
    found = {word for statement in statements for word in re.findall(r"[^\W\d]\w*", statement.text)}
    chosen = dict(_chosen(given.choices, statement) for statement in lines.reading)
    choices = {name: (chosen[name],) if name in chosen else options for name, options in given.choices.items()}
    names = given.uses(found)
    return [
        claim_in(given.scope(reading), lines, identifier, document, reading) for reading in combinations(choices, names)
    ]


def check_syntax(statements: Sequence[Statement]) -> None:
    """Raises InputError for what is wrong with a claim whatever its context is."""
    lines = sort_lines(statements)
    _sides(lines.equation, parse("test", lines.equation))
    for statement in lines.where:
        parse("conditions", statement)
    for statement in lines.reading:
        parse("reading", statement)
    for statement in lines.expect:
        _expected_kind(statement)


def _chosen(choices: Mapping[str, Sequence[str]], statement: Statement) -> tuple[str, str]:
    name, option = parse("reading", statement).children
    if str(name) not in choices:
        fix = did_you_mean(str(name), choices) or f"add `choose {name} in ...` to the given block"
        raise statement.error(f"{name} is not a choice", *span(name), "a name declared by choose", fix)
    if str(option) not in choices[str(name)]:
        raise statement.error(
            f"{option} is not an option of {name}",
            *span(option),
            " or ".join(choices[str(name)]),
            did_you_mean(str(option), choices[str(name)]),
        )
    return str(name), str(option)


def claim_in(scope: Scope, lines: Lines, identifier: str, document: str, reading: Mapping[str, str]) -> Claim:
    """The claim in one scope."""
    links = _links(scope, lines.equation)
    indices = frozenset(str(part.index) for link in links for part in link.free)
    sizes, hypotheses, supposed = _where(scope, lines.where, indices)
    expectations = _expectations(scope, lines.expect, len(links))
    context: Context = scope.context()
    if supposed:
        context = replace(context, assumptions=(*context.assumptions, *supposed))
    return Claim(
        identifier,
        document,
        lines.equation.line,
        context,
        links,
        tuple(sizes),
        tuple(hypotheses),
        expectations,
        dict(reading),
        words(lines.equation.text),
        words(" ".join(part.text for part in lines.misprint)),
        tuple(supposed),
    )


# -- the equation ----------------------------------------------------------------------------------


def _links(scope: Scope, statement: Statement) -> tuple[Link, ...]:
    sides = _sides(statement, parse("test", statement))
    elaborator = Elaborator(scope, statement, sorted(alone(sides[0], scope)))
    nodes: list[Expression] = []
    sized: list[tuple[Expression, ...]] = []
    first_sizes: dict[str, Expr] = {}
    for side in sides:
        elaborator.sized = []
        nodes.append(elaborator.node(side))
        sized.append(tuple(elaborator.sized))
        first_sizes = first_sizes or dict(elaborator.free_sizes)
        check_size(nodes[-1], statement, side)
    free = [Free(integer_symbol(name), size) for name, size in first_sizes.items()]
    texts = [conditions.text_of(elaborator, side) for side in sides]
    return tuple(
        _link(nodes[at : at + 2], free, f"{texts[at]} == {texts[at + 1]}", (*sized[at], *sized[at + 1]))
        for at in range(len(sides) - 1)
    )


def _link(sides: Sequence[Expression], free: Sequence[Free], text: str, supposed: Sequence[Expression]) -> Link:
    # An index that a sum or a definition binds is no index of the claim: where it has no value, the claim still speaks.
    used = frozenset().union(*[free_names(part) for part in (*sides, *supposed)])
    left, right = sides
    return Link(left, right, tuple(part for part in free if part.index.name in used), text, tuple(supposed))


def _sides(statement: Statement, tree: Any) -> list[Any]:
    if tree.data != "comparison":
        fix = "judge several equations by several claims" if tree.data == "all_of" else "write A == B"
        raise statement.error("a claim is an equation", *span(tree), "A == B, or a chain A == B == C", fix)
    for sign in tree.children[1::2]:
        if sign != "==":
            raise statement.error(
                f"a claim is an equation, not {sign}",
                *span(sign),
                "==",
                "a condition belongs on a line where ...; [p <= q] == 1 asserts one",
            )
    return list(tree.children[::2])


def alone(tree: Any, scope: Scope, bound: frozenset[str] = frozenset()) -> set[str]:
    """The undeclared names that stand alone as an index in a tree, outside the sums that bind them."""
    if isinstance(tree, Token) or tree is None:
        return set()
    if tree.data == "postfix" and tree.children[0].data == "name":
        word, trailers = tree.children[0].children[0], tree.children[1:]
        if word in ("sum", "entries") and isinstance(trailers[0], Tree) and trailers[0].data == "subscript":
            inner = bound | {str(_index_token(item)) for item in trailers[0].children}
            ranges = [part for item in trailers[0].children if item.data == "range" for part in item.children[1:]]
            found = [alone(part, scope, inner) for part in (*ranges, trailers[1] if len(trailers) > 1 else None)]
            return set().union(*found, *[_alone_in(part, scope, bound) for part in trailers[2:]])
    return set().union(*[_alone_in(part, scope, bound) for part in tree.children])


def _alone_in(part: Any, scope: Scope, bound: frozenset[str]) -> set[str]:
    found = alone(part, scope, bound)
    if isinstance(part, Tree) and part.data == "subscript":
        names = {str(item.children[0]) for item in part.children if item.data == "name"}
        found |= {name for name in names if name not in bound and name not in RESERVED and not scope.kind(name)}
    return found


def _index_token(item: Any) -> Any:
    return item.children[0] if item.data in ("name", "range") else ""


# -- where and expect ------------------------------------------------------------------------------


def _where(
    scope: Scope, statements: Sequence[Statement], indices: frozenset[str]
) -> tuple[list[Condition], list[Hypothesis], list[Assumption]]:
    sizes: list[Condition] = []
    hypotheses: list[Hypothesis] = []
    supposed: list[Assumption] = []
    for statement in statements:
        elaborator = Elaborator(scope, statement)
        elaborator.hidden = indices
        for part in parse("conditions", statement).children:
            if is_unique_max(part):
                supposed += [assumption for assumption, _ in assumptions(elaborator, part)]
                continue
            for relation in conditions.relations(elaborator, part):
                if isinstance(relation, Condition):
                    sizes += conjuncts(conditions.total(elaborator, relation))
                    elaborator.arithmetic = Arithmetic(scope.dims, [*scope.conditions, *sizes])
                elif relation.operator == "==":
                    text = conditions.text_of(elaborator, *relation.tree)
                    hypotheses.append(Hypothesis(relation.left, relation.right, text))
                else:
                    supposed.append(data_assumption(elaborator, relation))
        _check_sized(elaborator, statement)
    return sizes, hypotheses, supposed


def _check_sized(elaborator: Elaborator, statement: Statement) -> None:
    """A condition on sizes has a truth value at all of them, so it takes sizes of declared names only."""
    if elaborator.sized:
        raise statement.error(
            "a condition uses a size of a formula that may not exist",
            *statement.extent,
            "sizes of declared names",
            "write the size out",
        )


def _expectations(scope: Scope, statements: Sequence[Statement], links: int) -> tuple[Expectation, ...]:
    found: list[Expectation] = []
    for statement in statements:
        expectation = _expectation(scope, statement)
        if expectation.link is not None and not 1 <= expectation.link <= links:
            raise statement.error(
                f"there is no link {expectation.link}",
                *statement.extent,
                expected=f"a number from 1 to {links}",
            )
        if any(earlier.link == expectation.link for earlier in found):
            raise statement.error(
                "a second expectation of the same",
                *statement.extent,
                fix="leave one of them",
            )
        found.append(expectation)
    return tuple(found)


def _expected_kind(statement: Statement) -> re.Match[str]:
    match = EXPECT.match(statement.text)
    if match is not None:
        return match
    word = FIRST_WORD.match(statement.text)
    first = word["word"] if word else ""
    meant = fixes.EXPECTATIONS.get(first.lower(), "")
    fix = did_you_mean(words(statement.text), KINDS) or did_you_mean(first, KINDS)
    fix = fix or (f"did you mean {meant}?" if meant else "")
    raise statement.error("this is not an expectation", *statement.extent, ", ".join(KINDS), fix)


def _expectation(scope: Scope, statement: Statement) -> Expectation:
    match = _expected_kind(statement)
    kind = words(match["kind"])
    link = int(match["link"]) if match["link"] else None
    text, region = kind, None
    if kind == "holds where":
        rest = statement.rest(match.end())
        elaborator = Elaborator(scope, rest)
        tree = parse("conditions", rest)
        region = conditions.total(elaborator, conditions.size_condition(elaborator, tree))
        _check_sized(elaborator, rest)
        text = f"holds where {words(rest.text)}"
    elif statement.text[match.end() :].strip():
        raise statement.error(
            "something follows the expectation", match.end() + 1, len(statement.text), "the end of the line"
        )
    return Expectation(kind, region, link, text)
