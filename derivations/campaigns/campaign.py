"""A campaign: items in, lines out, on this machine or on a cluster; stopped and started again at will.

Law: the lines are the same bytes, whatever the engine and however often the run was killed. What a file holds is not
done again; what a document's claim is known to be is not judged again.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from derivations.batch.cache import Remembered, source_digest
from derivations.batch.run import Source, judge_claim, judged, shipped_documents, source
from derivations.batch.workers import Workers
from derivations.campaigns.claims import OnCluster
from derivations.campaigns.own import lost_record, own_record, runs
from derivations.campaigns.results import Lines, TaskFailed, records
from derivations.judgement.results import Judged
from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError

__all__ = ["TaskFailed", "claims_run", "own_run", "progress_of"]

Say = Callable[[str], None]
CHUNK = 4  # numbers that a process of this machine takes at a time
RESTING = 500  # numbers after which it is replaced


def about(kind: str, **options: Any) -> dict[str, Any]:
    """The first line of a file of results."""
    return {"campaign": kind, "schema": 1, "source": source_digest(), **options}


def progress_of(
    kind: str, files: Sequence[Path], path: Path, first: int, count: int | None, processes: int, cluster: Any,
    cache: Remembered | None, say: Say,
) -> Iterator[tuple[str, list[str]]]:  # fmt: skip
    """Runs a campaign; a word and what is wrong for each result, as it is written. cluster: a `Cluster`, or None for
    this machine alone. Raises NoCheckout, OtherRun, TaskFailed."""
    with cluster or nullcontext():
        if kind != "prove":
            mapping = here(processes) if cluster is None else cluster.map
            yield from map(_word, own_run(kind, first, count, path, mapping))
            return
        pool = Workers if cluster is None else partial(OnCluster, cluster)
        for found in claims_run(files, path, processes, cache, pool, say):
            for verdict in found.verdicts:
                wrong = [] if verdict.as_expected else [f"{verdict.id}: {verdict.verdict}, expected {verdict.expected}"]
                yield verdict.verdict, wrong
            if not found.verdicts:
                yield "not judged", [f"{found.block.id}: not judged"]


def _word(record: dict[str, Any]) -> tuple[str, list[str]]:
    return str(record.get("word", "done")), [f"{record['number']}: {each}" for each in record["wrong"]]


# -- the project's own runs ------------------------------------------------------------------------------------------


def own_run(kind: str, first: int, count: int | None, path: Path, mapping: Any) -> Iterator[dict[str, Any]]:
    """Runs the numbers of a run that the file lacks; gives each record as it is written. `mapping(function, items,
    lost)` is who works. Raises NoCheckout, OtherRun."""
    module = runs()
    size = module.SIZES[kind]() if kind in module.SIZES else None
    if count is None:
        count = size - first if size is not None else 1000
    numbers = range(first, first + count if size is None else min(first + count, size))
    lines = Lines(path, about(kind, first=first))
    try:
        left = numbers[lines.done :]
        yield from _written(lines, mapping(partial(own_record, kind), left, partial(lost_record, kind)))
    finally:
        lines.close()


def _written(lines: Lines, found: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for record in found:
        lines.write(record)
        yield record


def here(processes: int) -> Callable[..., Iterator[Any]]:
    """A mapping over processes of this machine; over none for one process."""

    def mapping(function: Callable[[Any], Any], items: Iterable[Any], lost: Callable[[Any, str], Any]) -> Iterator[Any]:
        if processes <= 1:
            yield from map(function, items)
            return
        with multiprocessing.get_context("fork").Pool(processes, maxtasksperchild=RESTING) as pool:
            yield from pool.imap(function, items, chunksize=CHUNK)

    return mapping


# -- the claims of documents -----------------------------------------------------------------------------------------


def claims_run(
    files: Sequence[Path], path: Path, processes: int, cache: Remembered | None, pool: Any = Workers, say: Say = print
) -> Iterator[Judged]:
    """Judges the claims of documents, a line for each block; gives each as it is written. `say` is told of files that
    cannot be read."""
    texts = []
    for file in files or shipped_documents():
        try:
            texts.append(source(file))
        except InputError as error:
            say(str(error))
    digests = [[text.name, hashlib.sha256(text.text.encode()).hexdigest()] for text in texts]
    lines = Lines(path, about("prove", documents=digests))
    try:
        recall = None if cache is None else cache.read
        rest, done = _rest(texts, path)
        blocks = (block for text in rest for block in text.blocks(recall))
        left = islice((b for b in blocks if b.claims or b.known or b.refused), done, None)
        with closing(judged(left, partial(judge_claim), processes, cache, pool)) as answers:
            for found in answers:
                lines.write(_line(found))
                yield found
    finally:
        lines.close()
        if cache is not None:
            cache.close()
            if cache.trouble:
                say(cache.trouble)


def _rest(texts: Sequence[Source], path: Path) -> tuple[Sequence[Source], int]:
    """The documents from the one on in which the file of results ends, and how many results are of that one: those
    before it are done and need not be read to be passed over."""
    counts = Counter(record["document"] for record in records(path))
    names = [text.name for text in texts]
    last = max((number for number, name in enumerate(names) if name in counts), default=0)
    if len(set(names)) < len(names):  # a document that is named twice: where it is done is seen by reading
        return texts, counts.total()
    return texts[last:], counts[names[last]] if names else 0


def _line(found: Judged) -> dict[str, Any]:
    block = found.block
    refused = [str(error) for error in (*block.errors, *found.errors)] + list(found.defects)
    return {
        "document": block.document,
        "id": block.id,
        "verdicts": [_timeless(verdict) for verdict in found.verdicts],
        "not_judged": refused or ([block.refused.reason] if block.refused else []),
    }


def _timeless(verdict: Verdict) -> dict[str, Any]:
    record = replace(verdict, seconds=0.0).as_json()
    del record["seconds"]
    return record
