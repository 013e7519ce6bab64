"""Which claims of a document are judged: by line, by name, by expression, by what failed last.

Law: what is not chosen is not read, so that no mistake in it stands in the way; what is chosen is judged in its whole
context, as it would be in a run over everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from derivations.batch.run import Source
from derivations.choosing.targets import Target
from derivations.language.errors import InputError, Place, did_you_mean
from derivations.language.markdown import Fence, fences

Fits = Callable[[str], bool]


@dataclass(frozen=True)
class Choice:
    """`fits`: the condition of `-k` on `FILE::ID`; `failed(document)`: the names of the claims that failed last."""

    fits: Fits | None = None
    failed: Callable[[str], set[str]] | None = None

    def keeps(self, document: str, fence: Fence) -> bool:
        """Whether a claim or remark is chosen by name."""
        if self.fits is not None and not self.fits(f"{PurePath(document).name}::{fence.id}"):
            return False
        return self.failed is None or fence.id in self.failed(document)


@dataclass
class Chosen:
    """The sources with what is wanted of each, how many claims that is, and how many there were to choose from."""

    sources: list[Source] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    passed_over: int = 0


def chosen(sources: Sequence[tuple[Source, Sequence[Target]]], choice: Choice) -> Chosen:
    """The sources with only the claims and remarks that their targets and the choice keep; all of them where nothing is
    asked, without a second look at the text."""
    found = Chosen()
    for source, targets in sources:
        aimed = [target for target in targets if target.line is not None or target.id is not None]
        is_whole = len(aimed) < len(targets)
        if is_whole and choice == Choice():
            found.sources.append(source)
            found.names += source.names()
            continue
        ours = [each for each in fences(source.text, source.name) if isinstance(each, Fence)]
        claims = [each for each in ours if each.kind in ("claim", "remark", "misprint")]
        kept = set() if not is_whole else {fence.first for fence in claims}
        for target in aimed:
            try:
                kept |= _aimed_at(target, ours, claims, source)
            except InputError as error:
                found.errors.append(error)
        kept = {fence.first for fence in claims if fence.first in kept and choice.keeps(source.name, fence)}
        found.names += [fence.id for fence in claims if fence.first in kept and fence.kind == "claim"]
        found.known += [fence.id for fence in claims]
        found.passed_over += sum(fence.kind == "claim" and fence.first not in kept for fence in claims)
        found.sources.append(replace(source, wanted=_starts_in(kept)))
    return found


def _starts_in(kept: set[int]) -> Callable[[Fence], bool]:
    return lambda fence: fence.first in kept


def _aimed_at(target: Target, ours: Sequence[Fence], claims: Sequence[Fence], source: Source) -> set[int]:
    if target.id is not None:
        for fits in (target.id.__eq__, lambda name: name.startswith(f"{target.id}-")):
            if found := {fence.first for fence in claims if fits(fence.id)}:
                return found
        known = [fence.id for fence in claims]
        hint = did_you_mean(target.id, known) or f"there are {', '.join(known[:5])}{', …' * (len(known) > 5)}" * bool(
            known
        )
        raise InputError(f"there is no claim {target.id}", Place(source.name), "the name of a claim", hint)
    assert target.line is not None
    lines = source.text.count("\n") + 1
    if target.line > lines:
        raise InputError(f"there is no line {target.line}", Place(source.name), f"a line up to {lines}")
    return at_line(target.line, ours, claims)


def at_line(line: int, ours: Sequence[Fence], claims: Iterable[Fence]) -> set[int]:
    """The first lines of the claims that a line means: the one in which it stands; those of the context in which it
    stands; else the first below it, or the last of all."""
    inside = next((fence for fence in ours if fence.first <= line <= fence.last), None)
    starts = [fence.first for fence in claims]
    if inside is not None and inside.first in starts:
        return {inside.first}
    if inside is not None and inside.kind == "given":
        after = [each.first for each in ours if each.kind == "given" and not each.continues and each.first > line]
        end = min(after, default=float("inf"))
        return {start for start in starts if inside.first < start < end}
    below = [start for start in starts if start > line]
    return set(below[:1] or starts[-1:])
