"""A session: documents looked at again and again, of which only what has changed is judged.

Law: a look says of a document exactly what a run over its text would say; what is remembered is keyed by the text of a
claim and its context, so that a change anywhere in a context judges its claims anew and nothing else. What a guard of
wall time or memory ended is not remembered.

What it cannot see: how a look is shown, and when there is one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from derivations.batch.cache import Remembered
from derivations.batch.run import Source, judge_claim, judged_by
from derivations.batch.workers import Judge, Workers
from derivations.judgement.results import Judged, Results
from derivations.judgement.verdict import Verdict
from derivations.repair.search import with_repair

MOST = 20_000  # claims remembered
assert callable(with_repair)  # loaded here once, so that no worker loads it for itself


class Memory:
    """What was judged in this session, before a cache that outlives it; undecided claims are kept for the session."""

    def __init__(self, cache: Remembered | None) -> None:
        self._cache = cache
        self._known: OrderedDict[str, tuple[Verdict, ...]] = OrderedDict()

    def read(self, key: str) -> tuple[Verdict, ...] | None:
        """The verdicts of a claim by the key of its text."""
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
            return found
        found = None if self._cache is None else self._cache.read(key)
        if found is not None:
            self._keep(key, found)
        return found

    def write(self, key: str, verdicts: Sequence[Verdict]) -> None:
        """Remembers verdicts, in the cache too where they may be."""
        self._keep(key, tuple(verdicts))
        if self._cache is not None:
            self._cache.write(key, verdicts)

    def _keep(self, key: str, verdicts: tuple[Verdict, ...]) -> None:
        self._known[key] = verdicts
        while len(self._known) > MOST:
            self._known.popitem(last=False)


@dataclass
class Look:
    """One look at a document: everything that is said of it, and the blocks that were judged in this look."""

    results: Results
    blocks: list[Judged] = field(default_factory=list)
    fresh: list[Judged] = field(default_factory=list)

    @property
    def failed(self) -> list[Judged]:
        """The blocks that are not as they should be."""
        return [each for each in self.blocks if each.failed]


class Session:
    """Looks at documents. `options` are those of `judge_claim`.

    >>> text = "```given\\ndims n\\ntensor x[n]\\n```\\n```claim a\\nx + x == 2*x\\n```\\n"
    >>> with Session() as session:
    ...     [len(session.look(Source("a.md", text)).fresh) for _ in range(2)]
    [1, 0]
    """

    def __init__(self, cache: Remembered | None = None, processes: int = 1, **options: bool) -> None:
        self.memory, self._cache = Memory(cache), cache
        judge: Judge = partial(judge_claim, **options)  # type: ignore[arg-type]  # flags, all keywords
        self._workers = Workers(judge, processes)  # they stay, and with them what their tables remember

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with self._workers:
            pass

    def look(self, source: Source) -> Look:
        """The document as it is now."""
        found = Look(Results())
        for each in self.blocks(source):
            found.results.take(each)
            found.blocks.append(each)
            if each.block.known is None and (each.verdicts or each.block.errors or each.block.refused):
                found.fresh.append(each)
        found.results.compare_readings()
        return found

    def blocks(self, source: Source) -> Iterator[Judged]:
        """The blocks of a document with their verdicts, each as soon as it is there."""
        for each in judged_by(self._workers, source.blocks(self.memory.read), self.memory):
            if self._cache is not None and each.block.kind == "claim":
                self._cache.note(source.name, each.block.id, each.failed)
            yield each
