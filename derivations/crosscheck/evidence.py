"""The numeric verdict on a link: at which sizes its two sides agree, and the smallest sizes at which they do
not.

Law: sizes are tried by increasing sum, so that the first failure is the smallest. Agreement is evidence,
never proof; disagreement is a counterexample, and it is returned as a Witness that anybody can replay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, islice
from math import prod
from typing import Literal

from derivations.crosscheck.comparison import Comparison, compare, settled
from derivations.crosscheck.data import Ingredients, Manner, StandIn, Vacuous, data_for, ingredients, satisfied
from derivations.crosscheck.evaluate import KinkCrossed, ZeroThroughout
from derivations.crosscheck.infinitesimal import Residues
from derivations.crosscheck.integers import compiled
from derivations.crosscheck.sizes import Sizes, generic_sizes, sizes_by_sum
from derivations.crosscheck.structure import divides_by_data, nesting, transcendental
from derivations.crosscheck.values import NotEvaluable, TooLarge
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
# how often an entry of a polynomial divisor must be 0, each time with other data, to be 0 for all data
ZERO_ATTEMPTS = 16
# how often smaller sizes are tried with other data once larger ones have failed
AGAIN = 6
# sizes tried, by increasing sum, to find one below a failing generic size
LARGEST_SEARCH = 400
# the smallest sizes at which derivatives are looked at again in any order
LOOKS = 1
# arbitrary functions in one another up to which both sides are computed exactly: numbers are 3 times as long for each
DEEPEST = 4
# of the smallest sizes outside a region, how many must differ
OUTSIDE = 3

# squared entries of data up to which further sizes are evaluated: a second or so
LARGEST_WORK = 10_000_000


# what becomes of an attempt whose data are not admitted: others are drawn
UNFIT_DATA = (Tie, ZeroDivisionError, KinkCrossed, FloatingPointError)


# How values are computed: in integers and fractions, modulo a prime, in floating point (and in many digits where that
# cannot tell).
Way = Literal["exact", "residues", "floating"]
WAYS: tuple[Way, ...] = ("exact", "residues", "floating")
METHODS = {"exact": "exact", "residues": "modulo a prime", "floating": "complex step"}


@dataclass(frozen=True)
class Draw:
    """How many samples are drawn, how often, and in which ways they may be computed. loose: without keeping entries
    apart, so that their order is chance; tied: with zeros and equal entries in all tensors, or
    in one; strict: what agrees in floating point shall agree in many digits."""

    samples: int = 2
    attempts: int = ATTEMPTS
    loose: bool = False
    tied: bool = False
    zeros: str = ""
    strict: bool = False
    ways: tuple[Way, ...] = WAYS


PLAINLY = Draw()
STRICTLY = Draw(strict=True)
MASKED = 4  # tensors of which each is tied while no other is
# Where a claim is about which of some numbers is larger, two samples decide little, and ties are data too; of what does
# not exist with zeros and negative numbers, such as are positive.
IN_ANY_ORDER = (Draw(samples=16, attempts=1, loose=True), Draw(samples=16, attempts=2, loose=True, tied=True))


@dataclass(frozen=True)
class Trial:
    """One link at one size: the comparison and, if the sides differ, the failure; how the values were computed.

    vacuous: no data satisfy the hypotheses. without_data: all data that were drawn are at a kink, a tie or a zero
    divisor.
    """

    sizes: Sizes
    agree: bool | None
    way: Way = "exact"
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


def _try(link: Link, needs: Ingredients, sizes: Mapping[str, int], seed: int, draw: Draw = PLAINLY) -> Trial:
    """Exactly if that is possible; else in residues, if that is; else in floating point."""
    sizes = dict(sizes)
    ways = list(draw.ways)
    sides = (link.left, link.right)
    if len(ways) > 1 and any(map(transcendental, sides)) and not any(map(divides_by_data, sides)):
        ways = ["floating"]
    if len(ways) > 1 and max(nesting(link.left), nesting(link.right)) > DEEPEST:
        ways.remove("exact")
    positive, reason, unfit, attempt = False, "", False, 0
    zeros: list[frozenset[int]] = []  # after each attempt, the entries of a divisor that were 0 in all of them
    while attempt < (ZERO_ATTEMPTS if zeros and zeros[-1] and len(zeros) == attempt else draw.attempts):
        way = ways[0]
        # an odd multiplier keeps the seeds of different attempts apart
        manner = Manner(
            way != "floating",
            (needs.kinked or bool(needs.assumptions)) and not draw.loose,
            positive,
            seed * 1009 + attempt,
            draw.samples,
            needs.scale,
            draw.tied,
            draw.zeros,
        )
        try:
            found = _trial(link, needs, sizes, manner, way, draw.strict)
        except TooLarge as error:
            return Trial(sizes, None, way, reason=str(error))
        except Vacuous as error:
            return Trial(sizes, None, way, reason=str(error), vacuous=True)
        except UNFIT_DATA as error:
            reason, unfit = str(error), True
            if isinstance(error, ZeroThroughout) and len(zeros) == attempt and not draw.tied:
                zeros.append(error.entries & zeros[-1] if zeros else error.entries)
        except (NotEvaluable, OverflowError) as error:
            if len(ways) > 1:
                del ways[0]  # what has no exact values may have residues, what has neither may be smooth
                continue
            reason, unfit = str(error), False
            positive = True  # logarithms and roots want positive data
        else:
            return found
        attempt += 1
        positive = positive or attempt >= draw.attempts // 2
    if len(zeros) == ZERO_ATTEMPTS and zeros[-1]:
        absent = Comparison(False, reason="a divisor is 0 for all data")
        return Trial(sizes, False, ways[0], 0.0, Failure(sizes, {}, {}, absent, ways[0] != "floating"))
    return Trial(sizes, None, ways[0], reason=reason, without_data=unfit)


def _trial(link: Link, needs: Ingredients, sizes: Sizes, manner: Manner, way: Way, strict: bool) -> Trial:
    import numpy as np

    with np.errstate(all="ignore"):
        try:
            data = data_for(needs, sizes, manner)
        except DoesNotExist as error:
            found = Comparison(False, reason=str(error))
            return Trial(sizes, False, way, 0.0, Failure(sizes, {}, {}, found, manner.exact))
        if needs.assumptions and not satisfied(needs, sizes, data, manner.exact).all():
            raise Tie("the data do not satisfy the assumptions")
        found = compare(link, needs, sizes, data, manner.exact, Residues(needs.height) if way == "residues" else None)
    if strict and way == "floating" and found.agree is True:
        found = replace(found, open_samples=tuple(range(manner.samples)))
    for sample in found.open_samples:
        alone = one_sample(data, sample)
        found = replace(settled(link, needs, sizes, alone, needs.polynomials, strict), sample=sample)
        if found.agree is not True:
            break
    if found.agree is not False:
        return Trial(sizes, found.agree, way, found.error, reason=found.reason)
    in_residues = way == "residues" and not found.differs_in_shape
    failure = Failure(sizes, one_sample(data, found.sample), needs.polynomials, found, manner.exact, in_residues)
    return Trial(sizes, False, way, found.error, failure)


def survey(claim: Claim, link: Link, sizes: Sequence[Mapping[str, int]], seed: int = 0) -> list[Trial]:
    """The link at each of the sizes: for proposals of regions."""
    needs = ingredients(claim, link)
    return [_surveyed(link, needs, tuple(one.items()), seed) for one in sizes]


@lru_cache(maxsize=64)
def _surveyed(link: Link, needs: Ingredients, sizes: tuple[tuple[str, int], ...], seed: int) -> Trial:
    """A plain trial, remembered until the next link is looked at: the smallest sizes are asked for again outside of its
    region."""
    return _try(link, needs, dict(sizes), seed)


def evidence(
    claim: Claim,
    link: Link,
    *,
    smallest: int = SMALLEST,
    generic: int = GENERIC,
    seed: int = 0,
    work: int | None = None,
) -> tuple[Evidence, Witness | None]:
    """What `numeric` says about a link: the evidence, and a witness at the smallest failing sizes if there
    are any.

    smallest: how many sizes by increasing sum; generic: how many further ones without coincidences; work: how much of
    it, the squares of the entries at each size, if not even one size need be looked at.
    """
    _surveyed.cache_clear()
    shapes = tuple(tensor.shape for tensor in ingredients(claim, link).tensors)
    chosen, more = _sizes(
        claim.context.dims, (*claim.context.conditions, *claim.conditions), shapes, smallest, generic, seed, work
    )
    if not chosen and work is not None:
        return Evidence(note="no admissible sizes are small enough"), None
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
        witness = _witness(claim, link, first.failure, seed)
    return _summary(trials), witness


def _look_again(trials: list[Trial], link: Link, needs: Ingredients, seed: int) -> None:
    """Try again, with other data, the sizes before the first failing ones: which of some numbers is larger is chance,
    and few data of few entries may all have them in one order. In place."""
    if not needs.kinked:
        return
    first = next((number for number, trial in enumerate(trials) if trial.failure), None)
    # a derivative exists at no tie, and in any order: there, few looks are enough
    until = first if first is not None else len(trials) if not needs.height else LOOKS
    for number in range(min(until, len(trials))):
        others = _in_any_order(link, needs, trials[number].sizes, seed)
        if first is not None:
            others = chain(others, (_try(link, needs, trials[number].sizes, seed + k) for k in range(1, AGAIN + 1)))
        failed = next((trial for trial in others if trial.failure), None)
        if failed is not None:
            trials[number] = failed
            return


def _in_any_order(link: Link, needs: Ingredients, sizes: Sizes, seed: int) -> Iterator[Trial]:
    return (_try(link, needs, sizes, seed, draw) for draw in IN_ANY_ORDER)


@lru_cache(maxsize=512)
def _sizes(
    dims: tuple[Dimension, ...],
    conditions: tuple[Condition, ...],
    shapes: tuple[Shape, ...],
    smallest: int,
    generic: int,
    seed: int,
    most: int | None,
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
        if (kept and spent > LARGEST_WORK) or (most is not None and spent > most):
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


def _witness(claim: Claim, link: Link, failure: Failure, seed: int) -> Witness:
    needs = ingredients(claim, link)
    shown = _readable(link, needs, failure, seed) if failure.residues else failure
    return witness_of(claim, link, needs, shown)


def _readable(link: Link, needs: Ingredients, failure: Failure, seed: int) -> Failure:
    """The failure in numbers of what fails in residues, if there is one: a person reads those. f(t) = t is tried first,
    of which numbers stay small."""
    others: tuple[tuple[StandIn, Way], ...] = (("identity", "exact"), ("identity", "floating"), ("cubic", "floating"))
    for stand_in, way in others:
        trial = _try(link, replace(needs, stand_in=stand_in), failure.sizes, seed, Draw(ways=(way,)))
        if trial.failure:
            return trial.failure
    return failure


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
    method = METHODS[max((trial.way for trial in counted), key=WAYS.index)]
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
        differs = _surveyed(link, needs, tuple(sizes.items()), seed).agree is False
        if not differs and _agree_for_all(link, needs, sizes, seed):
            return sizes
    return None


def _agree_for_all(link: Link, needs: Ingredients, sizes: Sizes, seed: int) -> bool:
    """Whether both sides agree for all data that are tried; what fails for few of them needs many."""
    return all(trial.agree is True for trial in _strictly(link, needs, sizes, seed))


def _strictly(link: Link, needs: Ingredients, sizes: Sizes, seed: int) -> Iterator[Trial]:
    """Trials that contradict a counterexample if all of them agree."""
    yield from (_try(link, needs, sizes, seed + more, STRICTLY) for more in range(AGAIN + 1))
    if needs.functions:
        yield _try(link, replace(needs, stand_in="wild"), sizes, seed, STRICTLY)
    if needs.kinked:
        yield from (trial for trial in _in_any_order(link, needs, sizes, seed) if trial.failure)
        for tensor in needs.tensors[:MASKED]:  # where a formula divides by the others
            draw = Draw(samples=2, loose=True, tied=True, zeros=tensor.name)
            found = (_try(link, needs, sizes, seed + more, draw) for more in range(AGAIN + 1))
            yield from (trial for trial in found if trial.failure)


def agree_for_all(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> bool:
    """Whether the two sides agree at given sizes for all data tried, which are many and of every kind: what a
    counterexample at these sizes contradicts."""
    return _agree_for_all(link, ingredients(claim, link), dict(sizes), seed)


def replay(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> Witness | None:
    """The witness at given sizes, or None where the sides agree there for all data tried or nothing could be evaluated
    (`agree_at` tells the two apart)."""
    trials = _strictly(link, ingredients(claim, link), dict(sizes), seed)
    failed = next((trial for trial in trials if trial.failure), None)
    return _witness(claim, link, failed.failure, seed) if failed is not None and failed.failure else None


def fails(claim: Claim, link: Link, seed: int = 0) -> bool:
    """Whether the two sides differ at some sizes without coincidences: what is found there, `evidence` finds again."""
    needs = ingredients(claim, link)
    shapes = tuple(tensor.shape for tensor in needs.tensors)
    conditions = (*claim.context.conditions, *claim.conditions)
    chosen, more = _sizes(claim.context.dims, conditions, shapes, SMALLEST, GENERIC, seed, None)
    tried = (_try(link, needs, sizes, seed) for sizes in (more or chosen)[:2])
    return any(trial.failure is not None for trial in tried)


def agree_at(claim: Claim, link: Link, sizes: Mapping[str, int], seed: int = 0) -> bool | None:
    """Whether the two sides agree at given sizes on random data; None where nothing could be evaluated.

    Sizes at which no data satisfy the hypotheses agree: nothing is claimed there.
    """
    trial = try_at(claim, link, sizes, seed)
    return True if trial.vacuous else trial.agree
