"""The questions of each verdict as SMT-LIB 2 files, for anybody's solver: `gradproof verify --obligations DIR`.

    DIR/manifest.json          the verdicts, and which files each rests on
    DIR/check.sh SOLVER...     asks any solver that reads SMT-LIB files
    DIR/document/claim/1.smt2  one question, with the claim, the sizes' context and the reading in its comments

Each worker writes the questions of the verdicts that it gives, with a record; the run collects the records at its end.
What it cannot see: whether a question is the right one for its claim.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from derivations.core.obligations import Script
from derivations.core.referee import Answered, Proof, Region
from derivations.core.writing import written
from derivations.judgement.verdict import Verdict

SETTLED = ("proved", "holds where", "refuted")
RECORD = "record.json"
CHECK = """#!/bin/sh
# Asks a solver each question, for example: ./check.sh z3 -T:10   or   ./check.sh cvc5 --tlimit=10000
# Prints the files that it does not answer with "unsat"; none of them should be answered with "sat".
cd "$(dirname "$0")" || exit 2
find . -name '*.smt2' | sort | while read -r file; do
    answer=$("$@" "$file" 2>&1 | tail -n 1)
    [ "$answer" = unsat ] || echo "$file: $answer"
done
"""


def folder(verdict: Verdict) -> Path:
    """The folder of a verdict's questions, different for different verdicts."""
    whole = json.dumps([verdict.document, verdict.id, dict(verdict.reading), verdict.link])
    digest = blake2b(whole.encode(), digest_size=4).hexdigest()
    return Path(_plain(Path(verdict.document).stem)) / f"{_plain(verdict.id)}-{verdict.link}-{digest}"


def _plain(text: str) -> str:
    """A text as a file's name."""
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)[:60] or "-"


def write(directory: Path, verdict: Verdict, shown: Sequence[Proof | Region]) -> None:
    """Writes the questions on which a verdict rests, and its record."""
    if verdict.verdict not in SETTLED:
        return
    place = folder(verdict)
    shutil.rmtree(directory / place, ignore_errors=True)
    (directory / place).mkdir(parents=True)
    files = []
    for number, (context, asked) in enumerate(_questions(shown), 1):
        comments = _comments(verdict, context, asked)
        (directory / place / f"{number}.smt2").write_text(Script(asked.question).text(comments), encoding="utf-8")
        files.append(str(place / f"{number}.smt2"))
    record: dict[str, Any] = {
        "document": verdict.document, "id": verdict.id, "link": verdict.link, "reading": dict(verdict.reading),
        "verdict": verdict.verdict, "holds_where": verdict.holds_where, "statement": verdict.statement,
        "questions": files,
    }  # fmt: skip
    (directory / place / RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def _questions(shown: Sequence[Proof | Region]) -> Iterator[tuple[str, Answered]]:
    """The questions with the contexts in which they are asked."""
    for each in shown:
        parts = (*each.inside, *each.outside) if isinstance(each, Region) else (each,)
        for part in parts:
            for asked in part.questions:
                yield written(part.goal.context), asked


def _comments(verdict: Verdict, context: str, asked: Answered) -> Iterator[str]:
    yield f"{verdict.document}, {verdict.id}, link {verdict.link}: {verdict.statement}"
    if verdict.reading:
        yield "reading: " + ", ".join(f"{name} = {value}" for name, value in verdict.reading.items())
    yield f"verdict: {verdict.verdict}" + (f" {verdict.holds_where}" if verdict.holds_where else "")
    yield f"sizes: {context or 'any'}"
    yield f"nothing satisfies this, because {asked.question.about}; so say {' and '.join(asked.by)}"


def collect(directory: Path, verdicts: Iterable[Verdict]) -> None:
    """Writes the manifest of the verdicts whose records are there, in their order, and the script."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / folder(verdict) / RECORD for verdict in verdicts if verdict.verdict in SETTLED]
    records = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    whole = {"schema": 1, "digest": _digest(directory, records), "verdicts": records}
    text = json.dumps(whole, ensure_ascii=False, indent=1)
    (directory / "manifest.json").write_text(text + "\n", encoding="utf-8")
    script = directory / "check.sh"
    script.write_text(CHECK, encoding="utf-8")
    script.chmod(0o755)


def _digest(directory: Path, records: list[dict[str, Any]]) -> str:
    """A digest of the verdicts and of what their files say; `recheck` makes its own and compares."""
    found = blake2b(json.dumps(records, sort_keys=True).encode(), digest_size=16)
    for name in (name for record in records for name in record["questions"]):
        found.update(b"\0" + (directory / name).read_bytes())
    return found.hexdigest()
