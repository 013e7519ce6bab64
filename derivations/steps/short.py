"""A long derivation as a person reads it: few lines, trivial moves folded, long sub-terms named once.

The law kept here: nothing is claimed that the complete derivation does not claim. Of A = B by r and B = C by q remains
A = C by r; q, which is proved where both are; a name stands for what its line says, so that a line with its names put
back is the line that it was. `tests/test_short_derivations.py` puts them back.

What it cannot see: which name a person would choose, and sub-terms that are equal and written differently.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sympy import Basic, Symbol

from derivations.formulas.claims import Context
from derivations.formulas.expressions import (
    Apply,
    ByIndex,
    Constant,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexRange,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    SizeTuple,
    Tensor,
)
from derivations.formulas.indices import free_names, substituted
from derivations.judgement.verdict import Verdict
from derivations.steps.derivation import Derivation, DerivationStep

MOST = 8  # steps of a derivation that a person follows without a second sheet of paper
LONG = 76  # characters of a formula that fill a line; shorter ones need no name
SHORTEST = 16  # characters of a sub-term that is worth a name
MOST_NAMES = 12
NAMES = "strquvghabcefklmnpwyz"
TRIVIAL = ("linear", "trace", "transpose", "distribut", "associat", "commut", "rearrang", "cyclic", "factor", "simplif",
           "collected", "exchanged", "definition of")  # fmt: skip


def with_short(derivation: Derivation) -> Derivation:
    """The derivation with its reader's version as `short`, where it is long."""
    short = shortened(derivation)
    return derivation if short is derivation else replace(derivation, short=short)


def shortened(derivation: Derivation) -> Derivation:
    """The derivation in at most `MOST` steps where they can be joined, its long sub-terms named; what is short already
    stays as it is. `named` of the result says what the names stand for, each after those that it uses.

    >>> from derivations.language.document import parse_context
    >>> from derivations.steps.tactic import derive
    >>> ((_, context),) = parse_context("dims n\\ntensor x[n]\\nloss J(x)")
    >>> derivation = derive(context, "J", "x", judged=False)
    >>> shortened(derivation) == derivation
    True
    """
    steps = _folded(list(derivation.steps))
    steps, named, complete = _with_names(steps, derivation.steps, derivation.context)
    if len(steps) == len(derivation.steps) and not named:
        return derivation
    result = steps[-1].right
    return replace(derivation, steps=tuple(steps), result=result, named=tuple(named), short=None, complete=complete)


# -- fewer lines -----------------------------------------------------------------------------------


def _folded(steps: list[DerivationStep]) -> list[DerivationStep]:
    """`MOST` steps: of all choices of the lines that remain, the one of the shortest lines and of the fewest rules at
    one place."""
    count = len(steps)
    if count <= MOST:
        return steps
    widths = [min(len(str(step.right)), 2 * LONG) for step in steps]
    best: list[dict[int, tuple[int, int]]] = [{0: (0, 0)}]  # place -> groups -> cost, where the last group begins
    for end in range(1, count + 1):
        found: dict[int, tuple[int, int]] = {}
        for start in range(end - 1, -1, -1):
            if start < end - 1 and steps[start].right != steps[start + 1].left:
                break
            cost = widths[end - 1] + _burden(steps[start:end])
            for groups, (before, _) in best[start].items():
                if groups < MOST and (groups + 1 not in found or before + cost < found[groups + 1][0]):
                    found[groups + 1] = (before + cost, start)
        best.append(found)
    if not best[count]:
        return steps  # more chains than steps to show
    groups = max(best[count])
    cuts, end = [], count
    while end:
        start = best[end][groups][1]
        cuts.append((start, end))
        end, groups = start, groups - 1
    return [_joined(steps[start:end]) for start, end in reversed(cuts)]


def _burden(steps: Sequence[DerivationStep]) -> int:
    """How much a reader must do at once, in characters: rules that say something weigh three times those that do
    not."""
    rules = dict.fromkeys(part for step in steps for part in step.rule.split("; "))
    weight = sum(1 if any(word in rule for word in TRIVIAL) else 3 for rule in rules)
    return 4 * weight * weight


