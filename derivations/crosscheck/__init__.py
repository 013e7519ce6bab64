"""The one door to `numeric/`: evaluates the nodes of a claim there, finds its smallest counterexample,
replays any.

Why: the kernel proves with index relations; here the same formulas are computed on numbers, by operators that
were written apart, with derivatives by perturbation. The two must agree, and nothing is called false without
a witness that was computed here.

Law: values are exact (integers, fractions) wherever the formula allows it, and compared with zero tolerance;
smooth functions use complex steps and a tolerance derived from rounding. Sizes are tried by increasing sum.
What cannot be computed is reported as not computed.

What it cannot see: all sizes. Agreement here is evidence, not proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derivations.crosscheck import (
    derivatives,  # noqa: F401  (registers the values of grad, jacobian and d)
    values,
)
from derivations.crosscheck.evaluate import Scope, value_of
from derivations.crosscheck.evidence import (
    Trial,
    agree_at,
    agree_for_all,
    agrees_outside,
    evidence,
    fails,
    replay,
    survey,
    try_at,
)
from derivations.crosscheck.residuals import residuals
from derivations.crosscheck.sizes import generic_sizes, sizes_by_sum
from derivations.crosscheck.values import NotEvaluable, NotExact
from derivations.formulas.expressions import Expression
from numeric.operators import Array, DoesNotExist, Tie


def evaluate(
    node: Expression,
    sizes: Mapping[str, int],
    data: Mapping[str, Any],
    *,
    functions: Mapping[str, tuple[int, ...]] | None = None,
    exact: bool = True,
) -> Array:
    """The numeric value of a formula without free indices at concrete sizes.

    data: arrays or nested lists by name: tensors; for an arbitrary loss J the coefficients δ of c + Σ δ∘z
    under "J" and c under "J:constant" (0 where absent); for d(w) an array under "d:w". functions: for each
    arbitrary function the coefficients of a polynomial, constant term first. exact: integers and fractions;
    else floating point with complex steps. Raises DoesNotExist, Tie, NotExact or NotEvaluable.

    >>> from derivations.formulas.expressions import Tensor, Times
    >>> x = Tensor("x", (2,))
    >>> evaluate(Times(x, x), {}, {"x": [2, 3]})
    array([4, 9])
    """
    numbers = {key: values.number(value) for key, value in data.items()}
    if not exact:
        numbers = {key: values.as_float(value) for key, value in numbers.items()}
    for key in list(numbers):
        numbers.setdefault(f"{key}:constant", values.scalar(0))
    scope = Scope(sizes, numbers, dict(functions or {}), exact)
    result = value_of(node, scope)
    if any(missing.where.any() for missing in scope.missing):
        raise DoesNotExist("an entry does not exist")
    array: Array = result.array[:1, :1].reshape(result.shape)
    return array


__all__ = [
    "DoesNotExist",
    "NotEvaluable",
    "NotExact",
    "Tie",
    "Trial",
    "agree_at",
    "agree_for_all",
    "agrees_outside",
    "evaluate",
    "evidence",
    "fails",
    "generic_sizes",
    "replay",
    "residuals",
    "sizes_by_sum",
    "survey",
    "try_at",
]
