"""The record of a run over documents: verdicts, remarks, errors, what was not judged, and the exit status.

Law: the exit status is the first that applies of: 4 evidence that contradicts itself, 70 gradproof itself failed on a
claim (which is no verdict), 2 wrong input, 1 a verdict that is not as expected, 3 something undecided that was not
expected to be, 5 there was nothing to judge, 0. Everything that is shown of a run is a pure function of this record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from derivations.judgement.chains import first_wrong
from derivations.judgement.readings import Asserted, Readings
from derivations.judgement.verdict import Evidence, Verdict
from derivations.language.block import Block
from derivations.language.errors import InputError
from derivations.language.remarks import Refused, Remark

WORDS = ("proved", "holds where", "refuted", "false", "undecided")


NOTHING = Evidence()


class Status(IntEnum):
    """What a run exits with."""

    AS_EXPECTED = 0
    NOT_AS_EXPECTED = 1
    INPUT_ERROR = 2
    UNDECIDED = 3
    DEFECT = 70  # EX_SOFTWARE of sysexits.h
    CONTRADICTION = 4
    NOTHING = 5
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


@dataclass(frozen=True)
class Judged:
    """A block of a document and what became of it: the verdicts on its claims, errors that judging them found, and what
    failed in gradproof itself."""

    block: Block
    verdicts: tuple[Verdict, ...] = ()
    errors: tuple[InputError, ...] = ()
    defects: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether something here is not as it should be: a verdict that is not expected, an error, a defect."""
        wrong = any(not v.as_expected or v.contradiction for v in self.verdicts)
        return wrong or bool(self.block.refused or self.block.errors or self.errors or self.defects)


@dataclass
class Results:
    """Verdicts so far, in the order of the claims, with what else decides the exit status. Where they are not kept
    whole, those as expected are without counterexample, evidence and steps: they have been shown."""

    verdicts: list[Verdict] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    defects: list[str] = field(default_factory=list)
    interrupted: bool = False
    stopped: bool = False  # at the first failure, as was asked
    nothing: str = ""  # why there was nothing to judge, and what to do next
    readings: list[Readings] = field(default_factory=list)
    whole: bool = True
    _asserted: Asserted = field(default_factory=lambda: Asserted(""))

    def take(self, found: Judged) -> Readings | None:
        """Takes a block in with what became of it; a claim that judging found wrong is refused. Where a document
        begins, what the verdicts on the one before say about its readings."""
        block = found.block
        ended = self.compare_readings() if block.document != self._asserted.document else None
        self._asserted.document = block.document
        self._asserted.take(block, found.verdicts)
        self.errors += block.errors
        self.errors += [error for error in found.errors if str(error) not in set(map(str, self.errors))]
        self.verdicts += found.verdicts if self.whole else map(_slim, found.verdicts)
        if block.remark is not None:
            self.remarks.append(block.remark)
        if block.refused is not None:
            self.refused.append(block.refused)
        elif found.defects:
            self.defects += found.defects
            self.refused.append(Refused(block.id, block.document, block.line, f"gradproof failed: {found.defects[0]}"))
        elif found.errors:
            self.refused.append(Refused(block.id, block.document, block.line))
        return ended

    def compare_readings(self) -> Readings | None:
        """What the verdicts on the document that was taken last, all of them given by now, say about its readings."""
        found = self._asserted.readings()
        self._asserted = Asserted("")
        if not found:
            return None
        self.readings.append(found)
        return found

    @property
    def contradictions(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.contradiction]

    @property
    def unexpected(self) -> list[Verdict]:
        """Verdicts that are not as expected, undecided and contradictory ones apart."""
        wrong = [v for v in self.verdicts if not v.as_expected and not v.contradiction]
        return [v for v in wrong if not _merely_undecided(v)]

    @property
    def unexpectedly_undecided(self) -> list[Verdict]:
        open_ones = [v for v in self.verdicts if _merely_undecided(v) and not v.contradiction]
        return [v for v in open_ones if not v.as_expected]

    @property
    def status(self) -> Status:
        if self.contradictions:
            return Status.CONTRADICTION
        if self.defects:
            return Status.DEFECT
        if self.errors:
            return Status.INPUT_ERROR
        if self.interrupted:
            return Status.INTERRUPTED
        if self.unexpected:
            return Status.NOT_AS_EXPECTED
        if self.unexpectedly_undecided:
            return Status.UNDECIDED
        return Status.NOTHING if self.nothing else Status.AS_EXPECTED

    def counts(self, document: str | None = None) -> Counter[str]:
        """How often each verdict was given, in one document or in all."""
        return Counter(v.verdict for v in self.verdicts if document in (None, v.document))

    def misprints(self, document: str | None = None) -> set[tuple[str, str]]:
        """The claims and remarks that their author marks as misprints of the source, by document and name."""
        marked = [(v.document, v.id) for v in self.verdicts if v.misprint]
        marked += [(r.document, r.id) for r in self.remarks if r.misprint]
        return {each for each in marked if document in (None, each[0])}

    def as_json(self) -> dict[str, Any]:
        """The object of `--json`: the contract's keys, the readings of each document with choices, the errors in the
        input, and whether the run was ended."""
        counts = self.counts()
        summary = {
            "claims": len({(v.document, v.id) for v in self.verdicts}),
            "verdicts": len(self.verdicts),
            **{word: counts[word] for word in WORDS},
            "remarks": len(self.remarks),
            "misprints": len(self.misprints()),
            "not_judged": len(self.refused),
            "as_expected": sum(v.as_expected for v in self.verdicts),
            "contradictions": len(self.contradictions),
            "seconds": round(sum(v.seconds for v in self.verdicts), 3),
            "interrupted": self.interrupted,
            "stopped": self.stopped,
            "nothing": self.nothing,
            "status": int(self.status),
        }
        remarks = [
            {"document": r.document, "id": r.id, "line": r.line, "text": r.text, "misprint": r.misprint}
            for r in self.remarks
        ]
        return {
            "schema": 1,
            "claims": [verdict.as_json() for verdict in self.verdicts],
            "remarks": remarks,
            "readings": [found.as_json() for found in self.readings],
            "first_wrong": [
                {"document": v.document, "id": v.id, "reading": dict(v.reading), "link": v.link}
                for v in first_wrong(self.verdicts)
            ],
            "summary": summary,
            "errors": list(map(str, self.errors)),
            "not_judged": [
                {"document": r.document, "id": r.id, "line": r.line, "reason": r.reason or "it has an error"}
                for r in self.refused
            ],
        }


def _slim(verdict: Verdict) -> Verdict:
    if verdict.contradiction or not verdict.as_expected:
        return verdict
    return replace(verdict, witness=None, evidence=NOTHING, axioms=(), repair=(), steps=(), latex="")


def _merely_undecided(verdict: Verdict) -> bool:
    """Undecided by a limit that was met where another verdict was hoped for: neither right nor wrong."""
    return verdict.verdict == "undecided"
