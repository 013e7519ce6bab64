"""The simplest region of a vocabulary that agrees with what is known about sample sizes: a set cover, greedily."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivations.core import terms as k
from derivations.core.names import Name
from derivations.core.terms import Condition
from derivations.search.samples import holds_for
from derivations.search.vocabulary import Literal

PLAIN = 4  # the cost up to which a condition of the vocabulary reads at a glance
CASES = 4  # conjunctions of a region; more are not an answer that anybody reads


@dataclass(frozen=True)
class Region:
    """Where a claim holds: a disjunction of conjunctions of the vocabulary; of none, nowhere."""

    cases: tuple[tuple[Literal, ...], ...]

    @property
    def condition(self) -> Condition:
        return k.any_of(k.all_of(literal.condition for literal in case) for case in self.cases)

    @property
    def text(self) -> str:
        """The region in claim syntax."""
        if len(self.cases) == 1:
            return ", ".join(literal.text for literal in self.cases[0])
        return " or ".join(" and ".join(literal.text for literal in case) for case in self.cases)


def learn(names: Sequence[Name], samples: dict[tuple[int, ...], bool], vocabulary: Sequence[Literal]) -> Region | None:
    """The simplest region of the vocabulary that agrees with all samples: one conjunction where possible, of plain
    conditions where they suffice."""
    positive = [dict(zip(names, key, strict=True)) for key, held in samples.items() if held]
    negative = [dict(zip(names, key, strict=True)) for key, held in samples.items() if not held]
    if not positive:
        return Region(())
    truth = {
        literal: ([holds_for(literal.condition, s) for s in positive],
                  [holds_for(literal.condition, s) for s in negative])
        for literal in vocabulary
    }  # fmt: skip
    plain = {literal: values for literal, values in truth.items() if literal.cost <= PLAIN}
    for preferred in (plain, truth):
        cases = _cases(preferred, truth, len(positive), len(negative))
        if cases is not None:
            return Region(tuple(tuple(sorted(case, key=lambda word: _position(word, names))) for case in cases))
    return None


Truth = dict[Literal, tuple[list[bool], list[bool]]]  # at the samples where the claim holds, and where it fails


def _cases(preferred: Truth, truth: Truth, positives: int, negatives: int) -> list[tuple[Literal, ...]] | None:
    """Few conjunctions that cover every positive and no negative sample, of preferred conditions where possible."""
    cases: list[tuple[Literal, ...]] = []
    numbers = list(range(positives))
    while numbers and len(cases) < CASES:
        seeds = [numbers] if not cases else []
        seeds += [[number] for number in numbers]
        best: tuple[int, tuple[Literal, ...], list[int]] | None = None
        for seed in seeds:
            case = _conjunction(preferred, seed, negatives, numbers) or _conjunction(truth, seed, negatives, numbers)
            if case is None:
                continue
            covered = [n for n in numbers if all(truth[literal][0][n] for literal in case)]
            score = 100 * len(covered) - sum(literal.cost for literal in case)
            if best is None or score > best[0]:
                best = (score, case, covered)
            if seed is numbers or len(seed) == positives:
                break
        if best is None:
            return None
        cases.append(best[1])
        numbers = [n for n in numbers if n not in set(best[2])]
    return None if numbers else cases


def _position(literal: Literal, names: Sequence[Name]) -> list[int]:
    """Where a literal's sizes were declared, so that a region reads in that order."""
    return sorted(names.index(name) for name in k.condition_symbols(literal.condition) if name in names)


def _conjunction(
    truth: Truth, seed: Sequence[int], negatives: int, rest: Sequence[int]
) -> tuple[Literal, ...] | None:
    """Few literals, true at the seed's samples and at many of the rest, that together exclude every negative sample."""
    usable = [literal for literal, (held, _) in truth.items() if all(held[n] for n in seed)]
    return _cover(truth, usable, negatives, rest)


def _cover(
    truth: Truth, usable: Sequence[Literal], negatives: int, rest: Sequence[int]
) -> tuple[Literal, ...] | None:
    """Few of the usable literals that together exclude every negative sample, found greedily and then made cheaper."""
    excluded = {
        literal: {n for n in range(negatives) if not truth[literal][1][n]} for literal in usable
    }
    wanted = set(range(negatives))
    chosen: list[Literal] = []
    shared = {literal: sum(truth[literal][0][n] for n in rest) / max(len(rest), 1) for literal in usable}
    while wanted:
        helpful = [literal for literal in usable if excluded[literal] & wanted]
        if not helpful:
            return None
        best = max(
            helpful,
            key=lambda literal: (
                len(excluded[literal] & wanted) / len(wanted) * (0.2 + shared[literal]) - literal.cost * 0.01
            ),
        )
        chosen.append(best)
        wanted -= excluded[best]
    return _without_redundant(chosen, excluded, negatives, {n: truth[n][0] for n in usable}, rest)


def _without_redundant(
    chosen: list[Literal], excluded: dict[Literal, set[int]], negatives: int, held: dict[Literal, list[bool]],
    rest: Sequence[int],
) -> tuple[Literal, ...]:  # fmt: skip
    """Without what the others exclude too, and with cheaper literals where they hold at as many of the rest."""
    everything = set(range(negatives))
    kept = list(chosen)
    for literal in sorted(chosen, key=lambda literal: -literal.cost):
        others = [other for other in kept if other is not literal]
        covered = set[int]().union(*(excluded[other] for other in others))
        if covered >= everything:
            kept = others
            continue
        cheaper = [
            other
            for other in excluded
            if other.cost < literal.cost
            and covered | excluded[other] >= everything
            and all(held[other][n] for n in rest if held[literal][n])
        ]
        if cheaper:
            kept = [*others, min(cheaper, key=lambda other: other.cost)]
    return tuple(kept)
