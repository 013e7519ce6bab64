"""A counterexample that a person can check: at given sizes, the first entry that differs, on one-hot data.

Law: whatever simplification is tried, the witness that is returned was evaluated as returned: the two values
in it are those of its own data. Data stay inside the claim's hypotheses and assumptions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np
from mpmath import mpf, nstr, workprec  # type: ignore[import-untyped]

from derivations.crosscheck import values
from derivations.crosscheck.comparison import Comparison, settled, side
from derivations.crosscheck.data import Ingredients, Vacuous, satisfied, scope_for
from derivations.crosscheck.evaluate import Scope
from derivations.crosscheck.infinitesimal import PRIME
from derivations.crosscheck.values import NotEvaluable, Number
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Definition, Grad, Loss
from derivations.judgement.verdict import Witness
from numeric.operators import Array, Tie

# what simpler data may raise; then they are no simplification
UNFIT = (NotEvaluable, Tie, ZeroDivisionError, OverflowError, Vacuous)

# a relative difference of floating values that is looked at as one before it is settled
PLAIN = 1e-4
# digits of a value that is not exact; more where the two would look the same
WHOLE = 10**15  # below, a whole number is written as one
SHOWN = (12, 20, 40, 80, 160, 320, 640)

# simpler functions to try in place of the cubic polynomial: f(t) = t, then f(t) = t²
SIMPLE_FUNCTIONS = ((0, 1), (0, 0, 1))


@dataclass(frozen=True)
class Failure:
    """A disagreement: where, on which data (one sample), under which polynomials; in exact numbers, in many digits
    (`exact` is False), or in residues only."""

    sizes: Mapping[str, int]
    data: dict[str, Number]
    functions: dict[str, tuple[int, ...]]
    comparison: Comparison
    exact: bool
    residues: bool = False


def one_sample(data: Mapping[str, Number], number: int) -> dict[str, Number]:
    """The data of one sample."""
    return {
        key: Number(value.array[min(number, value.array.shape[0] - 1)][None], value.bound)
        for key, value in data.items()
    }


class Simplifier:
    """Replaces the data of a failure, name by name, by zeros, one-hot or small values, as long as it
    fails."""

    def __init__(self, link: Link, needs: Ingredients, failure: Failure) -> None:
        self.link, self.needs, self.failure = link, needs, failure
        self.indices = {
            free.index.name: np.array([value]) for free, value in zip(link.free, failure.comparison.free, strict=False)
        }

    def _scope(self, data: Mapping[str, Number], functions: dict[str, tuple[int, ...]]) -> Scope:
        scope = scope_for(self.needs, self.failure.sizes, data, self.failure.exact)
        return replace(scope, functions=functions)

    def difference(self, data: Mapping[str, Number], functions: dict[str, tuple[int, ...]]) -> Array:
        """(samples, 2): both values at the failing entry; raises where they cannot be computed."""
        with np.errstate(all="ignore"):
            return self._difference(self._scope(data, functions))

    def _difference(self, scope: Scope) -> Array:
        index = self.failure.comparison.index or ()
        columns = []
        for part in (self.link.left, self.link.right):
            found = side(part, scope, self.indices, 1)
            if found.value is None or found.absent.any():
                raise NotEvaluable("a side does not exist")
            place = index if found.value.rank == len(index) else (0,) * found.value.rank
            at: Any = (slice(None), 0, *place)
            columns.append(found.value.array[at])
        samples = max(column.shape[0] for column in columns)
        return np.stack([np.broadcast_to(column, (samples,)) for column in columns], axis=1)

    def failing(self, data: Mapping[str, Number], functions: dict[str, tuple[int, ...]]) -> Array:
        """For each sample, whether the entry certainly differs on admissible data."""
        pair = self.difference(data, functions)
        if self.failure.exact:
            wrong = np.asarray(pair[:, 0] != pair[:, 1], dtype=bool)
        else:
            pair = pair.astype(np.float64)
            wrong = np.abs(pair[:, 0] - pair[:, 1]) > PLAIN * np.maximum(np.abs(pair).max(axis=1), 1)
        if self.needs.hypotheses or self.needs.assumptions:
            wrong = wrong & satisfied(self.needs, self.failure.sizes, data, self.failure.exact)
        return np.asarray(wrong)

    def simplest(self) -> Failure:
        """The failure on the simplest data found: two rounds over all names, then the functions."""
        with np.errstate(all="ignore"):
            return self._simplest(dict(self.failure.data), dict(self.failure.functions))

    def _simplest(self, data: dict[str, Number], functions: dict[str, tuple[int, ...]]) -> Failure:
        for name in functions:
            for function in SIMPLE_FUNCTIONS:
                if self._any_fails(data, {**functions, name: function}):
                    functions[name] = function
                    break
        simplest: set[str] = set()  # what is 0 already
        for _ in range(2):
            before = dict(data)
            for key in data:
                if key not in simplest:
                    data = self._simplify(key, data, functions)
                    if not data[key].array.any():
                        simplest.add(key)
            if all(data[key] is before[key] for key in data):
                break
        simple = replace(self.failure, data=data, functions=functions)
        return simple if self.failure.exact else self._settled(simple)

    def _settled(self, simple: Failure) -> Failure:
        """The simpler failure with its values in many digits, if they differ there too; else the failure itself."""
        try:
            found = settled(self.link, self.needs, simple.sizes, simple.data, simple.functions)
        except UNFIT:
            return self.failure
        return replace(simple, comparison=found) if found.agree is False and found.index is not None else self.failure

    def _any_fails(self, data: Mapping[str, Number], functions: dict[str, tuple[int, ...]]) -> bool:
        try:
            return bool(self.failing(data, functions).any())
        except UNFIT:
            return False

    def _simplify(self, key: str, data: dict[str, Number], functions: dict[str, tuple[int, ...]]) -> dict[str, Number]:
        stacked = np.array(list(candidates(data[key].array[0, 0], self.needs.kinked)))
        if not self.failure.exact:
            stacked = stacked.astype(np.float64)
        every = values.measured(stacked[:, None])
        try:
            wrong = self.failing({**data, key: every}, functions)
            wrong = np.broadcast_to(wrong, (len(stacked),))
            if not wrong.any():
                return data
            chosen = values.measured(stacked[int(np.argmax(wrong))][None, None])
            if self.failure.exact or self._any_fails({**data, key: chosen}, functions):
                return {**data, key: chosen}
            return data
        except UNFIT:  # one of them has no value: look at each alone
            alone = ({**data, key: values.measured(candidate[None, None])} for candidate in stacked)
            return next((simpler for simpler in alone if self._any_fails(simpler, functions)), data)


def candidates(current: Array, kinked: bool) -> Iterator[Array]:
    """Simple arrays of one shape: zeros, each one-hot array, ones, and counting upwards; without ties,
    ranks."""
    shape, count = current.shape, prod(current.shape)
    yield np.zeros(shape, dtype=np.int64)
    for position in range(count):
        hot = np.zeros(count, dtype=np.int64)
        hot[position] = 1
        yield hot.reshape(shape)
    yield np.ones(shape, dtype=np.int64)
    if kinked:
        yield np.arange(count, dtype=np.int64).reshape(shape)
        yield np.arange(count, dtype=np.int64)[::-1].reshape(shape)
        order = np.empty(count, dtype=np.int64)
        order[np.argsort(current.ravel(), kind="stable")] = np.arange(count)
        yield order.reshape(shape)
    yield np.arange(1, count + 1, dtype=np.int64).reshape(shape)
    yield np.sign(current).astype(np.int64)


# -- printing ------------------------------------------------------------------------------------------------


def exact_text(value: Any) -> str:
    """A number as the claim language writes it: 3, -1/2, 0.25.

    >>> exact_text(Fraction(-1, 2)), exact_text(np.int64(3)), exact_text(0.25)
    ('-1/2', '3', '0.25')
    """
    if isinstance(value, float | np.floating):
        return format(float(value) + 0.0, ".12g")  # + 0.0 turns −0 into 0
    fraction = Fraction(int(value)) if isinstance(value, np.integer) else Fraction(value)
    return str(fraction)


def plain(array: Array) -> Any:
    """Nested lists of integers, of strings where a number is no integer."""
    if array.ndim:
        return [plain(part) for part in array]
    value = array.item() if array.dtype != object else array.reshape(1)[0]
    if isinstance(value, float):
        return int(value) if value.is_integer() else exact_text(value)
    return int(value) if value == int(value) else exact_text(value)


def polynomial_text(coefficients: tuple[int, ...]) -> str:
    """A polynomial in t.

    >>> polynomial_text((3, 0, -7, 1))
    't**3 - 7*t**2 + 3'
    """
    text = ""
    for power in reversed(range(len(coefficients))):
        coefficient = coefficients[power]
        if coefficient:
            letter = {0: "", 1: "t"}.get(power, f"t**{power}")
            size = abs(coefficient)
            body = f"{size}*{letter}" if letter and size != 1 else letter or str(size)
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} {body}" if text else ("-" if coefficient < 0 else "") + body
    return text or "0"


def different_texts(left: Any, right: Any) -> tuple[str, str]:
    """Two numbers that differ, in as many digits as show it.

    >>> different_texts(mpf(1), 1 + mpf(2) ** -45)
    ('1', '1.0000000000000284217')
    """
    texts = "", ""
    for digits in SHOWN:
        texts = _digits(left, digits), _digits(right, digits)
        if texts[0] != texts[1]:
            break
    return texts


def _digits(value: Any, digits: int) -> str:
    if not isinstance(value, mpf):
        return exact_text(value)
    if abs(value) < WHOLE and value == int(value):
        return str(int(value))
    with workprec(4 * digits):
        return str(nstr(value, digits)).removesuffix(".0")


def _label(key: str, claim: Claim, needs: Ingredients) -> str:
    """How a data key is called in the document: delta for the gradient of J, d(w) for a differential."""
    if key.startswith("d:"):
        return f"d({key[2:]})"
    name, _, suffix = key.partition(":")
    loss = next((loss for loss in needs.losses if loss.name == name), None)
    if loss is None:
        return key
    if suffix or needs.nested:
        # under second derivatives the loss is c + Σ δ∘z + Σ q∘z∘z, so that δ alone is not its gradient
        return f"{name}: {suffix or 'linear'}"
    for defined in claim.context.names.values():
        if isinstance(defined, Definition) and isinstance(defined.body, Grad) and _is_gradient(defined.body, loss):
            return defined.name
    inside = loss.of.name if hasattr(loss.of, "name") else "..."
    return f"grad({name}, {inside})"


def _is_gradient(body: Grad, loss: Loss) -> bool:
    return body.of == loss and body.wrt == loss.of


def witness_of(claim: Claim, link: Link, needs: Ingredients, failure: Failure) -> Witness:
    """The record of a failure: two shapes, or an entry on the simplest data that were found."""
    found = failure.comparison
    sizes = dict(failure.sizes)
    if found.differs_in_shape:
        return Witness(
            sizes=sizes,
            index=found.free or None,
            left_shape=found.left_shape,
            right_shape=found.right_shape,
            reason=found.reason,
        )
    if failure.residues:
        return Witness(
            sizes=sizes,
            index=(*found.free, *(found.index or ())),
            data=_shown(failure, claim, needs),
            left=str(found.left),
            right=str(found.right),
            reason=f"residues modulo {PRIME}; arbitrary functions have arbitrary residues",
        )
    simplifier = Simplifier(link, needs, failure)
    simple = simplifier.simplest()
    found = simple.comparison
    if failure.exact:
        left, right = map(exact_text, simplifier.difference(simple.data, simple.functions)[0])
    else:
        left, right = different_texts(found.left, found.right)
    index = (*found.free, *(found.index or ()))
    return Witness(sizes=sizes, index=index, data=_shown(simple, claim, needs), left=left, right=right)


def _shown(failure: Failure, claim: Claim, needs: Ingredients) -> dict[str, Any]:
    """The data of a failure by their names in the document, and the functions."""
    data: dict[str, Any] = {}
    for key, value in failure.data.items():
        label = _label(key, claim, needs)
        if ":" not in label or key.startswith("d:") or value.array.any():
            data[label] = plain(value.array[0, 0])
    if not failure.residues:
        data |= {f"{name}(t)": polynomial_text(coefficients) for name, coefficients in failure.functions.items()}
    return data
