"""One recheck of a directory: every question asked of every solver present and tried with all small numbers.

Law: a verdict is confirmed only if each of its questions is: some solver says `unsat`, none says `sat`, and no small
numbers satisfy it. The exit status is the first that applies of: 4 a question is satisfied, so that a verdict is
contradicted; 2 the directory cannot be read, or is not as it was written; 3 something could not be confirmed; 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recheck.enumerate import LARGEST, WORK, Tried, small
from recheck.manifest import Entry, ManifestError, load
from recheck.script import Script, ScriptError, read
from recheck.solvers import Solver, present

CONTRADICTED, WRONG, OPEN, CONFIRMED = 4, 2, 3, 0


@dataclass(frozen=True)
class Finding:
    """What became of one question: each solver's answer, what trying small numbers showed, or why it cannot be read."""

    answers: Mapping[str, str] = field(default_factory=dict)
    tried: Tried | None = None
    error: str = ""

    @property
    def by(self) -> tuple[str, ...]:
        """The solvers that confirm it."""
        return tuple(name for name, answer in self.answers.items() if answer == "unsat")

    @property
    def contradicted(self) -> bool:
        """Whether something satisfies the question."""
        return "sat" in self.answers.values() or (self.tried is not None and self.tried.found is not None)

    @property
    def confirmed(self) -> bool:
        """Whether a solver confirms it and nothing speaks against it."""
        return bool(self.by) and not self.contradicted and not self.error


@dataclass
class Report:
    """All verdicts of a directory with the findings of their questions, by file."""

    entries: Sequence[Entry]
    solvers: tuple[str, ...]
    untouched: bool = True  # whether the directory is as it was written
    findings: dict[str, Finding] = field(default_factory=dict)

    def of(self, entry: Entry) -> list[Finding]:
        """The findings of a verdict's questions."""
        return [self.findings[name] for name in entry.questions]

    @property
    def unconfirmed(self) -> list[Entry]:
        """The verdicts that rest on questions of which one is not confirmed."""
        return [entry for entry in self.entries if not all(finding.confirmed for finding in self.of(entry))]

    @property
    def status(self) -> int:
        """The exit status."""
        findings = self.findings.values()
        if any(finding.contradicted for finding in findings):
            return CONTRADICTED
        if any(finding.error for finding in findings) or not self.untouched:
            return WRONG
        return OPEN if self.unconfirmed else CONFIRMED

    def as_json(self) -> dict[str, Any]:
        """The object of `--json`."""
        unconfirmed = self.unconfirmed
        return {
            "schema": 1,
            "solvers": list(self.solvers),
            "untouched": self.untouched,
            "verdicts": len(self.entries),
            "confirmed": len(self.entries) - len(unconfirmed),
            "questions": len(self.findings),
            "by_solver": dict(self.by_solver()),
            "by_two": sum(len(finding.by) > 1 for finding in self.findings.values()),
            "tried": sum(finding.tried is not None for finding in self.findings.values()),
            "open": [
                {"id": entry.name, "document": entry.document, "files": self.open_files(entry)} for entry in unconfirmed
            ],
            "status": self.status,
        }

    def by_solver(self) -> Counter[str]:
        """How many questions each solver confirms."""
        return Counter(name for finding in self.findings.values() for name in finding.by)

    def open_files(self, entry: Entry) -> list[str]:
        """The files of a verdict's questions that are not confirmed."""
        return [name for name in entry.questions if not self.findings[name].confirmed]

    def lines(self) -> Iterator[str]:
        """The report for a terminal."""
        for entry in self.unconfirmed:
            yield f"not confirmed  {entry.document}  {entry.name}  ({entry.verdict})"
            for name in self.open_files(entry):
                yield f"    {name}: {_said(self.findings[name])}"
        total = len(self.findings)
        confirmed = len(self.entries) - len(self.unconfirmed)
        yield f"{confirmed} of {len(self.entries)} verdicts confirmed from {total} questions"
        bare = sum(not entry.questions for entry in self.entries)
        if bare:
            yield f"of these, {bare} rest on no question: their sides are alike once they are read into sums"
        found = self.by_solver()
        told = [f"{name} {found[name]}" for name in self.solvers]
        yield f"by solver: {', '.join(told) or 'no solver is installed'}; by two or more: {self.as_json()['by_two']}"
        tried = [finding.tried for finding in self.findings.values() if finding.tried is not None]
        if tried:
            reached = sum(each.largest >= 1 for each in tried)
            found_any = sum(each.found is not None for each in tried)
            yield f"all numbers up to 1, often up to {LARGEST}, tried in {reached}: {found_any} satisfied"
        if not self.untouched:
            yield "the files are not those that were written: write them again with `gradproof verify --obligations`"


def _said(finding: Finding) -> str:
    if finding.error:
        return finding.error
    if finding.tried is not None and finding.tried.found is not None:
        return f"satisfied by {', '.join(f'{name} = {value}' for name, value in finding.tried.found.items())}"
    return ", ".join(f"{name} says {answer}" for name, answer in finding.answers.items()) or "no solver is installed"


def recheck(directory: Path, solvers: Mapping[str, Solver] | None = None, work: int = WORK) -> Report:
    """Every question of a directory, asked anew; raises ManifestError."""
    solvers = present() if solvers is None else solvers
    manifest = load(directory)
    report = Report(manifest.entries, tuple(solvers), manifest.untouched)
    known: dict[str, Finding] = {}  # files with the same script are asked once
    for name in dict.fromkeys(name for entry in report.entries for name in entry.questions):
        try:
            script = read((directory / name).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ScriptError) as error:
            report.findings[name] = Finding(error=str(getattr(error, "strerror", None) or error))
            continue
        if script.text not in known:
            known[script.text] = _found(script, solvers, work)
        report.findings[name] = known[script.text]
    return report


def _found(script: Script, solvers: Mapping[str, Solver], work: int) -> Finding:
    return Finding({name: solver(script) for name, solver in solvers.items()}, small(script, work))


__all__ = ["ManifestError", "Report", "recheck"]
