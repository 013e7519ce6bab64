"""Every proved claim of the shipped files, spoilt in at least five ways: no false mutant stays proved.

A mutant is a change of one node of a claim's formulas (a rotation dropped, another mode, a transpose, a shifted index,
another factor, swapped arguments, ...). Whether it is false is decided by evaluation alone.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from formulas import MUTATIONS, Setting
from random_claims import changed

import derivations
from derivations.core.sums import LimitReached
from derivations.core.terms import Condition
from derivations.crosscheck import agree_at, generic_sizes, sizes_by_sum
from derivations.formulas.claims import Claim, Link
from derivations.formulas.expressions import Expression, ShapeError, Tensor
from derivations.judgement import decision
from derivations.language.document import Document
from derivations.meaning.functions import Unsupported
from derivations.search.solver import Answer, Solver, Unknown

WANTED, TRIED = 5, 40
ROOT = Path(derivations.__file__).parent
PARTS = 8
FILES = sorted((*(ROOT / "documents").glob("*.md"), *(ROOT / "catalogue").glob("*.md")))


class GivenUp(Exception):
    """One question was past its limit: there will be no proof."""


class Impatient(Solver):
    """A solver that ends with the first question that it cannot answer."""

    def satisfiable(self, condition: Condition) -> Answer:
        answer = super().satisfiable(condition)
        if isinstance(answer, Unknown):
            raise GivenUp
        return answer


def proved(claim: Claim, link: Link, solver: Solver) -> bool:
    """Whether a link is proved; regions are not looked for."""
    try:
        return decision.proved(claim, link, solver)
    except (Unsupported, LimitReached, ShapeError, GivenUp):
        return False


def is_false(claim: Claim, link: Link) -> bool:
    """Whether evaluation finds sizes at which the sides differ."""
    sizes = [*sizes_by_sum(claim.context, claim.conditions, 6)]
    sizes += generic_sizes(claim.context, claim.conditions, 3)
    return any(agree_at(claim, link, one) is False for one in sizes)


def setting_of(claim: Claim) -> Setting:
    """What a mutation may use: the claim's dims and tensors."""
    tensors = tuple((node.name, node.shape) for node in claim.context.names.values() if isinstance(node, Tensor))
    dims = tuple(dim.symbol for dim in claim.context.dims)
    return Setting(claim.id, dims, claim.context.conditions, tensors, tensors)


def mutants(claim: Claim, link: Link) -> list[tuple[Link, str]]:
    """Different links, each with one node of one side changed."""
    chance = random.Random(zlib.crc32(f"{claim.document}{claim.id}{link.text}".encode()))
    setting = setting_of(claim)
    found: dict[tuple[Expression, Expression], tuple[Link, str]] = {}
    for _ in range(TRIED):
        how: list[str] = []
        sides = [link.left, link.right]
        number = chance.randrange(2)
        if setting.dims:
            sides[number] = changed(sides[number], MUTATIONS, setting, chance, how)
        if how:
            found[sides[0], sides[1]] = replace(link, left=sides[0], right=sides[1]), how[0]
    return list(found.values())


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_false_mutant_stays_proved(path: Path, part: int) -> None:
    """What evaluation refutes, the kernel does not prove."""
    links = [
        (claim, link)
        for claim in Document.read(path).claims
        for number, link in enumerate(claim.links, 1)
        if claim.expectation(number).kind == "proved"
    ]
    wrong = []
    for claim, link in links[part::PARTS]:
        if not proved(claim, link, Impatient()):
            continue
        false = 0
        for mutant, how in mutants(claim, link):
            if is_false(claim, mutant):
                false += 1
                if proved(claim, mutant, Impatient(z3_resources=1_000_000)):
                    wrong.append(f"{claim.id} ({how}): {mutant.left} == {mutant.right}")
            if false == WANTED:
                break
    assert not wrong, "\n".join(wrong)
