"""The numeric verdict on a link: at which sizes its two sides agree, and the smallest sizes at which they do
not.

Law: sizes are tried by increasing sum, so that the first failure is the smallest. Agreement is evidence,
never proof; disagreement is a counterexample, and it is returned as a Witness that anybody can replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from math import prod

from derivations.crosscheck.comparison import Comparison, compare
from derivations.crosscheck.data import Ingredients, Manner, Vacuous, data_for, ingredients, satisfied
from derivations.crosscheck.evaluate import KinkCrossed
from derivations.crosscheck.integers import compiled
from derivations.crosscheck.sizes import Sizes, generic_sizes, sizes_by_sum
from derivations.crosscheck.values import NotEvaluable, NotExact, TooLarge
from derivations.crosscheck.witness import Failure, one_sample, witness_of
from derivations.formulas.claims import Claim, Context, Dimension, Link
from derivations.formulas.expressions import Shape
from derivations.formulas.integers import Condition
from derivations.judgement.verdict import Evidence, Witness
from numeric.operators import DoesNotExist, Tie

# The smallest sizes find the smallest counterexample; a few generic ones see what ones and equal dims hide.
SMALLEST, GENERIC = 8, 4
# how often data are drawn again after a tie, a zero divisor or a value outside a function's domain
ATTEMPTS = 4
# how often smaller sizes are tried with other data once larger ones have failed
AGAIN = 6
# sizes tried, by increasing sum, to find one below a failing generic size
LARGEST_SEARCH = 400
# of the smallest sizes outside a region, how many must differ
OUTSIDE = 3

# squared entries of data up to which further sizes are evaluated: a second or so
LARGEST_WORK = 10_000_000


# what becomes of an attempt whose data are not admitted: others are drawn
UNFIT_DATA = (Tie, ZeroDivisionError, KinkCrossed, FloatingPointError)


@dataclass(frozen=True)
class Trial:
    """One link at one size: the comparison and, if the sides differ, the failure; how the values were computed.

    vacuous: no data satisfy the hypotheses. without_data: all data that were drawn are at a kink, a tie or a zero
    divisor.
    """

    sizes: Sizes
    agree: bool | None
    exact: bool = True
    error: float = 0.0
    failure: Failure | None = None
    reason: str = ""
    vacuous: bool = False
    without_data: bool = False


def try_at(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> Trial:
    """Compare the two sides at these sizes on random data, drawn again after a tie or a division by zero.

    agree is None where no data could be evaluated (`reason` says why); vacuous where no data satisfy the
    hypotheses.
    """
    return _try(link, ingredients(claim, link), sizes, seed)


def _try(link: Link, needs: Ingredients, sizes: Mapping[str, int], seed: int) -> Trial:
    exact, positive, reason, unfit = True, False, "", False
    attempt = 0
    while attempt < ATTEMPTS:
        # an odd multiplier keeps the seeds of different attempts apart
        manner = Manner(
            exact, needs.kinked or bool(needs.assumptions), positive, seed * 1009 + attempt, scale=needs.scale
        )
        try:
            return _trial(link, needs, dict(sizes), manner)
        except NotExact:
            if not exact:
                return Trial(dict(sizes), None, False, reason="no floating values")
            exact = False
            continue
        except TooLarge as error:
            return Trial(dict(sizes), None, exact, reason=str(error))
        except Vacuous as error:
            return Trial(dict(sizes), None, exact, reason=str(error), vacuous=True)
        except UNFIT_DATA as error:
            reason, unfit = str(error), True
        except NotEvaluable as error:
            reason, unfit = str(error), False
            if exact:
                exact = False  # what is no polynomial may still be smooth
                continue
            positive = True  # logarithms and roots want positive data
        attempt += 1
        positive = positive or attempt >= ATTEMPTS // 2
    return Trial(dict(sizes), None, exact, reason=reason, without_data=unfit)


def _trial(link: Link, needs: Ingredients, sizes: Sizes, manner: Manner) -> Trial:
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            data = data_for(needs, sizes, manner)
        except DoesNotExist as error:
            found = Comparison(False, reason=str(error))
            return Trial(sizes, False, manner.exact, 0.0, Failure(sizes, {}, {}, found, manner.exact))
        if needs.assumptions and not satisfied(needs, sizes, data, manner.exact).all():
            raise Tie("the data do not satisfy the assumptions")
        found = compare(link, needs, sizes, data, manner.exact)
    if found.agree is not False:
        return Trial(sizes, found.agree, manner.exact, found.error, reason=found.reason)
    sample = one_sample(data, found.sample)
    failure = Failure(sizes, sample, needs.polynomials, found, manner.exact)
    return Trial(sizes, False, manner.exact, found.error, failure)


def survey(claim: Claim, link: Link, sizes: Sequence[Mapping[str, int]], seed: int = 0) -> list[Trial]:
    """The link at each of the sizes: for proposals of regions."""
    needs = ingredients(claim, link)
    return [_try(link, needs, one, seed) for one in sizes]


def evidence(
    claim: Claim, link: Link, *, smallest: int = SMALLEST, generic: int = GENERIC, seed: int = 0
) -> tuple[Evidence, Witness | None]:
    """What `numeric` says about a link: the evidence, and a witness at the smallest failing sizes if there
    are any.

    smallest: how many sizes by increasing sum; generic: how many further ones without coincidences.
    """
    shapes = tuple(tensor.shape for tensor in ingredients(claim, link).tensors)
    chosen, more = _sizes(
        claim.context.dims, (*claim.context.conditions, *claim.conditions), shapes, smallest, generic, seed
    )
    if not chosen:
        return Evidence(note="no admissible sizes were found"), None
    trials = survey(claim, link, [*chosen, *more], seed)
    _look_again(trials, link, ingredients(claim, link), seed)
    first = next((trial for trial in trials if trial.failure), None)
    witness = None
    if first is not None:
        if trials.index(first) >= len(chosen):
            first = _smaller(claim, link, chosen, first, seed)
        assert first.failure is not None
        witness = _witness(claim, link, first.failure)
    return _summary(trials), witness


def _look_again(trials: list[Trial], link: Link, needs: Ingredients, seed: int) -> None:
    """Try again, with other data, the sizes before the first failing ones: where a maximum lies is chance, and few data
    of few entries may all have it in one place. In place."""
    first = next((number for number, trial in enumerate(trials) if trial.failure), 0)
    for number in range(first if needs.kinked else 0):
        others = (_try(link, needs, trials[number].sizes, seed + more) for more in range(1, AGAIN + 1))
        failed = next((trial for trial in others if trial.failure), None)
        if failed is not None:
            trials[number] = failed
            return


@lru_cache(maxsize=512)
def _sizes(
    dims: tuple[Dimension, ...],
    conditions: tuple[Condition, ...],
    shapes: tuple[Shape, ...],
    smallest: int,
    generic: int,
    seed: int,
) -> tuple[list[Sizes], list[Sizes]]:
    """The smallest sizes and some generic ones; links of one context share them."""
    context = Context(dims)
    entries = [[compiled(size) for size in shape] for shape in shapes]

    def work(sizes: Sizes) -> int:
        return sum(prod(max(size(sizes), 0) for size in shape) for shape in entries)

    chosen = list(sizes_by_sum(context, conditions, smallest))
    more = generic_sizes(context, conditions, generic, work=work, seed=seed)
    spent = 0
    kept: list[Sizes] = []
    for one in [*chosen, *(one for one in more if one not in chosen)]:
        # a gradient costs about the square of the entries; where the least sizes are large, few of them must do
        spent += work(one) ** 2
        if kept and spent > LARGEST_WORK:
            break
        kept.append(one)
    return kept[: len(chosen)], kept[len(chosen) :]


def _smaller(claim: Claim, link: Link, tried: list[Sizes], failing: Trial, seed: int) -> Trial:
    """The first failing sizes in the order by sum, up to those of a failing trial."""
    largest = sum(failing.sizes.values())
    for sizes in sizes_by_sum(claim.context, claim.conditions, LARGEST_SEARCH, largest):
        if sizes not in tried:
            trial = try_at(claim, link, sizes, seed)
            if trial.failure:
                return trial
    return failing


def _witness(claim: Claim, link: Link, failure: Failure) -> Witness:
    return witness_of(claim, link, ingredients(claim, link), failure)


def _summary(trials: Sequence[Trial]) -> Evidence:
    """How many sizes gave an answer, how many agreed, by which method, with which largest error."""
    counted = [trial for trial in trials if trial.agree is not None]
    open_ = [trial for trial in trials if trial.agree is None and not trial.vacuous]
    notes = [f"not evaluated at {len(open_)} sizes: {open_[0].reason}"] if open_ else []
    if any(trial.vacuous for trial in trials):
        notes.append("at some sizes no data satisfy the hypotheses")
    if not counted:
        without = bool(trials) and all(trial.vacuous or trial.without_data for trial in trials)
        return Evidence(note="; ".join(notes), without_data=without)
    method = "exact" if all(trial.exact for trial in counted) else "complex step"
    return Evidence(
        shapes=len(counted),
        agreed=sum(1 for trial in counted if trial.agree),
        method=method,
        largest_error=max(trial.error for trial in counted),
        note="; ".join(notes),
    )


def agrees_outside(
    claim: Claim, link: Link, holds: Callable[[Mapping[str, int]], bool], *, count: int = OUTSIDE, seed: int = 0
) -> Sizes | None:
    """The first of the smallest sizes outside a region at which both sides agree for all data tried, or None.

    Where a region is exact, some data disagree at every size outside it; `holds` says whether sizes are inside. Sizes
    at which nothing could be evaluated, or no data are admitted, say nothing.
    """
    needs = ingredients(claim, link)
    admissible = sizes_by_sum(claim.context, claim.conditions, LARGEST_SEARCH)
    for sizes in islice((one for one in admissible if not holds(one)), count):
        trials = (_try(link, needs, sizes, seed + more) for more in range(AGAIN + 1))
        if all(trial.agree is True for trial in trials):
            return sizes
    return None


def replay(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> Witness | None:
    """The witness at given sizes, or None where the sides agree there or nothing could be evaluated
    (`agree_at` tells the two apart)."""
    trial = try_at(claim, link, sizes, seed)
    return _witness(claim, link, trial.failure) if trial.failure else None


def agree_at(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> bool | None:
    """Whether the two sides agree at given sizes on random data; None where nothing could be evaluated.

    Sizes at which no data satisfy the hypotheses agree: nothing is claimed there.
    """
    trial = try_at(claim, link, sizes, seed)
    return True if trial.vacuous else trial.agree
