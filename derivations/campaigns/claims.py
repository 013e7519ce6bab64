"""The claims of documents on a cluster, in place of worker processes on this machine.

Law: the answers are those of `batch/workers.py`, in the same order: the same function gives them, only elsewhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from derivations.batch.workers import Answer, Judge, answer, undecided
from derivations.campaigns.items import Ready

if TYPE_CHECKING:
    from derivations.formulas.claims import Claim

T = TypeVar("T")


class OnCluster:
    """A pool that judges on a cluster which is entered already, as `Workers` judges on this machine."""

    def __init__(self, cluster: Any, judge: Judge, processes: int = 1) -> None:
        self._cluster, self._judge = cluster, judge

    def __enter__(self) -> OnCluster:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def answers(self, tasks: Iterable[tuple[T, Claim | None]]) -> Iterator[tuple[T, Claim | None, Answer | None]]:
        """Each task with the answer to its claim, in the order of the tasks; a task without a claim passes through."""
        tags: deque[tuple[T, Claim | None]] = deque()

        def claims() -> Iterator[Claim | Ready[Answer]]:
            for tag, claim in tasks:
                tags.append((tag, claim))
                yield Ready(Answer()) if claim is None else claim

        for given in self._cluster.map(partial(answer, judge=self._judge), claims(), undecided):
            tag, claim = tags.popleft()
            yield tag, claim, None if claim is None else given
