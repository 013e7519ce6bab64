"""`verify`: the documents and claims that are asked for, judged and shown; or why there are none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from derivations.batch.cache import Cache
from derivations.batch.obligations import collect
from derivations.batch.run import Source, shipped_documents, source
from derivations.choosing.claims import Choice, Chosen, chosen
from derivations.choosing.expression import expression
from derivations.choosing.nothing import why_nothing
from derivations.choosing.targets import Missing, Target, targets
from derivations.commands.engines import engine
from derivations.commands.messages import complain_of
from derivations.commands.running import cache_for, judge
from derivations.commands.shown import EACH, Annotated, AtTheEnd, Json, Lines, Shown, console_for_output
from derivations.judgement.results import Status
from derivations.language.errors import InputError

FORMATS = ("text", "json", "junit", "sarif", "github")


@dataclass(frozen=True)
class Asked:
    """What stands on the command line of `verify`."""

    words: Sequence[str] = ()
    expression: str = ""
    failed: bool = False
    stop: bool = False
    quiet: bool = False
    verbose: bool = False
    durations: int = 0
    form: str = "text"
    thorough: bool = False
    repair: bool = False
    processes: int = 1
    no_cache: bool = False
    obligations: Path | None = None
    on: str = ""
    store: str = ""


def verify(asked: Asked) -> int:
    """Judges what is asked for and shows it; the exit status. Raises InputError for an expression that is none."""
    choice = Choice(expression(asked.expression) if asked.expression else None, _failed() if asked.failed else None)
    sources, errors = _sources(asked.words)
    if errors and not sources:
        complain_of(errors)
        return int(Status.NOTHING if all(map(_is_missing, errors)) else Status.INPUT_ERROR)
    found = chosen(sources, choice)
    start = time.perf_counter()
    shown = _shown(asked, found)
    options = {"thorough": asked.thorough, "repair": asked.repair}
    cache = cache_for(asked.no_cache or asked.obligations is not None, asked.store, **options)
    recall = None if cache is None else cache.read
    blocks = (block for each in found.sources for block in each.blocks(recall))
    wrong = [*errors, *found.errors]
    with engine(asked.on, asked.processes) as pool:
        results = judge(
            blocks, wrong, asked.processes, cache, shown, len(found.names), False, asked.stop, pool,
            obligations=asked.obligations, **options,
        )  # fmt: skip
    if asked.obligations is not None:
        collect(asked.obligations, results.verdicts)
    if not (results.verdicts or results.remarks or results.refused or results.errors or results.interrupted):
        results.nothing = why_nothing(found, asked.expression, asked.failed)
    shown.end(results, time.perf_counter() - start)
    return int(results.status)


def _sources(words: Sequence[str]) -> tuple[list[tuple[Source, list[Target]]], list[InputError]]:
    """Each document once, with the targets in it; without words, the documents that ship with gradproof."""
    found, errors = targets(words) if words else ([Target(path) for path in shipped_documents()], [])
    texts: dict[str, tuple[Source, list[Target]]] = {}
    for target in found:
        try:
            if target.name not in texts:
                texts[target.name] = (source(target.path), [])
            texts[target.name][1].append(target)
        except InputError as error:
            errors.extend(each for each in error.errors if str(each) not in map(str, errors))
    return list(texts.values()), errors


def _is_missing(error: InputError) -> bool:
    """Whether an error says of a whole file that it is not there."""
    return isinstance(error, Missing) or not (error.line or Path(error.file).exists())


def _failed() -> Callable[[str], set[str]]:
    return Cache().failed


def _shown(asked: Asked, found: Chosen) -> Shown:
    if asked.form == "json":
        return Json()
    if asked.form == "junit":
        from derivations.show.formats.junit import to_junit

        return AtTheEnd(to_junit)
    if asked.form == "sarif":
        from derivations.commands.scanned import Scanned

        return Scanned()
    each = asked.verbose or len(found.names) <= EACH
    lines = Lines(console_for_output(), found.names, each, asked.quiet, asked.durations)
    return Annotated(lines) if asked.form == "github" else lines
