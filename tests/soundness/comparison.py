"""A verdict of the kernel against exhaustive evaluation.

Law: `proved` agrees at all sizes, `holds where R` exactly at the sizes in R, `refuted` at none, and the sizes of a
counterexample fail. Where the kernel says itself that its unknowns may depend on each other (`certain` is False), only
`proved` is an answer; the rest is counted as false.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import TypeVar

from random_claims import Random

from derivations.core import terms as k
from derivations.crosscheck import agree_at
from derivations.formulas.claims import Link
from derivations.formulas.expressions import Definition
from derivations.judgement.decision import decide
from derivations.judgement.means import Symbolic
from derivations.search.solver import Solver

Sizes = dict[str, int]
T = TypeVar("T")


@dataclass
class Outcome:
    """What was found: the verdict's word, how many sizes gave an answer, and the sizes at which the two disagree."""

    word: str
    compared: int = 0
    agreed: int = 0
    wrong: list[str] = field(default_factory=list)
    reason: str = ""


def solver() -> Solver:
    """A solver with smaller limits than the product's: what is past them is undecided sooner, never wrong."""
    return Solver(z3_resources=400_000, isl_operations=200_000, z3_total=1_500_000, questions=600)


def outcome(random: Random, chosen: Sequence[Sizes], using: Solver | None = None) -> Outcome:
    """The kernel's verdict on a claim, compared with its evaluation at the chosen sizes."""
    symbolic = decide(random.claim, random.link, using or solver())
    word = symbolic.word if symbolic.certain or symbolic.word in ("proved", "undecided") else "uncertain"
    found = Outcome(word, reason=symbolic.reason)
    if word in ("undecided", "uncertain"):
        return found
    for sizes in [*([symbolic.sizes] if word == "false" and symbolic.sizes else []), *chosen]:
        if not defined(random, sizes):
            continue
        agree = agree_at(random.claim, random.link, sizes)
        if agree is None:
            continue
        found.compared += 1
        found.agreed += agree
        expected = _expected(symbolic, sizes)
        if expected is not None and expected != agree:
            found.wrong.append(f"{_said(symbolic)} but the sides {'agree' if agree else 'differ'} at {sizes}")
    return found


def defined(random: Random, sizes: Sizes) -> bool:
    """Whether the claim's definitions exist at these sizes: a `given` block must see to that, a claim supposes it."""
    names = {node for side in (random.link.left, random.link.right) for node in side.atoms(Definition)}
    return all(
        agree_at(random.claim, Link(node.body, node.body, (), ""), sizes) is not False
        for node in sorted(names, key=str)
    )


def _expected(symbolic: Symbolic, sizes: Sizes) -> bool | None:
    """Whether a verdict says that the sides agree at these sizes; None where it does not say."""
    if symbolic.word == "proved":
        return True
    if symbolic.word == "refuted":
        return False
    if symbolic.word == "holds where" and symbolic.region is not None:
        return k.holds(symbolic.region.condition, sizes)
    return False if sizes == symbolic.sizes else None


def _said(symbolic: Symbolic) -> str:
    region = symbolic.region if symbolic.word == "holds where" else None
    return f"{symbolic.word} {region.text}" if region else symbolic.word


class Past(BaseException):
    """The outer guard of one claim; no other code catches it."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work gives; raises Past after some seconds of processor time, which a busy machine does not use up."""

    stopped = False

    def stop(number: int, frame: FrameType | None) -> None:
        # Once, and never inside a library, which would be left half done, nor where Python swallows what is raised (the
        # callbacks of weak references); the timer comes back.
        nonlocal stopped
        inside = () if frame is None else ("site-packages", "weakref.py")
        if not stopped and frame is not None and not any(part in frame.f_code.co_filename for part in inside):
            stopped = True
            raise Past

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.05)
    try:
        return work()
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def guarded(random: Random, chosen: Sequence[Sizes], seconds: float) -> Outcome:
    """The outcome, or the word "limit" after some seconds of processor time."""
    try:
        return within(seconds, lambda: outcome(random, chosen))
    except Past:
        return Outcome("limit")
