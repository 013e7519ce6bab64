"""`given` blocks to contexts: each statement in its order, under one reading after the other.

Law: a block is read as a whole under every combination of its choices; whatever does not exist for all its
sizes is an error of the input, found by the checker that the caller hands in. Names are declared before
they are used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from lark import Token

from derivations.formulas.claims import Assumption, Context, Dimension
from derivations.formulas.expressions import (
    Apply,
    Constant,
    DataBracket,
    Definition,
    Expression,
    Loss,
    SizeTuple,
    Tensor,
)
from derivations.formulas.integers import Condition, conjuncts, integer_symbol
from derivations.language import calls, conditions, limits
from derivations.language.arithmetic import Arithmetic, is_integer_expression
from derivations.language.elaborate import Elaborator, index_item
from derivations.language.errors import InputError, did_you_mean
from derivations.language.openings import FIRST_WORD
from derivations.language.ranges import Unsettled, explicit_range, inferred_range
from derivations.language.scope import ELEMENTWISE, MODES, RESERVED, STATEMENTS, Scope
from derivations.language.source import Statement
from derivations.language.syntax import parse, span
from derivations.operators import ALIASES, OPERATORS, apply

Checker = Callable[[Context, Expression], str | None]
TWO_WORDS = re.compile(r"\s*[^\W\d]\w*\s+(?!in\b|and\b|or\b|not\b)[^\W\d]")


@dataclass(frozen=True)
class Existing:
    """Something that a block supposes to exist for all sizes, with its place."""

    node: Expression
    statement: Statement
    start: int
    end: int


@dataclass
class Given:
    """The statements of a context (those it continues included); `own` of them stand in the block itself, the others
    were read by `before`, if that is given."""

    statements: tuple[Statement, ...] = ()
    own: int = 0
    before: Given | None = None
    _read: dict[tuple[tuple[str, str], ...], tuple[Scope, list[Existing]]] = field(default_factory=dict)
    _choices: dict[str, tuple[str, ...]] | None = None

    @property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """The options of each `choose` name."""
        if self._choices is None:
            self._choices = dict(_choices(self.statements))
        return self._choices

    def readings(self) -> list[dict[str, str]]:
        """Every combination of the choices."""
        return combinations(self.choices, tuple(self.choices))

    def scope(self, reading: Mapping[str, str]) -> Scope:
        """The scope under a reading; choices that it leaves open take their first option."""
        return self._under(reading)[0]

    def existing(self, reading: Mapping[str, str]) -> list[Existing]:
        """What must exist for all sizes under a reading, of the block's own statements."""
        first = len(self.statements) - self.own
        mine = {statement.line for statement in self.statements[first:]}
        return [item for item in self._under(reading)[1] if item.statement.line in mine]

    def _under(self, reading: Mapping[str, str]) -> tuple[Scope, list[Existing]]:
        whole = {name: reading.get(name, options[0]) for name, options in self.choices.items()}
        key = tuple(whole.items())
        if key not in self._read:
            reader = Reader(Scope(reading=whole, choices=dict(self.choices)))
            start = 0
            if self.before is not None:
                scope, existing = self.before._under(whole)
                reader.scope = scope.continued(whole, self.choices)
                reader.existing = list(existing)
                start = len(self.statements) - self.own
            for statement in self.statements[start:]:
                reader.read(statement)
            self._read[key] = (reader.scope, reader.existing)
        return self._read[key]

    def uses(self, words: set[str]) -> list[str]:
        """The choices that these words use, directly or through definitions; those of assumptions always
        count."""
        sources: dict[str, set[str]] = {}
        used = set(words)
        for statement in self.statements:
            found = set(re.findall(r"[^\W\d]\w*", statement.text))
            match = FIRST_WORD.match(statement.text)
            word = match["word"] if match else ""
            if word == "assume":
                used |= found
            elif word == "loss":
                sources[statement.text.split("(")[0].split()[-1]] = found
            elif word not in STATEMENTS:
                sources[word] = found
        pending = list(used)
        while pending:
            new = sources.pop(pending.pop(), set()) - used
            used |= new
            pending += new
        return [name for name in self.choices if name in used]

    def check(self, checker: Checker) -> None:
        """Raises InputError for the first thing that does not exist for all sizes of the context."""
        seen: set[Expression] = set()
        for reading in self.readings():
            context = self.scope(reading).context()
            for item in self.existing(reading):
                if item.node in seen:
                    continue
                seen.add(item.node)
                missing = checker(context, item.node)
                condition = missing.partition(" needs ")[2] if missing else ""
                if missing is not None and isinstance(item.node, Apply) and item.node.operator == "zeros":
                    missing = missing.replace("zeros exists", "its size")
                if missing is not None:
                    under = ", ".join(f"{name} = {option}" for name, option in reading.items())
                    raise item.statement.error(
                        "this does not exist for all sizes" + (f" under {under}" if under else ""),
                        item.start,
                        item.end,
                        missing.replace(" exists needs ", " exists only where "),
                        f"add it to the dims: dims ... where {condition or '...'}",
                    )


