"""From formulas to kernel sums: what each node means, entry by entry.

`Lowering.lower(node, index)` gives the terms of one entry. Linear operators are read off their row's index definition;
derivatives are taken on the terms themselves by the product and the chain rule, so that no operator has an adjoint
rule. What is nonlinear enters as an opaque atom: a function of its normalised entry.

    d(Π atoms) = Σ_k (Π_{j≠k} atom_j) d(atom_k)          d f(T[i]) = f'(T[i]) · dT[i]

What this module cannot see: whether entries exist. That is `existence.py`; lowering supposes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction
from itertools import count, product
from typing import Any

from sympy import Basic, Expr, Symbol, Tuple
from sympy.core.symbol import Str

from derivations.core import terms as k
from derivations.core.fractions import sum_of_fractions
from derivations.core.goals import Duty, Equality
from derivations.core.heads import (
    INVERSE,
    Argmax,
    Frame,
    Function,
    Head,
    Kind,
    LossValue,
    Map,
    Reciprocal,
    Sensitivity,
    Softmax,
)
from derivations.core.heads import (
    Differential as DifferentialHead,
)
from derivations.core.heads import (
    Entry as EntryHead,
)
from derivations.core.names import Mark, Name, Role, has_role, text_of
from derivations.core.sums import Atom, LimitReached, Monomials, Term, alike, canonical_argument, rename_term
from derivations.core.terms import Condition, Int
from derivations.formulas import integers
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Differential,
    Elementwise,
    Entry,
    Expression,
    Grad,
    IndexSum,
    Jacobian,
    Literal,
    Loss,
    Minus,
    Over,
    Plus,
    Power,
    SizeTuple,
    Slice,
    Tensor,
    Times,
)
from derivations.formulas.integers import FloorDiv, Maximum, Minimum, Remainder
from derivations.meaning.functions import DOMAIN_AXIOMS, KNOWN, Unsupported, derivative_of, rewritten
from derivations.meaning.numbers import of_number
from derivations.meaning.ranges import range_condition
from derivations.operators import OPERATORS
from derivations.operators.elementary import unravel
from derivations.operators.row import Gather, tap
from derivations.operators.sliding import window_reads

Environment = dict[str, Int]
ARGUMENT = Tensor("?argument", ())  # the variable of a formula for a known function's derivative
Terms = list[Term]


class Every(Enum):
    """In `cut`: every definition is an unknown."""

    DEFINITION = "every definition"


Cut = frozenset[str | Every]
ALL: Cut = frozenset({Every.DEFINITION})

TERM_LIMIT = 4000  # terms of one entry; a product of sums past it is not a formula that anybody writes
POWER_LIMIT = 6


@dataclass(frozen=True)
class Opaque:
    """What an opaque atom is a function of: `expand(indices)` gives its differential as (factor, inner terms) pairs,
    `rebuild(change)` the same function of a changed argument."""

    expand: Callable[[Sequence[Int]], list[tuple[Term, Terms]]]
    rebuild: Callable[[Callable[[Terms], Terms], Sequence[Int]], Terms]
    plain: bool  # a function of one entry of one tensor, so that different places are different unknowns
    template: Template | None = None  # for an elementwise function: what it is applied to


@dataclass(frozen=True)
class Template:
    """The argument of an elementwise function: terms in formal indices, and the range of these. Known functions
    satisfy identities (exp(x + y) = exp x · exp y); an arbitrary one takes any values at different points."""

    function: Map
    terms: tuple[Term, ...]
    formals: tuple[Int, ...]
    guard: Condition

    @property
    def arbitrary(self) -> bool:
        """Whether the function may be any."""
        return self.function.kind is Kind.ARBITRARY


def multiply(*factors: Term) -> Term:
    """The product of terms with disjoint bound indices."""
    numerator, denominator = Int.of(1), Int.of(1)
    atoms: list[Atom] = []
    bound: frozenset[Name] = frozenset()
    demands: frozenset[Condition] = frozenset()
    for factor in factors:
        numerator, denominator = numerator * factor.numerator, denominator * factor.denominator
        atoms += factor.atoms
        bound |= factor.bound
        demands |= factor.demands
    return Term(
        tuple(atoms), bound, k.all_of(factor.condition for factor in factors), numerator, denominator, demands
    )


def scaled(found: Terms, numerator: Int | int, denominator: Int | int = 1) -> Terms:
    """All terms times a coefficient."""
    return [
        replace(term, numerator=term.numerator * numerator, denominator=term.denominator * denominator)
        for term in found
    ]


@dataclass
class Lowering:
    """One translation: fresh indices, the opaque functions met, and the demands, assumptions and axioms used."""

    opaque: dict[Head, Opaque] = field(default_factory=dict)
    axioms: dict[str, None] = field(default_factory=dict)
    demands: set[Condition] = field(default_factory=set)
    shapes: dict[Head, tuple[Int, ...]] = field(default_factory=dict)  # of tensors and definitions that are unknowns
    fresh_numbers: Iterator[int] = field(default_factory=count)
    # What the reading of the formulas supposes: that arguments which became one are equal, and the like.
    premises: list[Duty | Equality] = field(default_factory=list)
    met: dict[Head, tuple[Term, ...]] = field(default_factory=dict)
    # Whether two sums of terms are equal wherever a condition holds; whoever knows the sizes' context sets it.
    same: Callable[[Terms, Terms, Condition], bool] = lambda left, right, guard: False

    # -- integers and conditions --------------------------------------------------------------------------------------

    def fresh(self) -> Mark:
        """A bound index that no other term has."""
        return Mark(Role.BOUND, next(self.fresh_numbers))

    def suppose_equal(self, what: str, left: Sequence[Term], right: Sequence[Term], guard: Condition = k.TRUE) -> None:
        """Note that two sums of terms are taken for equal wherever `guard` holds, unless they are written alike."""
        if not alike(left, right):
            self.premises.append(Equality(what, guard, (*left, *scaled(list(right), -1))))

    def _of_argument_met(self, head: Head, argument: Sequence[Term], guard: Condition = k.TRUE) -> None:
        """Note that a head's argument is the one with which it was met first."""
        first = self.met.setdefault(head, tuple(argument))
        self.suppose_equal(f"one argument of {head}", argument, first, guard)

    def integer(self, value: Expr, env: Environment) -> Int:
        """A SymPy integer expression as a kernel term."""
        numerator, denominator = self.fraction(value, env)
        if denominator != 1:
            raise Unsupported(f"the integer {value} is a fraction")
        return numerator

    def fraction(self, value: Expr, env: Environment) -> tuple[Int, Int]:
        """A rational function of sizes and indices as numerator and denominator."""
        if isinstance(value, Symbol):
            return env.get(value.name, Int.symbol(value.name)), Int.of(1)
        if value.is_Rational:
            return Int.of(int(value.p)), Int.of(int(value.q))
        if value.is_Add:
            return self._fraction_sum([self.fraction(part, env) for part in value.args])
        if value.is_Mul:
            numerator, denominator = Int.of(1), Int.of(1)
            for part in value.args:
                top, bottom = self.fraction(part, env)
                numerator, denominator = numerator * top, denominator * bottom
            return numerator, denominator
        if value.is_Pow and value.exp.is_Integer and abs(int(value.exp)) <= POWER_LIMIT:
            top, bottom = self.fraction(value.base, env)
            exponent = int(value.exp)
            return (top**exponent, bottom**exponent) if exponent >= 0 else (bottom**-exponent, top**-exponent)
        if isinstance(value, FloorDiv | Remainder | Minimum | Maximum):
            p, q = (self.integer(part, env) for part in value.args)
            try:
                if isinstance(value, FloorDiv):
                    combined = p // q
                elif isinstance(value, Remainder):
                    combined = p % q
                else:
                    combined = (k.least if isinstance(value, Minimum) else k.greatest)(p, q)
            except ZeroDivisionError:
                raise Unsupported(f"{value} has a divisor that is not positive") from None
            return combined, Int.of(1)
        raise Unsupported(f"{value} is not a rational function of the sizes")

    @staticmethod
    def _fraction_sum(parts: Sequence[tuple[Int, Int]]) -> tuple[Int, Int]:
        numerator, denominator = Int.of(0), Int.of(1)
        for part in parts:
            numerator, denominator = sum_of_fractions((numerator, denominator), part)
        return numerator, denominator

    def condition(self, condition: integers.Condition, env: Environment) -> Condition:
        """A condition between integers as a kernel condition; fractions are multiplied out."""
        if isinstance(condition, integers.Compare):
            top, bottom = self._fraction_sum(
                [self.fraction(condition.right, env), self.fraction(-condition.left, env)]
            )
            if bottom.constant is None:
                raise Unsupported("a comparison of fractions whose denominator depends on the sizes")
            difference = top if bottom.constant > 0 else -top
            return {
                "==": lambda: k.zero(difference),
                "!=": lambda: k.negate(k.zero(difference)),
                "<=": lambda: k.nonnegative(difference),
                "<": lambda: k.nonnegative(difference - 1),
                ">=": lambda: k.nonnegative(-difference),
                ">": lambda: k.nonnegative(-difference - 1),
            }[condition.operator]()
        parts = [self.condition(part, env) for part in condition.args]
        if isinstance(condition, integers.AllOf):
            return k.all_of(parts)
        if isinstance(condition, integers.AnyOf):
            return k.any_of(parts)
        if isinstance(condition, integers.Negation):
            return k.negate(parts[0])
        raise Unsupported(f"the condition {condition}")

    def shape(self, node: Expression, env: Environment) -> tuple[Int, ...]:
        """The shape as kernel terms."""
        return tuple(self.integer(size, env) for size in node.shape)

    # -- entries ------------------------------------------------------------------------------------------------------

    def lower(self, node: Expression, index: Sequence[Int], env: Environment, cut: Cut) -> Terms:
        """The terms of entry `index` of a formula; names in `cut` are unknowns, not their definitions."""
        method = _METHODS.get(type(node))
        if method is None:
            raise Unsupported(f"there is no meaning for {type(node).__name__}")
        found: Terms = method(self, node, tuple(index), env, cut)
        if len(found) > TERM_LIMIT:
            raise LimitReached(f"more than {TERM_LIMIT} terms in one entry")
        return found

    def _tensor(self, node: Tensor, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return self._unknown(node, index)

    def _unknown(self, node: Tensor | Definition, index: tuple[Int, ...]) -> Terms:
        head = EntryHead(node.name)
        if head not in self.shapes:
            self.shapes[head] = self.shape(node, {})
        return [Term((Atom(head, index),))]

    def _definition(self, node: Definition, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        if node.name in cut or Every.DEFINITION in cut:
            return self._unknown(node, index)
        return self.lower(node.body, index, {}, cut)

    def _loss(self, node: Loss, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        head, sensitivity = LossValue(node.name), Sensitivity(node.name)

        def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
            bound, condition, place = self.box(self.shape(node.of, {}))
            factor = Term((Atom(sensitivity, place),), bound, condition)
            return [(factor, self.lower(node.of, place, {}, cut))]

        def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
            return [Term((Atom(head),))]

        self.opaque[head] = Opaque(expand, rebuild, plain=True)
        return [Term((Atom(head),))]

    def box(self, shape: Sequence[Int]) -> tuple[frozenset[Name], Condition, tuple[Int, ...]]:
        """Fresh bound indices that run over all entries of a shape."""
        names = [self.fresh() for _ in shape]
        place = tuple(Int.symbol(name) for name in names)
        inside = k.all_of(k.between(0, i, n - 1) for i, n in zip(place, shape, strict=True))
        return frozenset(names), inside, place

    def _constant(self, node: Constant, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        numerator, denominator = self.fraction(node.value, env)
        return [Term(numerator=numerator, denominator=denominator)]

    def _literal(self, node: Literal, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        shape = [int(size) for size in node.shape]
        return _table(index, zip(product(*[range(n) for n in shape]), node.values, strict=True))

    def _plus(self, node: Plus, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return [term for part in node.args for term in self._part(part, index, env, cut)]

    def _part(self, part: Expression, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return self.lower(part, index if part.rank else (), env, cut)

    def _minus(self, node: Minus, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return scaled(self._part(node.args[0], index, env, cut), -1)

    def _times(self, node: Times, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return self.products([self._part(part, index, env, cut) for part in node.args])

    def products(self, factors: Sequence[Terms]) -> Terms:
        """Multiply out; the factors' bound indices are already disjoint."""
        size = 1
        for factor in factors:
            size *= len(factor)
        if size > TERM_LIMIT:
            raise LimitReached(f"more than {TERM_LIMIT} terms in one product")
        return [multiply(*choice) for choice in product(*factors)]

    def _over(self, node: Over, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        top, bottom = node.args
        return self.products([self._part(top, index, env, cut), self._reciprocal(bottom, index, env, cut)])

    def _reciprocal(self, node: Expression, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        found = self._part(node, index, env, cut)
        if len(found) == 1 and not found[0].bound and found[0].condition == k.TRUE:
            (term,) = found
            known = term.numerator.terms.keys() == {()} or isinstance(_opened(node), Constant)
            if not term.atoms and not known:  # of a Constant, that it is not 0 is an obligation (existence.py)
                raise Unsupported(f"a quotient by {node}")
            inverse = Term(numerator=term.denominator, denominator=term.numerator, demands=term.demands)
            if term.atoms:
                self.axioms[f"no entry of {node} is 0"] = None
            return [multiply(inverse, *[self._inverse_atom(atom) for atom in term.atoms])]
        number = _constant(found)
        if number is not None:
            self.suppose_equal("a constant", found, [Term(numerator=number[0], denominator=number[1])])
            return [Term(numerator=number[1], denominator=number[0])]
        if any(term.atoms for term in found):
            self.axioms[f"no entry of {node} is 0"] = None
            return self.function(INVERSE, 0, node, index, env, cut)
        raise Unsupported(f"a quotient by {node}")

    def _inverse_atom(self, atom: Atom) -> Term:
        head = Reciprocal(atom.head)
        if head not in self.opaque:
            rank = len(atom.indices)

            def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
                inverse = Atom(head, tuple(indices))
                return [(Term((inverse, inverse), numerator=Int.of(-1)), [Term((Atom(atom.head, tuple(indices)),))])]

            def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
                changed = change([Term((Atom(atom.head, tuple(indices)),))])
                if len(changed) == 1 and not changed[0].bound and changed[0].condition == k.TRUE:
                    (term,) = changed
                    scale = Term(numerator=term.denominator, denominator=term.numerator)
                    return [multiply(scale, *[self._inverse_atom(part) for part in term.atoms])]
                formals = _formals(rank)
                renamed = change([Term((Atom(atom.head, formals),))])
                return self.apply_function(INVERSE, 0, renamed, formals, tuple(indices))

            self.opaque[head] = Opaque(expand, rebuild, plain=atom.head not in self.opaque)
        return Term((Atom(head, atom.indices),))

    def _power(self, node: Power, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        base, exponent = node.args
        amount = int(exponent.value if isinstance(exponent, Constant) else exponent)
        if abs(amount) > POWER_LIMIT:
            raise LimitReached(f"a power with the exponent {amount}")
        if amount < 0:
            return self.products([self._reciprocal(base, index, env, cut) for _ in range(-amount)])
        return self.products([self._part(base, index, env, cut) for _ in range(amount)])

    # -- operators ----------------------------------------------------------------------------------------------------

    def _apply(self, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        row = OPERATORS[node.operator]
        if row.entry is None:
            special = _NONLINEAR.get(node.operator)
            if special is None:
                raise Unsupported(f"the prover does not know {node.operator}")
            return special(self, node, index, env, cut)  # type: ignore[no-any-return]
        found = row.entry(index, *[self._argument(argument, env) for argument in node.arguments])
        gathers = found if isinstance(found, tuple) else (found,)
        return [term for gather in gathers for term in self._gathered(gather, node.tensors, env, cut)]

    def _gathered(
        self, gather: Gather, tensors: Sequence[Expression], env: Environment, cut: Cut
    ) -> Terms:
        """An index definition as terms: the product of its reads, in its frame."""
        values = {name: Int.symbol(self.fresh()) for name, _, _ in gather.bound}
        inside = [
            k.between(k.substitute(Int.of(low), values), values[name], k.substitute(Int.of(high), values))
            for name, low, high in gather.bound
        ]
        frame = Term(
            (),
            frozenset[Name]().union(*(value.symbols() for value in values.values())),
            k.all_of((*inside, k.substitute_condition(gather.condition, values))),
            k.substitute(gather.numerator, values),
            k.substitute(gather.denominator, values),
        )
        reads = [
            self.lower(tensors[number], [k.substitute(i, values) for i in place], env, cut)
            for number, place in gather.reads
        ]
        return self.products([[frame], *reads])

    def _argument(self, argument: Basic, env: Environment) -> Any:
        """An operator's argument for its index definition: a shape, a mode, integers."""
        if isinstance(argument, Expression):
            return self.shape(argument, env)
        if isinstance(argument, Str):
            return str(argument.name)
        if isinstance(argument, Tuple):
            return tuple(self._argument(part, env) for part in argument)
        return self.integer(argument, env)

    def _max_pool(self, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        x, f, stride, pad, _ceil = node.arguments
        assert isinstance(x, Expression)
        windows = [self._argument(part, env) for part in (f, stride, pad)]
        found: Terms = []
        outputs = self.shape(node, env)
        for term, place in self._routes(x, index, outputs, *windows, complete=_no_padding(node), env=env, cut=cut):
            found += self.products([[term], self.lower(x, place, env, cut)])
        return found

    def _max_unpool(self, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        delta, x, f, stride = node.arguments
        assert isinstance(delta, Expression)
        assert isinstance(x, Expression)
        window, steps = self._argument(f, env), self._argument(stride, env)
        none = tuple((Int.of(0), Int.of(0)) for _ in window)
        found: Terms = []
        outputs = self.shape(delta, env)
        bound, inside, output = self.box(outputs)
        routes = self._routes(x, output, outputs, window, steps, none, complete=True, env=env, cut=cut, places=True)
        for term, place in routes:
            frame = Term((), bound, k.all_of((inside, _equal_places(place, index))))
            values = self.lower(delta, output, env, cut)
            found += [self._refreshed(part) for part in self.products([[frame], [term], values])]
        return found

    def _max(self, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        (z,) = node.tensors
        shape = self.shape(z, env)
        taps = tuple(Int.symbol(tap(axis)) for axis in range(z.rank))
        bound = tuple((tap(axis), Int.of(0), size - 1) for axis, size in enumerate(shape))
        found: Terms = []
        for term, place in self._chosen(z, shape, (bound, k.TRUE, taps), frame=None, env=env, cut=cut):
            found += self.products([[term], self.lower(z, place, env, cut)])
        return found

    def _routes(
        self, x: Expression, output: Sequence[Int], outputs: Sequence[Int], window: Sequence[Int],
        steps: Sequence[Int], pad: Sequence[Sequence[Int]], *, complete: bool, env: Environment, cut: Cut,
        places: bool = False,
    ) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
        """The taps of output's window, as `_chosen` gives them; where windows may leave x, its frame is part of what
        the maximum is a function of. Of numbers, the maximum's place is known for each of the `outputs`; only who asks
        for `places` need suppose that there is one."""
        given = [*outputs, *window, *steps, *(width for pair in pad for width in pair)]
        ground = self._ground(x, env, cut) if all(size.constant is not None for size in given) else None
        if ground is not None:
            return self._ground_routes(ground, x, output, outputs, (window, steps, pad), env, places)
        reads = window_reads(output, self.shape(x, env), window, steps, pad)
        frame = None if complete else Frame(self.shape(x, env), tuple(steps), tuple(map(tuple, pad)))
        return self._chosen(x, window, reads, frame=frame, env=env, cut=cut)

    def _ground(
        self, x: Expression, env: Environment, cut: Cut
    ) -> dict[tuple[int, ...], Any] | None:
        """The entries of a formula in which only numbers stand; None for any other."""
        shape = [size.constant for size in self.shape(x, env)]
        if None in shape or any(term.atoms for term in self.lower(x, [Int.of(0)] * x.rank, env, cut)):
            return None
        cells = product(*[range(size or 0) for size in shape])
        found = {cell: _number(self.lower(x, [Int.of(i) for i in cell], env, cut)) for cell in cells}
        return None if None in found.values() else found

    def _ground_routes(
        self, values: dict[tuple[int, ...], Any], x: Expression, output: Sequence[Int], outputs: Sequence[Int],
        windows: tuple[Any, Any, Any], env: Environment, places: bool,
    ) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
        """For each window of numbers: that it is output's, and the place of its maximum."""
        for cell in product(*[range(size.constant or 0) for size in outputs]):
            at = tuple(Int.of(i) for i in cell)
            bound, condition, place = window_reads(at, self.shape(x, env), *windows)
            found: list[tuple[int, ...]] = []
            for taps in product(*[range((Int.of(high).constant or 0) + 1) for _, _, high in bound]):
                tap_values = {name: tap for (name, _, _), tap in zip(bound, taps, strict=True)}
                if k.holds(condition, tap_values):
                    found.append(tuple(k.evaluate(i, tap_values) for i in place))
            if not found:
                raise Unsupported("a maximum over a window in which no data lie")
            best = max(found, key=lambda read: values[read])
            if places and sum(values[read] == values[best] for read in found) > 1:
                self.axioms[f"unique_max: every window of {x} has one maximum"] = None
            yield Term(condition=_equal_places(output, at)), tuple(Int.of(i) for i in best)

    def _chosen(
        self, x: Expression, window: Sequence[Int], reads: Any, *, frame: Frame | None, env: Environment,
        cut: Cut,
    ) -> Iterator[tuple[Term, tuple[Int, ...]]]:  # fmt: skip
        """Σ over a window's taps of m(tap), with the tap's place in x: m is 1 at the window's maximum, else 0.

        m is a function of the tensor that x shows, the window's size and its first place. The indicators of one window
        add up to 1. Where windows are complete (there is no `frame`), the last tap's indicator is replaced by
        1 − Σ others, so that those that remain may be any unit vector or 0 and can be compared as unknowns.
        """
        bound, condition, place = reads
        template, formals, axes, see = self._shown(x, env, cut)
        sliding = axes[len(axes) - len(bound) :]
        head = self._argmax_head(tuple(window), tuple(sliding), frame, template, formals)
        self.axioms[f"unique_max: every window of {x} has one maximum"] = None

        def indicator(values: dict[Name, Int]) -> Atom:
            first = see(tuple(k.substitute(i, {name: Int.of(0) for name in values}) for i in place))
            return Atom(head, (*first, *values.values()))

        def taps(last: bool | None, at: bool) -> tuple[Term, tuple[Int, ...]]:
            """A sum over taps: all, only the last, or all but the last; with or without the indicator."""
            values: dict[Name, Int] = {name: Int.symbol(self.fresh()) for name, _, _ in bound}
            inside = [k.between(low, values[name], high) for name, low, high in bound]
            is_last = k.all_of(k.equal(values[name], high) for name, _, high in bound)
            choice = k.TRUE if last is None else is_last if last else k.negate(is_last)
            names = frozenset[Name]().union(*(value.symbols() for value in values.values()))
            atoms = (indicator(values),) if at else ()
            whole = Term(atoms, names, k.all_of((choice, *inside, k.substitute_condition(condition, values))))
            return whole, tuple(k.substitute(i, values) for i in place)

        if frame is not None:
            yield taps(None, True)
            return
        yield taps(False, True)
        yield taps(True, False)
        others, _ = taps(False, True)
        final, final_place = taps(True, False)
        yield replace(multiply(final, others), numerator=Int.of(-1)), final_place

    def _shown(
        self, x: Expression, env: Environment, cut: Cut
    ) -> tuple[Terms, tuple[Int, ...], tuple[int, ...], Callable[[tuple[Int, ...]], tuple[Int, ...]]]:
        """What a window of x is cut out of: a tensor or definition that x shows shifted, with its axes that are x's
        axes and the map of places; else x itself."""
        formals = _formals(x.rank)
        single = _single(self.lower(x, formals, env, ALL))
        if single is not None and _is_shift(single.indices, formals):
            definition = _definition_of(x, single.head, cut)
            inner = _formals(len(single.indices))
            template = [Term((Atom(single.head, inner),))]
            if definition is not None:
                template = self.lower(definition.body, inner, {}, cut)
            axes = tuple(
                axis for axis, i in enumerate(single.indices) if any(f.symbols() & i.symbols() for f in formals)
            )
            return template, inner, axes, lambda place: tuple(_at(i, formals, place) for i in single.indices)
        outer = _outer_names(x, env)
        formals = _formals(x.rank + len(outer))
        template = self.lower(x, formals[: x.rank], dict(zip(outer, formals[x.rank :], strict=True)), cut)
        return template, formals, tuple(range(x.rank)), lambda place: (*place, *[env[name] for name in outer])

    def _argmax_head(
        self, window: tuple[Int, ...], axes: tuple[int, ...], frame: Frame | None, template: Terms,
        formals: tuple[Int, ...],
    ) -> Head:  # fmt: skip
        argument, demands = canonical_argument(template)
        self.demands |= demands
        head = Argmax(window, axes, frame, argument)
        self._of_argument_met(head, template)
        sizes = (*window, *(size for size in _sizes(frame)))
        if any(has_role(name, role) for size in sizes for name in size.symbols() for role in (Role.BOUND, Role.FORMAL)):
            raise Unsupported("a maximum over a window whose size depends on an index")

        def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
            return [Term((Atom(self._argmax_head(window, axes, frame, change(template), formals), tuple(indices)),))]

        if head not in self.opaque:
            single = _single(template)
            # Maxima over different tensors are independent; two kinds of window over one tensor are not.
            lone = not any(
                isinstance(other, Argmax) and (single is None or single.head in other.mentions)
                for other in self.opaque
            )
            inner = self.opaque.get(single.head) if single is not None else None
            # Any tap can be the maximum if the entries may take any values; those of an arbitrary function may.
            free = inner is None or inner.plain or (inner.template is not None and inner.template.arbitrary)
            plain = lone and frame is None and single is not None and free
            self.opaque[head] = Opaque(lambda indices: [], rebuild, plain)
        return head

    def _softmax(self, node: Apply, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        (z,) = node.tensors
        outer = _outer_names(z, env)
        lead, formals = len(outer), _formals(len(outer) + z.rank)  # the indices in scope are the first places
        inner = dict(zip(outer, formals[:lead], strict=True))
        whole = self.lower(z, formals[lead:], inner, cut)
        argument, demands = canonical_argument(whole)
        self.demands |= demands
        head = Softmax(self.shape(z, inner)[-1], argument)
        self._of_argument_met(head, whole)

        def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
            here = Atom(head, tuple(indices))
            name = self.fresh()
            other = (*indices[:-1], Int.symbol(name))
            there = dict(zip(outer, indices[:lead], strict=True))
            inside = k.between(0, other[-1], self.shape(z, there)[-1] - 1)
            around = Term((here, Atom(head, other)), frozenset({name}), inside, Int.of(-1))
            return [
                (Term((here,)), self.lower(z, indices[lead:], there, cut)),
                (around, self.lower(z, other[lead:], there, cut)),
            ]

        self.opaque[head] = Opaque(expand, lambda change, indices: _no_rebuild(), plain=False)
        self.axioms["softmax' = softmax·(dz − Σ softmax·dz), softmax > 0"] = None
        return [Term((Atom(head, (*[env[name] for name in outer], *index)),))]

    # -- elementwise functions ----------------------------------------------------------------------------------------

    def _elementwise(
        self, node: Elementwise, index: tuple[Int, ...], env: Environment, cut: Cut
    ) -> Terms:
        simpler = rewritten(node)
        if simpler is not None:
            formula, axiom = simpler
            if axiom:
                self.axioms[axiom] = None
            return self.lower(formula, index, env, cut)
        if node.name in DOMAIN_AXIOMS and any(term.atoms for term in self._part(node.of, index, env, cut)):
            self.axioms[DOMAIN_AXIOMS[node.name].format(node.of)] = None
        kind = Kind.KNOWN if node.name in KNOWN else Kind.ARBITRARY
        return self.function(Map(kind, node.name), node.order, node.of, index, env, cut)

    def function(
        self, name: Map, order: int, of: Expression, index: tuple[Int, ...], env: Environment, cut: Cut
    ) -> Terms:
        """f^(order)(of)[index] as terms: an opaque atom of the normalised entry of its argument.

        The indices in scope become formal places too: the argument, and so the unknown, differs from one of their
        values to another. They come first, so that f(x)[i] and f(x[i]) are one unknown.
        """
        outer = _outer_names(of, env)
        formals = _formals(len(outer) + of.rank)
        places = formals[len(outer) :]
        index = (*[env[name] for name in outer], *index)
        env = dict(zip(outer, formals[: len(outer)], strict=True))
        short = self.lower(of, places, env, ALL)
        single = _single(short)
        if single is not None:
            # One entry of a definition z: a function of z's own normal form, at that entry's place.
            definition = _definition_of(of, single.head, cut)
            if definition is not None:
                place = tuple(_at(i, formals, index) for i in single.indices)
                inner = _formals(definition.rank)
                guard = self._inside(definition, inner, {})
                body = self.lower(definition.body, inner, {}, cut)
                return self.apply_function(name, order, body, inner, place, guard)
        guard = self._inside(of, places, env)
        return self.apply_function(name, order, self.lower(of, places, env, cut), formals, index, guard)

    def _inside(self, node: Expression, index: Sequence[Int], env: Environment) -> Condition:
        """That an index is one of a formula's."""
        return k.all_of(k.between(0, i, n - 1) for i, n in zip(index, self.shape(node, env), strict=True))

    def apply_function(
        self, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
        guard: Condition = k.TRUE,
    ) -> Terms:  # fmt: skip
        """f^(order) of an entry given by terms in formal indices (which obey `guard`), at `index`."""
        argument = [term for term in argument if term.condition != k.FALSE and term.numerator.terms]
        if order == 0 and not any(term.atoms for term in argument):
            here = [rename_term(term, _at_values(formals, index)) for term in argument]
            known = of_number(name, here)
            if known is not None:
                self.suppose_equal(f"the argument of {name.name}", here, known[1])
                return known[0]
        if len(argument) == 1 and len(argument[0].atoms) == 1 and not argument[0].bound:
            (term,) = argument
            if term.numerator == term.denominator == 1:
                whole = [self._function_atom(name, order, [replace(term, condition=k.TRUE)], formals, index, guard)]
                where = _at_condition(term.condition, formals, index)
                if where == k.TRUE:
                    return whole
                nothing = self._function_atom(name, order, [], formals, index, guard)
                return self.products([[Term(condition=where)], whole]) + self.products(
                    [[Term(condition=k.negate(where))], [nothing]]
                )
        return [self._function_atom(name, order, argument, formals, index, guard)]

    def _function_atom(
        self, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
        guard: Condition,
    ) -> Term:  # fmt: skip
        single = _single(argument)
        if single is not None:
            # f(x[g(i)]) is the function f of the tensor x at g(i); renaming makes equal functions equal heads.
            inner = _formals(len(single.indices))
            place = tuple(_at(i, formals, index) for i in single.indices)
            argument = [Term((Atom(single.head, inner),))]
            formals = inner
            guard = self._domain(single.head, inner)
        else:
            place = tuple(index)
        names = _names(argument)
        used = [n for n, formal in enumerate(formals) if formal.symbols() <= names]
        unused = frozenset[Name]().union(*(formal.symbols() for formal in formals)) - names
        guard = k.all_of(part for part in k.conjuncts(guard) if not k.condition_symbols(part) & unused)
        # The formal indices are numbered anew, so that an argument's key does not depend on those it leaves out.
        values = {next(iter(formals[n].symbols())): fresh for n, fresh in zip(used, _formals(len(used)), strict=True)}
        argument = [rename_term(term, values) for term in argument]
        guard = k.substitute_condition(guard, values)
        formals, place = _formals(len(used)), tuple(place[n] for n in used)
        if single is None:
            met = self.known_equal(name, argument, formals, guard)
            self.suppose_equal(f"one argument of {name.name}", argument, met, guard)
            argument = met
        key, demands = canonical_argument(argument)
        self.demands |= demands
        head = Function(name, order, key)
        self._of_argument_met(head, argument, guard)
        if head not in self.opaque:
            self.opaque[head] = self._function_record(name, order, argument, formals, single, head, guard)
        return Term((Atom(head, place),))

    def argument_at(self, atom: Atom) -> Terms | None:
        """What an atom is a function of, at its place; None of what is no function of one variable."""
        record = self.opaque.get(atom.head)
        if record is None or record.template is None:
            return None
        values = _at_values(record.template.formals, atom.indices)
        return [self._refreshed(rename_term(self._refreshed(term), values)) for term in record.template.terms]

    def _domain(self, head: Head, places: Sequence[Int]) -> Condition:
        """What places of a head's entries obey, as far as it is known."""
        if isinstance(head, Reciprocal):
            return self._domain(head.of, places)
        record = self.opaque.get(head)
        if record is not None and record.template is not None:
            return _at_condition(record.template.guard, record.template.formals, places)
        shape = self.shapes.get(head, ())
        return k.all_of(k.between(0, i, n - 1) for i, n in zip(places, shape, strict=False))

    def known_equal(self, function: Map, argument: Terms, formals: tuple[Int, ...], guard: Condition) -> Terms:
        """An argument that this function was already applied to and that is proved equal, or the argument itself: an
        opaque function is a function of its entry's value, however that is written.

        Here alone two heads that look different become one unknown.
        """
        for record in list(self.opaque.values()):
            known = record.template
            if known is None or known.function is not function or known.formals != formals or record.plain:
                continue
            if list(known.terms) == argument or self.same(argument, list(known.terms), guard):
                return list(known.terms)
        return argument

    def _function_record(
        self, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], single: Atom | None, head: Head,
        guard: Condition,
    ) -> Opaque:  # fmt: skip
        def specific(indices: Sequence[Int]) -> Terms:
            values = _at_values(formals, indices)
            return [self._refreshed(rename_term(self._refreshed(term), values)) for term in argument]

        def expand(indices: Sequence[Int]) -> list[tuple[Term, Terms]]:
            if name is INVERSE:
                inverse = Atom(head, tuple(indices))
                return [(Term((inverse, inverse), numerator=Int.of(-1)), specific(indices))]
            derivative = self._derivative(name, order, argument, formals, tuple(indices), guard)
            return [(factor, specific(indices)) for factor in derivative]

        def rebuild(change: Callable[[Terms], Terms], indices: Sequence[Int]) -> Terms:
            return self.apply_function(name, order, change(argument), formals, tuple(indices), guard)

        template = Template(name, tuple(argument), formals, guard)
        inner = self.opaque.get(single.head) if single is not None else None
        plain = template.arbitrary and single is not None and (inner is None or inner.plain)
        return Opaque(expand, rebuild, plain, template)

    def _derivative(
        self, name: Map, order: int, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...],
        guard: Condition,
    ) -> Terms:  # fmt: skip
        """f^(order+1) of the argument, through the known derivatives where f is a known function."""
        if name.kind is Kind.JUMP:
            self.axioms["no entry is where an indicator of the data jumps"] = None
            return []
        formula = derivative_of(name.name, order, ARGUMENT) if name.kind is Kind.KNOWN else None
        if formula is None:
            return self.apply_function(name, order + 1, argument, formals, index, guard)
        return self._of_argument(formula, argument, formals, index, guard)

    def _of_argument(
        self, node: Expression, argument: Terms, formals: tuple[Int, ...], index: tuple[Int, ...], guard: Condition
    ) -> Terms:  # fmt: skip
        """A formula in the one variable ARGUMENT, which stands for terms in formal indices, at an index.

        A function inside of it becomes an unknown of the argument as a whole, with the argument's indices as its
        places: an unknown without them would be one value for all entries.
        """

        def at(part: Basic) -> Terms:
            assert isinstance(part, Expression)
            return self._of_argument(part, argument, formals, index, guard)

        if node == ARGUMENT:
            values = _at_values(formals, index)
            return [self._refreshed(rename_term(self._refreshed(term), values)) for term in argument]
        if isinstance(node, Plus):
            return [term for part in node.args for term in at(part)]
        if isinstance(node, Minus):
            return scaled(at(node.args[0]), -1)
        if isinstance(node, Times):
            return self.products([at(part) for part in node.args])
        if isinstance(node, Power):
            exponent = node.args[1]
            amount = int(exponent.value if isinstance(exponent, Constant) else exponent)
            return self.products([at(node.args[0]) for _ in range(amount)])
        if isinstance(node, Elementwise) and node.of == ARGUMENT:
            return self.apply_function(Map(Kind.KNOWN, node.name), node.order, argument, formals, index, guard)
        if isinstance(node, Over):
            divisor = self._of_argument(node.args[1], argument, formals, formals, guard)
            return self.products([at(node.args[0]), self._inverse_of(divisor, formals, index, guard)])
        if isinstance(node, Constant):
            return self.lower(node, (), {}, frozenset())
        raise AssertionError(f"the table of derivatives has a formula that is not read here: {node}")

    def _inverse_of(
        self, divisor: Terms, formals: tuple[Int, ...], index: tuple[Int, ...], guard: Condition
    ) -> Terms:  # fmt: skip
        """One by an entry given by terms in formal indices, at an index. It is not 0 where a function of it is
        differentiated: log and sqrt are so for positive arguments only."""
        if len(divisor) == 1 and not divisor[0].bound and divisor[0].condition == k.TRUE:
            term = rename_term(divisor[0], _at_values(formals, index))
            if not term.atoms and term.numerator.terms.keys() != {()}:
                raise Unsupported("a derivative that divides by sizes")
            inverse = Term(numerator=term.denominator, denominator=term.numerator, demands=term.demands)
            return [multiply(inverse, *[self._inverse_atom(atom) for atom in term.atoms])]
        return self.apply_function(INVERSE, 0, divisor, formals, index, guard)

    def _refreshed(self, term: Term) -> Term:
        """The term with fresh bound indices."""
        # In a fixed order: the answers must not depend on how a set is laid out in memory.
        names = sorted(term.bound, key=lambda name: (len(text_of(name)), text_of(name)))
        return rename_term(term, {name: Int.symbol(self.fresh()) for name in names}) if names else term

    def replaced(self, term: Term, head: Head, value: Callable[[Sequence[Int]], Terms]) -> Terms:
        """The term with every atom of `head` replaced by terms, inside opaque functions too."""
        factors: list[Terms] = [[replace(term, atoms=())]]
        for atom in term.atoms:
            if atom.head is head:
                factors.append([self._refreshed(part) for part in value(atom.indices)])
            elif atom.head in self.opaque and head in atom.head.mentions:
                factors.append(self.opaque[atom.head].rebuild(
                    lambda old: [new for part in old for new in self.replaced(part, head, value)], atom.indices
                ))  # fmt: skip
            else:
                factors.append([Term((atom,))])
        return self.products(factors)

    # -- indices ------------------------------------------------------------------------------------------------------

    def _entry(self, node: Entry, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        kept = iter(index)
        place = []
        for part in node.indices:
            if isinstance(part, Slice):
                place.append(self.integer(part.start, env) + self.integer(part.step, env) * next(kept))
            else:
                place.append(self.integer(part, env))
        return self.lower(node.of, place, env, cut)

    def _index_sum(self, node: IndexSum, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        inner = dict(env)
        names = []
        conditions = []
        for part in node.ranges:
            name = self.fresh()
            names.append(name)
            if part.explicit:
                low, high = self.integer(part.low, inner), self.integer(part.high, inner)
                conditions.append(k.between(low, Int.symbol(name), high))
            inner[part.index.name] = Int.symbol(name)
        conditions.append(range_condition(self, node, inner))
        frame = Term((), frozenset(names), k.all_of(conditions))
        return self.products([[frame], self.lower(node.body, index, inner, cut)])

    def _by_index(self, node: ByIndex, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        lead = len(node.ranges)
        inner = dict(env)
        for part, value in zip(node.ranges, index[:lead], strict=True):
            inner[part.index.name] = value
        return self.lower(node.body, index[lead:], inner, cut)

    def _bracket(self, node: Bracket, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return [Term(condition=self.condition(node.condition, env))]

    def _data_bracket(
        self, node: DataBracket, index: tuple[Int, ...], env: Environment, cut: Cut
    ) -> Terms:
        left, right = node.args[1], node.args[2]
        turned = {"<": ">", "<=": ">="}.get(node.operator)
        jump = Map(Kind.JUMP, turned or node.operator)
        return self.function(jump, 0, right - left if turned else left - right, index, env, cut)

    def _size_tuple(self, node: SizeTuple, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        found = []
        for position, size in enumerate(node.sizes):
            numerator, denominator = self.fraction(size, env)
            condition = k.equal(index[0], position)
            if condition != k.FALSE:
                found.append(Term((), frozenset(), condition, numerator, denominator))
        return found

    # -- derivatives --------------------------------------------------------------------------------------------------

    def vary(self, term: Term, varying: Callable[[Head], bool]) -> Iterator[tuple[Term, Head, tuple[Int, ...]]]:
        """The differential of a term: (factor, head, place) for each varying atom d head[place]."""
        for number, atom in enumerate(term.atoms):
            rest = replace(term, atoms=(*term.atoms[:number], *term.atoms[number + 1 :]))
            if varying(atom.head):
                yield rest, atom.head, atom.indices
            elif atom.head in self.opaque:
                for factor, inner in self.opaque[atom.head].expand(atom.indices):
                    for part in inner:
                        for coefficient, head, place in self.vary(part, varying):
                            yield multiply(rest, factor, coefficient), head, place
            elif isinstance(atom.head, Sensitivity):
                raise Unsupported(f"the derivative of {atom.head}: an arbitrary loss has no known second derivative")

    def _grad(self, node: Grad, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        return self._by_entry(node.of, (), node.wrt, index, env, cut)

    def _by_entry(
        self, of: Expression, at: Sequence[Int], wrt: Expression, index: Sequence[Int], env: Environment,
        cut: Cut,
    ) -> Terms:  # fmt: skip
        """∂ of[at] / ∂ wrt[index]."""
        if not isinstance(wrt, Tensor | Definition):
            raise Unsupported(f"a derivative by {wrt}, which is not a name")
        inner = cut | {wrt.name} if isinstance(wrt, Definition) else cut
        found, name = [], EntryHead(wrt.name)
        for term in self.lower(of, at, env, frozenset(inner)):
            for factor, _, place in self.vary(term, lambda head: head is name):
                found.append(multiply(factor, Term(condition=_equal_places(place, index))))
        return self._uncut(found, wrt, cut)

    def _uncut(self, found: Terms, wrt: Expression, cut: Cut) -> Terms:
        """After differentiation by a definition, put its body back."""
        if not isinstance(wrt, Definition) or wrt.name in cut or Every.DEFINITION in cut:
            return found
        return [
            new
            for term in found
            for new in self.replaced(term, EntryHead(wrt.name), lambda place: self.lower(wrt.body, place, {}, cut))
        ]

    def _jacobian(self, node: Jacobian, index: tuple[Int, ...], env: Environment, cut: Cut) -> Terms:
        row = _column_major(index[0], self.shape(node.of, env))
        column = _column_major(index[1], self.shape(node.wrt, env))
        return self._by_entry(node.of, row, node.wrt, column, env, cut)

    def _differential(
        self, node: Differential, index: tuple[Int, ...], env: Environment, cut: Cut
    ) -> Terms:
        wrt = node.wrt
        inner = frozenset(cut | {wrt.name}) if isinstance(wrt, Definition) else cut
        found = []

        def varying(head: Head) -> bool:
            return isinstance(head, EntryHead) and (wrt is None or head.name == str(wrt.name))

        for term in self.lower(node.of, index, env, inner):
            for factor, head, place in self.vary(term, varying):
                assert isinstance(head, EntryHead)
                found.append(multiply(factor, Term((Atom(DifferentialHead(head.name), place),))))
        return self._uncut(found, wrt, cut) if wrt is not None else found


def _opened(node: Expression) -> Expression:
    while isinstance(node, Definition):
        node = node.body
    return node


def _formals(rank: int) -> tuple[Int, ...]:
    return tuple(Int.symbol(Mark(Role.FORMAL, axis)) for axis in range(rank))


def _at_values(formals: Sequence[Int], index: Sequence[Int]) -> dict[Name, Int]:
    return {next(iter(formal.symbols())): i for formal, i in zip(formals, index, strict=True)}


def _at(value: Int, formals: Sequence[Int], index: Sequence[Int]) -> Int:
    return k.substitute(value, _at_values(formals, index))


def _at_condition(condition: Condition, formals: Sequence[Int], index: Sequence[Int]) -> Condition:
    return k.substitute_condition(condition, _at_values(formals, index))


def entangled(heads: Sequence[Head]) -> bool:
    """Whether a product of unknowns with these heads may be one of fewer: x·(1/x) is 1 where the places are equal, and
    of two indicators of one maximum's place m·m is m or 0, those of overlapping windows exclude each other."""
    return any(
        (isinstance(head, Reciprocal) and head.of in heads) or (isinstance(head, Argmax) and heads.count(head) > 1)
        for head in heads
    )


def _single(found: Terms) -> Atom | None:
    """The atom, if the terms are one atom and nothing else."""
    if len(found) == 1 and len(found[0].atoms) == 1 and not found[0].bound:
        (term,) = found
        if term.condition == k.TRUE and term.numerator == term.denominator == 1:
            return term.atoms[0]
    return None


def _names(found: Terms) -> frozenset[Name]:
    names: frozenset[Name] = frozenset()
    for term in found:
        names |= k.condition_symbols(term.condition) | term.numerator.symbols() | term.denominator.symbols()
        for atom in term.atoms:
            names = names.union(*(i.symbols() for i in atom.indices))
    return names


def _definition_of(node: Basic, head: Head, cut: Cut) -> Definition | None:
    """The definition in a formula that a head is an entry of, if it is to be opened."""
    return _find_definition(node, head.name) if isinstance(head, EntryHead) and head.name not in cut else None


def _find_definition(node: Basic, name: str) -> Definition | None:
    if isinstance(node, Definition):
        return node if node.name == name else None
    for part in node.args:
        found = _find_definition(part, name) if isinstance(part, Basic) else None
        if found is not None:
            return found
    return None


def _constant(found: Terms) -> tuple[Int, Int] | None:
    """The number other than 0 that terms without data and indices are, as a fraction; None where they are not."""
    monomials = Monomials()
    for term in found:
        monomials.add(term)
    total = Fraction(0)
    for heads, pieces in monomials.groups.items():
        for piece in pieces:
            top, bottom = piece.numerator.constant, piece.denominator.constant
            if heads or piece.condition != k.TRUE or piece.leftover or piece.demands or top is None or not bottom:
                return None
            total += Fraction(top, bottom)
    return (Int.of(total.numerator), Int.of(total.denominator)) if total else None


def _equal_places(left: Sequence[Int], right: Sequence[Int]) -> Condition:
    return k.all_of(k.equal(i, j) for i, j in zip(left, right, strict=True))


def _column_major(position: Int, shape: Sequence[Int]) -> tuple[Int, ...]:
    return tuple(reversed(unravel(position, tuple(reversed(shape)))))


def _table(index: Sequence[Int], entries: Any) -> Terms:
    """Terms that are given numbers at given places."""
    found = []
    for place, value in entries:
        condition = k.all_of(k.equal(i, j) for i, j in zip(index, place, strict=True))
        if condition != k.FALSE and value:
            found.append(Term((), frozenset(), condition, Int.of(int(value.p)), Int.of(int(value.q))))
    return found


def _number(found: Terms) -> Any:
    """The number that terms without atoms and with numbers everywhere are; None for any others."""
    from sympy import Rational

    total = Rational(0)
    for term in found:
        if term.bound or term.atoms or term.demands or k.condition_symbols(term.condition):
            return None
        if term.numerator.constant is None or not term.denominator.constant:
            return None
        if k.holds(term.condition, {}):
            total += Rational(term.numerator.constant, term.denominator.constant)
    return total


def _outer_names(node: Expression, env: Environment) -> list[str]:
    """The indices in scope that a formula may mention."""
    mentioned = {symbol.name for symbol in node.atoms(Symbol)}
    return [name for name in env if name in mentioned]


def _is_shift(indices: Sequence[Int], formals: Sequence[Int]) -> bool:
    """Whether places are the formal indices in order, each plus what does not depend on them, perhaps among other
    indices (x[c, i + 1, j])."""
    names = {next(iter(formal.symbols())): n for n, formal in enumerate(formals)}
    met = []
    for index in indices:
        used = [name for name in names if name in index.symbols()]
        if len(used) > 1 or (used and names.keys() & (index - formals[names[used[0]]]).symbols()):
            return False
        met += [names[name] for name in used]
    return met == sorted(met) and len(met) == len(formals)


def _no_padding(node: Apply) -> bool:
    """Whether every window of a max_pool lies in its data."""
    pad, ceil = node.arguments[3:5]
    return all(width == 0 for pair in pad.args for width in pair.args) and not bool(ceil)


def _sizes(frame: Frame | None) -> Iterator[Int]:
    """The sizes that a frame is made of."""
    if frame is not None:
        shape, steps, pad = frame.parts
        yield from (*shape, *steps, *(width for pair in pad for width in pair))


def _no_rebuild() -> Terms:
    raise Unsupported("a derivative by a definition inside softmax or max pooling")


_METHODS: dict[type, Any] = {
    Tensor: Lowering._tensor,
    Definition: Lowering._definition,
    Loss: Lowering._loss,
    Constant: Lowering._constant,
    Literal: Lowering._literal,
    Plus: Lowering._plus,
    Minus: Lowering._minus,
    Times: Lowering._times,
    Over: Lowering._over,
    Power: Lowering._power,
    Apply: Lowering._apply,
    Elementwise: Lowering._elementwise,
    Entry: Lowering._entry,
    IndexSum: Lowering._index_sum,
    ByIndex: Lowering._by_index,
    Bracket: Lowering._bracket,
    DataBracket: Lowering._data_bracket,
    SizeTuple: Lowering._size_tuple,
    Grad: Lowering._grad,
    Jacobian: Lowering._jacobian,
    Differential: Lowering._differential,
}

_NONLINEAR: dict[str, Any] = {
    "max": Lowering._max,
    "max_pool": Lowering._max_pool,
    "max_unpool": Lowering._max_unpool,
    "softmax": Lowering._softmax,
}