def _joined(steps: Sequence[DerivationStep]) -> DerivationStep:
    if len(steps) == 1:
        return steps[0]
    rules = dict.fromkeys(part for step in steps for part in step.rule.split("; "))
    lemmas = dict.fromkeys(name for step in steps for name in step.lemmas)
    free = dict.fromkeys(part for step in steps for part in step.free)
    first, last = steps[0], steps[-1]
    return DerivationStep(first.left, last.right, "; ".join(rules), _together(steps), tuple(lemmas), tuple(free))


def _together(steps: Sequence[DerivationStep]) -> Verdict | None:
    """Proved where every step is, with all that they use; else the verdict of the first that is not."""
    verdicts = [step.verdict for step in steps]
    if None in verdicts:
        return None
    known = [verdict for verdict in verdicts if verdict is not None]
    for verdict in known:
        if verdict.verdict != "proved":
            return verdict
    axioms = dict.fromkeys(axiom for verdict in known for axiom in verdict.axioms)
    return replace(known[0], axioms=tuple(axioms))


# -- names -----------------------------------------------------------------------------------------


Place = tuple[Expression, tuple[IndexRange, ...]]  # a sub-term, with the ranges of the indices that are free in it


def _with_names(
    steps: Sequence[DerivationStep], every: Sequence[DerivationStep], context: Context
) -> tuple[list[DerivationStep], list[Definition], tuple[DerivationStep, ...]]:
    """The steps with sub-terms by names, at each turn the one that shortens their long lines most; and every step of
    the derivation with the same names."""
    known: list[Definition] = []
    lines = dict.fromkeys(side for step in steps for side in (step.left, step.right))
    formulas = {line: line for line in (*lines, *(side for step in every for side in (step.left, step.right)))}
    whole = set(lines)
    names = _free_names(context, formulas)
    while len(known) < min(MOST_NAMES, len(names)):
        bodies = [each.body for each in known]
        chosen = _best([*(formulas[line] for line in lines), *bodies], {*whole, *bodies})
        if chosen is None:
            break
        part, ranges = chosen
        definition = Definition(names[len(known)], ByIndex(part, *ranges) if ranges else part)
        put = definition[tuple(each.index for each in ranges)] if ranges else definition
        formulas = {line: _put(formula, part, ranges, put) for line, formula in formulas.items()}
        known = [Definition(each.name, _put(each.body, part, ranges, put)) for each in known]
        formulas, known = _renewed(formulas, {each.name: each for each in known})
        whole |= set(formulas.values())
        known.append(definition)
    ordered = _in_order(known)
    new = {each.name: Definition(name, each.body) for each, name in zip(ordered, names, strict=False)}
    formulas, named = _renewed(formulas, new)

    def changed(some: Sequence[DerivationStep]) -> list[DerivationStep]:
        return [replace(step, left=formulas[step.left], right=formulas[step.right]) for step in some]

    return changed(steps), named, tuple(changed(every))


def _renewed(
    formulas: dict[Expression, Expression], new: dict[str, Definition]
) -> tuple[dict[Expression, Expression], list[Definition]]:
    """The formulas and the definitions with each name as it is now: its formula, or the name itself, has changed."""

    def renew(node: Basic) -> Basic:
        if isinstance(node, Definition):
            found = new.get(node.name)
            return node if found is None else Definition(found.name, renew(found.body))
        if isinstance(node, Loss) or not node.args:
            return node
        return node.func(*(renew(part) for part in node.args))

    names = [Definition(each.name, renew(each.body)) for each in new.values()]
    return {line: renew(formula) for line, formula in formulas.items()}, names


def _in_order(known: list[Definition]) -> list[Definition]:
    """Each name after those that it uses."""
    ordered: list[Definition] = []
    waiting = list(known)
    while waiting:
        names = {each.name for each in waiting}
        free = [each for each in waiting if not (_names_in(each.body) & names)]
        assert free, "a name stands in what it stands for"
        ordered += free
        waiting = [each for each in waiting if each not in free]
    return ordered


def _names_in(node: Basic) -> set[str]:
    if isinstance(node, Definition):
        return {node.name}
    if isinstance(node, Loss):
        return set()
    return {name for part in node.args for name in _names_in(part)}


