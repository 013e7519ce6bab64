"""One run over documents: read them, judge every claim, count, and say with which status to exit.

Law: the exit status is the first that applies of: 4 evidence that contradicts itself, 2 wrong input, 1 a
verdict that is not as expected, 3 something undecided that was not expected to be, 0. An error silences neither the
other files nor the other claims of its own: what stands is judged completely, what does not is named, and the status
says that the input was wrong.

What it cannot see: how verdicts are shown (`lines.py`, `report/`) and how they are found (`judge.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derivations.batch.cache import Cache
from derivations.batch.workers import Answer, Judge, Workers, in_order
from derivations.formulas.claims import Claim, Refused, Remark
from derivations.judgement.chains import first_wrong
from derivations.judgement.readings import Readings, readings_of
from derivations.judgement.verdict import Verdict
from derivations.language.errors import InputError, Place

if TYPE_CHECKING:
    from derivations.language.document import Document

WORDS = ("proved", "holds where", "refuted", "false", "undecided")


class Status(IntEnum):
    """What a run exits with."""

    AS_EXPECTED = 0
    NOT_AS_EXPECTED = 1
    INPUT_ERROR = 2
    UNDECIDED = 3
    CONTRADICTION = 4
    INTERRUPTED = 130  # 128 + SIGINT, as shells count


@dataclass
class Inputs:
    """Documents as read, each as far as it stands, and all their errors."""

    documents: list[Document] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)

    @property
    def claims(self) -> list[Claim]:
        return [claim for document in self.documents for claim in document.claims]

    @property
    def refused(self) -> list[Refused]:
        return [refused for document in self.documents for refused in document.refused]

    @property
    def remarks(self) -> list[Remark]:
        return [remark for document in self.documents for remark in document.remarks]


def shipped_documents() -> list[Path]:
    """The documents that come with gradproof, in the order of their names."""
    return sorted((Path(__file__).parent.parent / "documents").glob("*.md"))


def read_document(path: Path) -> Document:
    """What stands of the document in a file; an error is also that something in a context does not exist for all
    sizes. Raises InputError where the file as a whole cannot be read."""
    from derivations.judgement.judge import exists_everywhere
    from derivations.language.document import Document

    return Document.read_in_part(path, exists_everywhere)


def read(files: Sequence[Path]) -> Inputs:
    """Reads documents; without files, those that ship with gradproof."""
    inputs = Inputs()
    for path in files or shipped_documents():
        try:
            document = read_document(path)
        except InputError as error:
            inputs.errors.extend(error.errors)
        except OSError as error:
            inputs.errors.append(InputError(error.strerror or str(error), Place(str(path))))
        else:
            inputs.documents.append(document)
            inputs.errors.extend(document.errors)
    return inputs


@dataclass
class Results:
    """Verdicts so far, in the order of the claims, with what else decides the exit status."""

    verdicts: list[Verdict] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    interrupted: bool = False
    readings: list[Readings] = field(default_factory=list)

    def compare_readings(self, document: Document) -> Readings:
        """What the verdicts on a document, all of them given by now, say about its readings."""
        found = readings_of(document, self.verdicts)
        if found:
            self.readings.append(found)
        return found

    def add(self, claim: Claim, answer: Answer) -> None:
        """Takes one claim's answer in; a claim that judging found wrong is refused."""
        self.verdicts.extend(answer.verdicts)
        if answer.error is not None:
            if str(answer.error) not in map(str, self.errors):
                self.errors.append(answer.error)
            self.refused.append(Refused(claim.id, claim.document, claim.line))

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
        if self.errors:
            return Status.INPUT_ERROR
        if self.interrupted:
            return Status.INTERRUPTED
        if self.unexpected:
            return Status.NOT_AS_EXPECTED
        return Status.UNDECIDED if self.unexpectedly_undecided else Status.AS_EXPECTED

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


def _merely_undecided(verdict: Verdict) -> bool:
    """Undecided by a limit that was met where another verdict was hoped for: neither right nor wrong."""
    return verdict.verdict == "undecided" and not verdict.reason.startswith("a defect of gradproof")


THOROUGH = {"smallest": 64, "generic": 24}  # sizes by increasing sum, and without coincidences: about 8 times as many


def judge_claim(
    claim: Claim, thorough: bool = False, steps: bool = False, repair: bool = False
) -> list[Verdict]:
    """The judge as the command line uses it: with more numeric evidence, with the derivations of gradients, with
    the nearest true formulas."""
    from derivations.judgement.judge import judge

    verdicts = [replace(verdict, misprint=claim.misprint) for verdict in judge(claim)]
    if thorough:
        verdicts = [_thoroughly(claim, verdict) for verdict in verdicts]
    if repair:
        from derivations.repair.search import with_repair

        verdicts = [with_repair(claim, verdict) for verdict in verdicts]
    return [_with_steps(claim, verdict) for verdict in verdicts] if steps else verdicts


def _thoroughly(claim: Claim, verdict: Verdict) -> Verdict:
    """The verdict with the evidence of many more sizes; a counterexample to a proof is a contradiction."""
    from derivations import crosscheck

    evidence, witness = crosscheck.evidence(claim, claim.links[verdict.link - 1], **THOROUGH)
    if witness is None or verdict.verdict != "proved":
        return replace(verdict, evidence=evidence)
    clash = f"the kernel proves it, numeric/ refutes it at {dict(witness.sizes)}"
    return replace(
        verdict, verdict="undecided", evidence=evidence, witness=witness, contradiction=clash, as_expected=False
    )


def _with_steps(claim: Claim, verdict: Verdict) -> Verdict:
    """A proved verdict with the steps to the gradient that stands on one side, where the rules reach."""
    from derivations.steps.narration import proof_steps

    if verdict.steps or verdict.verdict != "proved":
        return verdict
    return replace(verdict, steps=proof_steps(claim, claim.links[verdict.link - 1]))


def judged(claims: Sequence[Claim], judge: Judge, processes: int = 1, cache: Cache | None = None) -> Iterator[Answer]:
    """The answers to all claims, in their order, remembered ones from the cache."""
    known: dict[int, Answer] = {}
    if cache is not None:
        for number, claim in enumerate(claims):
            found = cache.read(claim)
            if found is not None:
                known[number] = Answer(found)
    unknown = [number for number in range(len(claims)) if number not in known]
    with Workers(claims, judge, min(processes, len(unknown))) as workers:
        fresh = in_order(unknown, workers.answers(unknown))
        for number, claim in enumerate(claims):
            if number in known:
                yield _with_source(claim, known[number])
                continue
            _, found_now = next(fresh)
            if cache is not None and found_now.lasting:
                cache.write(claim, found_now.verdicts)
            yield _with_source(claim, found_now)


def _with_source(claim: Claim, found: Answer) -> Answer:
    """The answer with the formula that the claim was read from; where it stands changes no verdict."""
    if claim.source is None:
        return found
    return replace(found, verdicts=tuple(replace(verdict, source=asdict(claim.source)) for verdict in found.verdicts))
