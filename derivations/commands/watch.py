"""`verify --watch`: the documents judged once, then after each save what has changed, claim by claim."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text
from watchfiles import DefaultFilter, watch

from derivations.batch.cache import Remembered
from derivations.batch.run import Source, shipped_documents, source
from derivations.choosing.claims import Choice, chosen
from derivations.choosing.expression import expression
from derivations.choosing.targets import SUFFIXES, Target, targets
from derivations.commands.messages import complain
from derivations.commands.running import cache_for
from derivations.commands.shown import console_for_output, glyphs_of
from derivations.commands.verify import Asked
from derivations.judgement.results import Judged
from derivations.language.errors import InputError
from derivations.show.lines import error_texts, line, printed, read_lines, refused_line, repair_lines
from derivations.watching.session import Look, Session

STEP_MS = 10  # between two looks at what the system has noticed
TIMEOUT_MS = 200  # after which the watch says that nothing has happened
GATHER_MS = 30  # changes that come this soon after one another are one


class Watch:
    """What is watched and how it is shown."""

    def __init__(self, asked: Asked, session: Session, console: Console) -> None:
        self._asked, self._session, self._console = asked, session, console
        fits = expression(asked.expression) if asked.expression else None
        self._choice = Choice(fits)
        self._failed: dict[str, list[str]] = {}
        self._texts: dict[str, str] = {}

    def targets(self) -> list[Target]:
        """What the command line stands for now: files may come and go in a folder."""
        if not self._asked.words:
            return [Target(path) for path in shipped_documents()]
        found, errors = targets(self._asked.words)
        for error in errors:
            complain(str(error))
        return [target for target in found if target.path is not None]

    def look(self, wanted: Iterable[Target], first: bool = False, anew: bool = False) -> None:
        """Judges what is new in the files whose text has changed, `anew` in all of them, and shows it."""
        by_name: dict[str, list[Target]] = {}
        for target in wanted:
            by_name.setdefault(target.name, []).append(target)
        gone = set(self._texts) - set(by_name)
        for name in gone:
            del self._texts[name], self._failed[name]
        is_new = bool(gone) or first
        for name, each in by_name.items():
            start = time.perf_counter()
            try:
                text = source(each[0].path)
                if text.text == self._texts.get(name) and not anew:
                    continue
                self._texts[name] = text.text
                is_new = True
                kept = chosen([(text, each)], self._choice)
            except InputError as error:
                self._failed[name], self._texts[name] = ["not read"], ""
                complain(str(error))
                continue
            for wrong in kept.errors:
                complain(str(wrong))
            self._show(name, kept.sources[0], first, start)
        if is_new:
            self._conclude()

    def _show(self, name: str, text: Source, first: bool, start: float) -> None:
        look = self._session.look(text)
        shown = look.failed if first else look.fresh
        before, now = set(self._failed.get(name, ())), [_name(each) for each in look.failed]
        self._failed[name] = now
        mended = [each for each in before - set(now) if first or each not in map(_name, look.fresh)]
        taken = time.perf_counter() - start
        self._console.print(_headline(name, look, taken), markup=False)
        for text_error in error_texts(look.results.errors):
            self._console.print(text_error, markup=False)
        for each in shown:
            for shown_line in self._lines(each):
                printed(self._console, shown_line)
        if mended:
            self._console.print(f"  mended or gone: {', '.join(sorted(mended))}", markup=False)

    def _lines(self, each: Judged) -> list[Text]:
        glyphs = glyphs_of(self._console)
        lines = [] if each.block.refused is None else [refused_line(each.block.refused)]
        for verdict in each.verdicts:
            lines += [line(verdict, 0, glyphs), *read_lines(verdict), *repair_lines(verdict)]
        return lines

    def _conclude(self) -> None:
        failed = [f"{Path(name).name}: {each}" for name, found in self._failed.items() for each in found]
        if failed:
            shown = ", ".join(failed[:5]) + (f", … {len(failed)} in all" if len(failed) > 5 else "")
            self._console.print(Text(f"  not as expected: {shown}", "red"))
        else:
            self._console.print(Text("  everything is as expected", "green"))
        self._console.file.flush()


def _name(each: Judged) -> str:
    return each.block.id or f"line {each.block.first}"


def _headline(name: str, look: Look, taken: float) -> str:
    clock = time.strftime("%H:%M:%S")
    anew = sum(len(each.verdicts) for each in look.fresh)
    kept = len(look.results.verdicts) - anew
    return f"{clock} {Path(name).name}: {anew} judged, {kept} as before, {taken:.2f} s"


class _Documents(DefaultFilter):
    """Changes of Markdown files, and of files that are named whatever their ending."""

    def __init__(self, named: Sequence[Path]) -> None:
        self._named = {str(path.absolute()) for path in named}
        super().__init__()

    def __call__(self, change: object, path: str) -> bool:
        is_ours = path in self._named or path.lower().endswith((*SUFFIXES, ".notation"))
        return is_ours and super().__call__(change, path)  # type: ignore[arg-type]


def run(asked: Asked, ended: threading.Event | None = None) -> int:
    """Watches until the keyboard interrupts, or the event is set; the exit status is 0."""
    with Session(_cache(asked), asked.processes, thorough=asked.thorough, repair=asked.repair) as session:
        return _watch(asked, Watch(asked, session, console_for_output()), ended)


def _cache(asked: Asked) -> Remembered | None:
    return cache_for(asked.no_cache, asked.store, thorough=asked.thorough, repair=asked.repair)


def _watch(asked: Asked, seen: Watch, ended: threading.Event | None) -> int:
    found = seen.targets()
    if not found:
        complain("There is no file to watch.")
        return 2
    seen.look(found, first=True)
    named = [target.path for target in found if target.path is not None]
    # The folders, not the files: an editor saves by putting another file into the place of the old one.
    folders = {str(path.absolute().parent) for path in named}
    folders |= {str(Path(word).absolute()) for word in asked.words if Path(word).is_dir()}
    changes = watch(
        *sorted(folders),
        watch_filter=_Documents(named),
        step=STEP_MS,
        debounce=GATHER_MS,
        stop_event=ended,
        raise_interrupt=False,
        rust_timeout=TIMEOUT_MS,
        yield_on_timeout=True,
    )
    is_ready = False
    for changed in changes:
        if not is_ready:  # what was saved before the system was asked to notice
            seen.look(seen.targets())
            complain(f"Watching {len(named)} file{'s' * (len(named) != 1)}; Ctrl-C ends.")
            is_ready = True
        if changed:
            seen.look(seen.targets(), anew=any(path.endswith(".notation") for _, path in changed))
    return 0