def _best(shown: Sequence[Expression], whole: set[Expression]) -> Place | None:
    """The sub-term whose name saves most in lines that are too long; None where no line is, or none saves. What is a
    whole line has no name: that would say nothing."""
    saved: dict[Place, int] = {}
    sizes: dict[Place, int] = {}
    for formula in shown:
        excess = len(str(formula)) - LONG
        if excess <= 0:
            continue
        for place in _places(formula, {}):
            size = sizes.setdefault(place, len(str(place[0])))
            if size >= SHORTEST and place[0] not in whole:
                cost = 4 * len(place[1]) + 1
                saved[place] = saved.get(place, 0) + min(size - cost, excess + cost)
    worth = {place: value - sizes[place] - 12 for place, value in saved.items() if value > sizes[place] + 12}
    if not worth:
        return None
    return max(worth, key=lambda place: (worth[place], sizes[place], str(place[0])))


def _places(node: Basic, around: dict[Symbol, IndexRange]) -> Iterator[Place]:
    """The sub-terms that can have a name: tensors of known indices, without differentials, names left closed."""
    if isinstance(node, Definition | Loss | Tensor | Differential | Grad | Jacobian | IndexRange):
        return
    if _can_have_a_name(node):
        free = [around[index] for index in around if str(index.name) in free_names(node)]
        if all(_is_plain(part, around) for part in free) and not (free and node.rank):
            yield node, tuple(free)
    if isinstance(node, IndexSum | ByIndex):
        around = {**around, **{part.index: part for part in node.ranges}}
    for part in node.args:
        yield from _places(part, around)


def _can_have_a_name(node: Basic) -> bool:
    if not isinstance(node, Expression) or isinstance(node, Constant | Literal | SizeTuple | Minus):
        return False
    if isinstance(node, Entry) and isinstance(node.of, Tensor | Definition):
        return False
    if isinstance(node, Apply | Elementwise) and not any(part.has(Tensor) for part in node.args):
        return False
    return not node.has(Differential)


def _is_plain(part: IndexRange, around: dict[Symbol, IndexRange]) -> bool:
    """A range 0..n-1 that depends on no other index."""
    others = {str(index.name) for index in around}
    return part.explicit and part.low == 0 and not (free_names(part.high) & others)


def _put(node: Basic, part: Expression, ranges: tuple[IndexRange, ...], put: Expression) -> Basic:
    """The formula with the name wherever the sub-term stands under these very ranges."""
    return _put_under(node, part, ranges, put, {})


def _put_under(
    node: Basic, part: Expression, ranges: tuple[IndexRange, ...], put: Expression, around: dict[Symbol, IndexRange]
) -> Basic:
    if node == part and all(around.get(each.index) == each for each in ranges):
        return put
    if isinstance(node, Definition | Loss | Differential | Grad | Jacobian | IndexRange) or not node.args:
        return node
    if isinstance(node, IndexSum | ByIndex):
        around = {**around, **{each.index: each for each in node.ranges}}
    return node.func(*(_put_under(each, part, ranges, put, around) for each in node.args))


def _free_names(context: Context, formulas: Iterable[Expression]) -> list[str]:
    """Letters that nothing in sight has."""
    taken = {*context.names, *(dimension.name for dimension in context.dims), *context.abbreviations}
    taken |= set(context.functions)
    for formula in formulas:
        taken |= {str(symbol.name) for symbol in formula.atoms(Symbol)}
    return [name for name in (*NAMES, *(f"s_{n}" for n in range(1, 9))) if name not in taken]


def put_back(node: Expression, named: Sequence[Definition]) -> Expression:
    """A formula with what its names stand for, and without the entries of a tensor at the very indices by which it is
    defined.

    >>> from derivations.formulas.expressions import Tensor
    >>> x = Tensor("x", (3,))
    >>> s = Definition("s", x + x)
    >>> put_back(s * x, [s])
    (x + x) * x
    """
    for definition in reversed(named):
        node = substituted(node, {definition: definition.body})
    return _without_detours(node)  # type: ignore[no-any-return]


def _without_detours(node: Any) -> Any:
    if isinstance(node, Definition | Loss) or not node.args:
        return node
    node = node.func(*(_without_detours(part) for part in node.args))
    if isinstance(node, Entry) and isinstance(node.of, ByIndex) and node.indices == _indices_of(node.of):
        return node.of.body
    return node


def _indices_of(node: ByIndex) -> tuple[Symbol, ...]:
    return tuple(part.index for part in node.ranges)