def combinations(choices: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[dict[str, str]]:
    """Every combination of the options of these names; one empty reading for no names."""
    return [dict(zip(names, options, strict=True)) for options in product(*[choices[name] for name in names])]


def _choices(statements: Sequence[Statement]) -> Iterator[tuple[str, tuple[str, ...]]]:
    count = 1
    known: set[str] = set()
    for statement in statements:
        match = FIRST_WORD.match(statement.text)
        if not match or match["word"] != "choose":
            continue
        tree = parse("choose", statement.rest(match.end()))
        name, options = tree.children[0], tree.children[1:]
        if str(name) in known:
            raise statement.error(f"{name} is a choice already", *span(name), "a new name")
        known.add(str(name))
        _check_options(statement, options)
        count *= len(options)
        if count > limits.READINGS:
            raise statement.error(
                f"{count} combinations of choices", expected=f"at most {limits.READINGS} (limit READINGS)"
            )
        yield str(name), tuple(str(option) for option in options)


def _check_options(statement: Statement, options: Sequence[Any]) -> None:
    modes = [str(option) in MODES for option in options]
    for option, mode in zip(options, modes, strict=True):
        if str(option) in (*MODES, *OPERATORS, *ALIASES, *ELEMENTWISE):
            if mode != modes[0]:
                raise statement.error("a choice is between operators or between modes", *span(option))
            continue
        hint = did_you_mean(str(option), [*OPERATORS, *ALIASES, *MODES])
        raise statement.error(
            f"{option} is neither an operator nor a mode",
            *span(option),
            "operators such as conv, corr, or modes such as valid, full",
            hint,
        )


class Reader:
    """Reads the statements of a context into a scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.existing: list[Existing] = []
        self.sizing: list[Elaborator] = []

    def read(self, statement: Statement) -> None:
        """One statement."""
        match = FIRST_WORD.match(statement.text)
        word = match["word"] if match else ""
        if word in STATEMENTS:
            assert match is not None
            getattr(self, f"_{word}")(statement.rest(match.end()))
        else:
            self._definition(statement)
        for elaborator in self.sizing:
            for node in elaborator.sized:
                self.existing.append(Existing(node, statement, 0, len(statement.text)))
        self.sizing = []

    def declare(self, statement: Statement, token: Token) -> str:
        """A new name, checked."""
        name = str(token)
        if name in RESERVED:
            raise statement.error(
                f"{name} is a word of the language", *span(token), "a name of your own", f"call it {name}1"
            )
        kind = self.scope.kind(name)
        if name in self.scope.choices or kind:
            raise statement.error(
                f"{name} is {kind} already",
                *span(token),
                "a new name",
                f"call it {name}2, or open a new given block",
            )
        return name

    def _exists(self, node: Expression, statement: Statement, at: Any) -> None:
        self.existing.append(Existing(node, statement, *span(at)))

    def _elaborator(self, statement: Statement) -> Elaborator:
        """An elaborator whose formulas of which a size is used are checked for existence too."""
        elaborator = Elaborator(self.scope, statement)
        self.sizing.append(elaborator)
        return elaborator

    # -- dims, tensors, scalars, functions ---------------------------------------------------------

    def _dims(self, statement: Statement) -> None:
        tree = parse("dims", statement)
        for part in tree.children:
            if part.data == "dimension":
                name = self.declare(statement, part.children[0])
                self.scope.dims[name] = Dimension(integer_symbol(name), _least(statement, part))
            else:
                self._conditions(statement, part)

    def _where(self, statement: Statement) -> None:
        self._conditions(statement, parse("conditions", statement))

    def _conditions(self, statement: Statement, tree: Any) -> None:
        elaborator = self._elaborator(statement)
        elaborator.wanted = "dims"
        for relation in conditions.relations(elaborator, tree):
            if not isinstance(relation, Condition):
                raise elaborator.error(
                    relation.tree[0],
                    "a condition of the dims speaks of sizes only",
                    "integers",
                    f"put it on a line of its own: assume {conditions.text_of(elaborator, *relation.tree)}",
                )
            self.scope.conditions += conjuncts(conditions.total(elaborator, relation))
            elaborator.arithmetic = Arithmetic(self.scope.dims, self.scope.conditions)

    def _tensor(self, statement: Statement) -> None:
        elaborator = self._elaborator(statement)
        for part in parse("tensors", statement, "write tensor x[m, n]; a scalar is declared by scalar b").children:
            name = self.declare(statement, part.children[0])
            sizes = part.children[1:]
            if len(sizes) > limits.RANK:
                raise statement.error(
                    f"a tensor of rank {len(sizes)}", *span(part), f"at most {limits.RANK} (limit RANK)"
                )
            node = Tensor(name, [elaborator.integer(size, "a size") for size in sizes])
            self.scope.names[name] = node
            self._exists(apply("zeros", *node.shape), statement, part)  # its sizes are sizes

    def _scalar(self, statement: Statement) -> None:
        for token in parse("names", statement, "a tensor is declared by tensor x[m, n]").children:
            self.scope.names[self.declare(statement, token)] = Tensor(str(token))

    def _function(self, statement: Statement) -> None:
        for token in parse("names", statement).children:
            if token == "d":
                raise statement.error("d( is the differential", *span(token), "another name", "call the function f")
            if str(token) in ELEMENTWISE:  # a tensor may have the name, an arbitrary function would be taken for it
                raise statement.error(
                    f"{token} is a function of the language", *span(token), "a name of your own", f"call it {token}1"
                )
            self.scope.functions.append(self.declare(statement, token))

    def _loss(self, statement: Statement) -> None:
        name, of = parse("loss", statement).children
        elaborator = self._elaborator(statement)
        node = elaborator.node(of)
        if not isinstance(node, Tensor | Definition):
            raise elaborator.error(
                of,
                "a loss is a function of one name",
                "a declared tensor, scalar or definition",
                "give the formula a name by a definition",
            )
        self.scope.names[self.declare(statement, name)] = Loss(str(name), node)

    def _choose(self, statement: Statement) -> None:
        token = parse("choose", statement).children[0]
        name = str(token)
        if name in RESERVED:
            raise statement.error(
                f"{name} is a word of the language", *span(token), "a name of your own", "choose star in ..."
            )
        if name in {*self.scope.dims, *self.scope.names, *self.scope.functions, *self.scope.abbreviations}:
            raise statement.error(f"{name} is declared already", *span(token), "a new name")

    def _origin(self, statement: Statement) -> None:
        tree = parse("test", statement)
        value = self._elaborator(statement).integer(tree, "the origin")
        if value not in (0, 1):
            raise statement.error(f"an origin of {value}", *span(tree), "origin 0 or origin 1")
        self.scope.origin = int(value)

    # -- assumptions -------------------------------------------------------------------------------

    def _assume(self, statement: Statement) -> None:
        for assumption, tree in assumptions(self._elaborator(statement), parse("conditions", statement)):
            self.scope.assumptions.append(assumption)
            self._exists(assumption.about, statement, tree)

    # -- definitions -------------------------------------------------------------------------------

    def _definition(self, statement: Statement) -> None:
        if TWO_WORDS.match(statement.text):
            raise _not_a_statement(statement, None)
        left, right = parse("definition", statement).children
        if right is None:
            raise _not_a_statement(statement, left)
        token, items = _defined(statement, left)
        name = self.declare(statement, token)
        elaborator = self._elaborator(statement)
        body = self._by_index(elaborator, items, right) if items else elaborator.node(right)
        self._define(name, body, statement, right)

    def _define(self, name: str, body: Expression, statement: Statement, right: Any) -> None:
        if isinstance(body, SizeTuple):
            raise statement.error(
                "a name stands for one integer",
                *span(right),
                "an integer or a formula",
                f"take an entry: {name} = shape(z)[0]",
            )
        self._exists(body, statement, right)
        if isinstance(body, Constant) and is_integer_expression(body.value):
            self.scope.abbreviations[name] = body.value
            return
        check_size(body, statement, right)
        self.scope.names[name] = Definition(name, body)

    def _by_index(self, elaborator: Elaborator, items: Sequence[Any], right: Any) -> Expression:
        written = [index_item(elaborator, item, "z[i, j in 0..n-1] = ...") for item in items]
        tokens = [token for token, _, _ in written]
        explicit = [explicit_range(elaborator, integer_symbol(str(token)), low, high) for token, low, high in written]
        with elaborator.bound(tokens):
            body = elaborator.operand(right)
        symbols = {part.index for part in explicit}
        ranges = []
        for part, token in zip(explicit, tokens, strict=True):
            try:
                found = (
                    part
                    if part.explicit
                    else inferred_range(body, part.index, symbols - {part.index}, elaborator.arithmetic)
                )
            except Unsettled as reason:
                raise elaborator.error(
                    token,
                    f"the entries do not settle the range of {token}: {reason}",
                    "a range",
                    f"write {token} in 0..n-1 with its last value for n-1",
                ) from None
            ranges.append(found)
        return calls.by_index(elaborator, body, ranges, tokens)


def _least(statement: Statement, part: Any) -> int:
    """The lower bound that stands with a name; 1 without one."""
    if len(part.children) == 1:
        return 1
    sign, number = str(part.children[1]), "".join(str(token) for token in part.children[2:])
    if sign not in (">=", ">") or "." in number or "e" in number.lower() or len(number) > 9:
        raise statement.error(
            "a lower bound is written p >= 0",
            *span(part),
            ">= and a whole number",
            "put other conditions after where",
        )
    return int(number) + (sign == ">")


def _defined(statement: Statement, left: Any) -> tuple[Token, list[Any]]:
    """The name and the indices on the left of a definition."""
    if left.data == "name":
        return left.children[0], []
    if left.data == "postfix" and left.children[0].data == "name" and len(left.children) == 2:
        trailer = left.children[1]
        if not isinstance(trailer, Token) and trailer.data == "subscript":
            return left.children[0].children[0], list(trailer.children)
    raise statement.error("the left of a definition is a name", *span(left), "z = ... or z[i, j] = ...")


def _not_a_statement(statement: Statement, left: Any) -> InputError:
    match = FIRST_WORD.match(statement.text)
    word = match["word"] if match else ""
    if left is not None and left.data == "comparison":
        return statement.error(
            "an equation stands in a given block",
            *span(left),
            "a definition z = ...",
            "write = to define; put what is asserted into a claim block",
        )
    hint = did_you_mean(word, STATEMENTS) or ("a definition is written z = ..." if "=" in statement.text else "")
    start = match.start("word") if match else 0
    return statement.error(
        f"`{word}` begins no statement",
        start,
        start + len(word),
        f"{', '.join(STATEMENTS[:-1])}, or a definition z = ...",
        hint,
    )


def assumptions(elaborator: Elaborator, tree: Any) -> Iterator[tuple[Assumption, Any]]:
    """The assumptions of a comma list: `unique_max(x, f, stride=s)` and conditions on data."""
    for part in tree.children if tree.data in ("conditions", "all_of") else [tree]:
        if is_unique_max(part):
            about = calls.operator(elaborator, "max_pool", part.children[0].children[0], part.children[1])
            yield Assumption("unique_max", about, conditions.text_of(elaborator, part)), part
            continue
        for relation in conditions.relations(elaborator, part):
            if isinstance(relation, Condition):
                raise elaborator.error(
                    part,
                    "an assumption speaks of data",
                    "a condition such as x > 0",
                    "put conditions between sizes after dims ... where",
                )
            yield data_assumption(elaborator, relation), part


def is_unique_max(tree: Any) -> bool:
    """Whether a tree is a call of unique_max."""
    return (
        tree.data == "postfix"
        and len(tree.children) == 2
        and tree.children[0].data == "name"
        and tree.children[0].children[0] == "unique_max"
        and getattr(tree.children[1], "data", "") == "call"
    )


def data_assumption(elaborator: Elaborator, relation: conditions.DataRelation) -> Assumption:
    """The assumption that a comparison holds for every entry."""
    about = DataBracket(relation.operator, relation.left, relation.right)
    return Assumption("condition", about, conditions.text_of(elaborator, *relation.tree))


def check_size(node: Expression, statement: Statement, at: Any) -> None:
    """Raises InputError for a formula that is too large with all definitions opened."""
    depth, count = measure(node, {})
    if depth > limits.NODE_DEPTH:
        raise statement.error(
            f"operations are nested {depth} deep through definitions",
            *span(at),
            f"at most {limits.NODE_DEPTH} (limit NODE_DEPTH)",
        )
    if count > limits.NODE_COUNT:
        raise statement.error(
            f"a formula of {count} nodes with its definitions opened",
            *span(at),
            f"at most {limits.NODE_COUNT} (limit NODE_COUNT)",
        )


def measure(node: Any, known: dict[Any, tuple[int, int]]) -> tuple[int, int]:
    """Depth and number of nodes with definitions opened; of definitions computed once."""
    if isinstance(node, Definition) and node in known:
        return known[node]
    depth, count = 0, 1
    for part in node.args:
        inner, more = measure(part, known)
        depth, count = max(depth, inner), count + more
    if isinstance(node, Definition):
        known[node] = (depth + 1, count)
    return depth + 1, count
