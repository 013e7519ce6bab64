"""One run: every claim judged in its order, shown as it comes, remembered, and kept where the keyboard interrupts.

What it cannot see: which claims are chosen (`choosing/`) and how they are shown (`shown.py`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from derivations.batch.cache import Cache, Remembered
from derivations.batch.run import STANDARD_INPUT, judge_claim, judged
from derivations.batch.store import Store
from derivations.batch.workers import Judge, Workers
from derivations.commands.messages import complain, complain_of
from derivations.commands.shown import Shown
from derivations.judgement.results import Judged, Results
from derivations.language.block import Block
from derivations.language.errors import InputError
from derivations.show.lines import error_texts


class Progress:
    """`judged 12 of 80: S0-17` on a terminal's last line; silent elsewhere. No thread: workers are forked
    meanwhile."""

    def __init__(self, total: int) -> None:
        self._visible = sys.stderr.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._total, self._done = total, 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def at(self, name: str) -> None:
        """Shows which claim was judged last."""
        self._done += bool(name)
        if self._visible:
            text = f"judged {self._done} of {self._total}: {name}"
            columns = os.get_terminal_size(sys.stderr.fileno()).columns
            sys.stderr.write(f"\r\x1b[2K{text[: max(1, columns - 1)]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Empties the line, before something else is printed there."""
        if self._visible:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


def cache_for(no_cache: bool, store: str = "", **options: bool) -> Remembered | None:
    """The verdicts given with these options of `judge_claim` that are remembered, in this user's cache or in a store;
    None where none are wanted."""
    variant = " ".join(name for name, wanted in sorted(options.items()) if wanted)
    if no_cache:
        return None
    return Store(store, variant) if store else Cache(variant=variant)


def judge(
    blocks: Iterable[Block],
    errors: Sequence[InputError],
    processes: int = 1,
    cache: Remembered | None = None,
    shown: Shown | None = None,
    total: int = 1,
    whole: bool = True,
    stop: bool = False,
    pool: Any = Workers,
    obligations: Path | None = None,
    **options: bool,
) -> Results:
    """Judges the claims of blocks, shows each as it comes, and keeps what there is when the keyboard interrupts; with
    `stop`, ends at the first that is not as expected. `pool` is who judges; the others are those of `judge_claim`."""
    shown = shown or Shown()
    results = Results(errors=list(errors), whole=whole)
    complain_of(error_texts(errors))
    known = len(errors)
    judge_one: Judge = partial(judge_claim, obligations=obligations, **options)  # type: ignore[arg-type]  # flags, all of them keywords
    try:
        with Progress(total) as progress, closing(judged(blocks, judge_one, processes, cache, pool)) as answers:
            for found in answers:
                progress.clear()
                ended = results.take(found)
                if ended is not None:
                    shown.readings(ended)
                shown.show(found)
                _note(found, cache)
                progress.at(found.block.id)
                if stop and found.failed:
                    results.stopped = True
                    break
    except KeyboardInterrupt:
        results.interrupted = True
    finally:
        if cache is not None:
            cache.close()
    last = results.compare_readings()
    if last is not None:
        shown.readings(last)
    complain_of(error_texts(results.errors[known:]))
    if cache is not None and cache.trouble:
        complain(cache.trouble)
    return results


def _note(found: Judged, cache: Remembered | None) -> None:
    """Remembers whether a claim failed, for `--failed`."""
    block = found.block
    if cache is not None and (block.kind == "claim" or block.refused) and block.document != STANDARD_INPUT:
        cache.note(block.document, block.id, found.failed)
