"""Signs that a formula shows by how it is written: exp t > 0, Σ x² >= 0, a mean of positive numbers is positive.

What is evident need not be supposed, so that a verdict names only what it rests on.

Law: a sign holds of every entry of the formula wherever this exists, at all sizes of the context and for all data that
the assumptions admit; an assumption that it rests on is named. None says nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sympy import preorder_traversal

from derivations.core import terms as k
from derivations.core.heads import Entry as EntryHead
from derivations.core.sums import LimitReached
from derivations.core.terms import Int
from derivations.formulas.claims import Assumption, Context
from derivations.formulas.expressions import (
    Apply,
    Bracket,
    ByIndex,
    Constant,
    DataBracket,
    Definition,
    Elementwise,
    Entry,
    Expression,
    IndexSum,
    Literal,
    Minus,
    Over,
    Plus,
    Power,
    Tensor,
    Times,
)
from derivations.formulas.indices import free_names
from derivations.meaning.basis import Basis
from derivations.meaning.domains import Domain
from derivations.meaning.functions import Unsupported
from derivations.meaning.goal import context_condition
from derivations.meaning.lowering import Lowering
from derivations.meaning.signs import Sign, Signs, bounds_of

BOUNDED = ("sigmoid", "tanh")  # beside a number they have a sign
POSITIVE = ("exp", "sigmoid", "softplus")  # whatever their argument
NOT_NEGATIVE = ("sqrt", "relu", "abs")
KEPT = ("transpose", "permute", "reshape", "flip", "mean", "max")  # of their argument's sign


@dataclass
class Evident:
    """The signs of formulas in a context; `lowering` knows what its sizes are."""

    lowering: Lowering
    signs: Signs
    names: frozenset[str]
    known: dict[Expression, Sign | None] = field(default_factory=dict)

    def is_in(self, node: Expression, domain: Domain) -> bool:
        """Whether all entries of a formula are evidently in a domain."""
        sign = self.sign(node)
        return sign is Sign.POSITIVE or (sign is Sign.NOT_NEGATIVE and domain is Domain.NOT_NEGATIVE)

    def sign(self, node: Expression) -> Sign | None:
        """The sign of all entries of a formula."""
        if node not in self.known:
            self.known[node] = self._sign(node)
        return self.known[node]

    def _sign(self, node: Expression) -> Sign | None:
        if isinstance(node, Constant):
            return self._of_size(node)
        if isinstance(node, Literal):
            least = min(node.values, default=None)
            return None if least is None or least < 0 else Sign.POSITIVE if least > 0 else Sign.NOT_NEGATIVE
        if isinstance(node, Definition | ByIndex):
            return self.sign(node.body)
        if isinstance(node, Entry):
            return self.sign(node.of)
        if isinstance(node, Tensor):
            return self.signs.of_power(EntryHead(node.name))
        if isinstance(node, Bracket | DataBracket):
            return Sign.NOT_NEGATIVE
        if isinstance(node, Plus):
            return _sum(self.sign(part) for part in _parts(node)) or self._of_normal_form(node)
        if isinstance(node, Minus):
            return self._of_normal_form(node)
        if isinstance(node, Times):
            return _product(self._repeated(part, times) for part, times in Counter(_parts(node)).items())
        if isinstance(node, Over):
            below = self.sign(node.args[1])
            return self.sign(node.args[0]) if below is not None else None
        if isinstance(node, Power):
            return self._of_power(node)
        if isinstance(node, Elementwise):
            return self._of_function(node)
        if isinstance(node, IndexSum):
            return self._of_sum(node)
        return self._of_operator(node) if isinstance(node, Apply) else None

    def _of_normal_form(self, node: Expression) -> Sign | None:
        """Of what is 1 − sigmoid t, say: exp(−t)/(1 + exp(−t)) in the normal form of functions."""
        apart = Lowering(known=self.lowering.known)
        if not any(isinstance(part, Elementwise) and part.name in BOUNDED for part in preorder_traversal(node)):
            return None
        try:
            places = tuple(Int.symbol(apart.fresh()) for _ in node.shape)
            basis = Basis(apart, self.signs)
            found = basis.normal(apart.lower(node, places, {}, frozenset()))
            factor, rest = basis.shared(basis.merged(found), positive=False)
        except (Unsupported, LimitReached):
            return None
        if apart.premises or apart.demands or not rest:
            return None
        return _product([self.signs.of_sum([factor]), self.signs.of_sum(rest)])

    def _of_size(self, node: Constant) -> Sign | None:
        if not free_names(node) <= self.names:
            return None
        top, bottom = self.lowering.fraction(node.value, {})
        return self.signs.of_size(top) if self.signs.of_size(bottom) is not None else None

    def _repeated(self, part: Expression, times: int) -> Sign | None:
        """Of a factor that stands so many times."""
        sign = self.sign(part)
        return Sign.NOT_NEGATIVE if sign is None and times % 2 == 0 else sign

    def _of_power(self, node: Power) -> Sign | None:
        exponent = node.args[1].value if isinstance(node.args[1], Constant) else node.args[1]
        sign = self.sign(node.args[0])
        if sign is Sign.POSITIVE:
            return sign
        even = exponent.is_Integer and int(exponent) % 2 == 0
        # A root exists of what is not negative alone.
        return Sign.NOT_NEGATIVE if even or (exponent.is_Rational and not exponent.is_Integer) else sign

    def _of_function(self, node: Elementwise) -> Sign | None:
        if node.order:
            return None
        if node.name in POSITIVE:
            return Sign.POSITIVE
        if node.name in NOT_NEGATIVE:
            return Sign.POSITIVE if self.sign(node.of) is Sign.POSITIVE else Sign.NOT_NEGATIVE
        return None

    def _of_sum(self, node: IndexSum) -> Sign | None:
        """A sum of what is positive is positive where it is over something."""
        sign = self.sign(node.body)
        if sign is not Sign.POSITIVE:
            return sign
        for part in node.ranges:
            if not part.explicit or not free_names(part.low) | free_names(part.high) <= self.names:
                return Sign.NOT_NEGATIVE
            length = self.lowering.integer(part.high, {}) - self.lowering.integer(part.low, {})
            if not self.signs.known.implies(k.nonnegative(length)):
                return Sign.NOT_NEGATIVE
        return sign

    def _of_operator(self, node: Apply) -> Sign | None:
        if node.operator in ("softmax", "pi"):
            return Sign.POSITIVE
        if node.operator in KEPT and len(node.tensors) == 1:
            return self.sign(node.tensors[0])
        if node.operator == "sum":
            (part,) = node.tensors
            sign = self.sign(part)
            if sign is not Sign.POSITIVE:
                return sign
            there = all(free_names(size) <= self.names and self._is_there(size) for size in part.shape)
            return sign if there else Sign.NOT_NEGATIVE
        if node.operator == "maximum":
            found = [self.sign(part) for part in node.tensors]
            return next((sign for sign in (Sign.POSITIVE, Sign.NOT_NEGATIVE) if sign in found), None)
        return None

    def _is_there(self, size: object) -> bool:
        return self.signs.of_size(self.lowering.integer(size, {})) is Sign.POSITIVE


def _parts(node: Expression) -> list[Expression]:
    return [part for part in node.args if isinstance(part, Expression)]


def _sum(signs: Iterable[Sign | None]) -> Sign | None:
    found = list(signs)
    if None in found:
        return None
    return Sign.POSITIVE if Sign.POSITIVE in found else Sign.NOT_NEGATIVE


def _product(signs: Iterable[Sign | None]) -> Sign | None:
    found = list(signs)
    if None in found:
        return None
    return Sign.NOT_NEGATIVE if Sign.NOT_NEGATIVE in found else Sign.POSITIVE


def evident_in(
    lowering: Lowering, context: Context, conditions: Iterable[object] = (), assumptions: Iterable[Assumption] = ()
) -> Callable[[Expression, Domain], bool]:
    """Whether a formula is evidently in a domain, within a context; what that rests on is named among the axioms."""

    def named(text: str) -> None:
        lowering.axioms[text] = None

    signs = Signs(context_condition(lowering, context, tuple(conditions)), bounds_of(assumptions), name=named)
    return Evident(lowering, signs, frozenset(dim.name for dim in context.dims)).is_in
