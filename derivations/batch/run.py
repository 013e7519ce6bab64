"""One run over documents: read them, judge every claim, count, and say with which status to exit.

Law: the exit status is the first that applies of: 4 evidence that contradicts itself, 2 wrong input, 1 a
verdict that is not as expected, 3 something undecided that was not expected to be, 0. An error silences neither the
other files nor the other claims of its own: what stands is judged completely, what does not is named, and the status
says that the input was wrong.

What it cannot see: how verdicts are shown (`lines.py`, `report/`) and how they are found (`judge.py`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from derivations.batch.cache import Remembers
from derivations.batch.workers import Answer, Judge, Workers
from derivations.judgement.results import Judged
from derivations.judgement.verdict import Verdict
from derivations.language.block import Block, Recall, Wanted
from derivations.language.blocks import blocks
from derivations.language.errors import InputError, Place
from derivations.language.files import decoded, normalised, read_text
from derivations.language.limits import FILE_BYTES
from derivations.language.remarks import Refused, Remark

if TYPE_CHECKING:
    from derivations.formulas.claims import Claim, Context
    from derivations.formulas.expressions import Expression
    from derivations.language.document import Document

CLAIM = re.compile(r"^[\s>]*[`~]{3,}\s*(?:claim\s+|\{\.claim\s+#)([^\s}]+)", re.MULTILINE)
STANDARD_INPUT = "<stdin>"  # its name in what is printed
CHOICE = re.compile(r"^\s*choose\s+(\w+)\s+in\s+(\w+)", re.MULTILINE)


@dataclass
class Inputs:
    """Documents as read, each as far as it stands, and the errors of what could not be read."""

    documents: list[Document] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)

    @property
    def claims(self) -> list[Claim]:
        return [claim for document in self.documents for claim in document.claims]

    @property
    def refused(self) -> list[Refused]:
        return [refused for document in self.documents for refused in document.refused]

    @property
    def blocks(self) -> Iterator[Block]:
        return (block for document in self.documents for block in document.blocks)

    @property
    def remarks(self) -> list[Remark]:
        return [remark for document in self.documents for remark in document.remarks]


def shipped_documents() -> list[Path]:
    """The documents that come with gradproof, in the order of their names."""
    return sorted((Path(__file__).parent.parent / "documents").glob("*.md"))


@dataclass(frozen=True)
class Source:
    """A document's text, of which the blocks are read one after the other, so that none need be kept."""

    name: str
    text: str
    wanted: Wanted | None = None

    def blocks(self, recall: Recall | None = None) -> Iterator[Block]:
        """The blocks; those that `recall` knows by their key are not read. An error is also that something in a context
        does not exist for all sizes."""
        return blocks(self.text, self.name, _exists, recall, wanted=self.wanted)

    def names(self) -> list[str]:
        """About what the claims are called with their readings, at first sight: for the width of a column."""
        choice = CHOICE.search(self.text)
        reading = f" ({choice[1]} = {choice[2]})" if choice else ""
        return [f"{name}{reading}" for name in CLAIM.findall(self.text)]


def _exists(context: Context, node: Expression) -> str | None:
    """The judge's checker, loaded where something must be checked."""
    from derivations.judgement.judge import exists_everywhere

    return exists_everywhere(context, node)


def source(path: Path | None) -> Source:
    """The text of a document in a file, None: on standard input; raises InputError where it cannot be read."""
    if path is None:
        return Source(STANDARD_INPUT, normalised(decoded(sys.stdin.buffer.read(FILE_BYTES + 1), STANDARD_INPUT)))
    try:
        return Source(str(path), normalised(read_text(path)))
    except OSError as error:
        raise InputError(error.strerror or str(error), Place(str(path))) from None


def read_document(path: Path) -> Document:
    """What stands of the document in a file; an error is also that something in a context does not exist for all
    sizes. Raises InputError where the file as a whole cannot be read."""
    from derivations.language.document import Document

    return Document.read_in_part(path, _exists)


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
    return inputs


THOROUGH = {"smallest": 64, "generic": 24}  # sizes by increasing sum, and without coincidences: about 8 times as many


def judge_claim(
    claim: Claim, thorough: bool = False, steps: bool = False, repair: bool = False, obligations: Path | None = None
) -> list[Verdict]:
    """The judge as the command line uses it: with more numeric evidence, with the derivations of gradients, with
    the nearest true formulas; with the questions of each verdict written into a directory."""
    from derivations.judgement.judge import judge

    record = None
    if obligations is not None:
        from derivations.batch.obligations import write

        record = partial(write, obligations)
    verdicts = [replace(verdict, misprint=claim.misprint) for verdict in judge(claim, record=record)]
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
    from derivations.steps.narration import narrated

    return narrated(claim, verdict)


def judged(
    blocks: Iterable[Block], judge: Judge, processes: int = 1, cache: Remembers | None = None, pool: Any = Workers
) -> Generator[Judged]:
    """Every block with the verdicts on its claims, in order; what is known of a block's text is not judged, what
    becomes known is remembered. An interrupted run gives the blocks that are complete. `pool(judge, processes)` is who
    judges: worker processes here, or a cluster."""
    with pool(judge, processes) as workers:
        yield from judged_by(workers, blocks, cache)


def judged_by(workers: Any, blocks: Iterable[Block], cache: Remembers | None = None) -> Generator[Judged]:
    """The same by workers that stay for the next run."""
    current, answers = None, []
    for block, claim, answer in workers.answers(_tasks(blocks, cache)):
        if claim is None or answer is None:
            yield Judged(block, _placed(block))
            continue
        if block is not current:
            current, answers = block, list[Answer]()
        answers.append(answer)
        if len(answers) == len(block.claims):
            yield together(block, answers, cache)


def together(block: Block, answers: Sequence[Answer], cache: Remembers | None = None) -> Judged:
    """A block with the answers to all its claims, which are remembered if they last."""
    verdicts = tuple(verdict for each in answers for verdict in each.verdicts)
    errors = tuple(each.error for each in answers if each.error is not None)
    if cache is not None and not errors and all(each.lasting for each in answers):
        cache.write(block.key, verdicts)
    defects = tuple(each.defect for each in answers if each.defect)
    read_from = _source(block)
    return Judged(block, tuple(replace(verdict, source=read_from) for verdict in verdicts), errors, defects)


def _tasks(blocks: Iterable[Block], cache: Remembers | None) -> Iterator[tuple[Block, Claim | None]]:
    """The claims to judge, each with its block; a block without any once."""
    for block in blocks:
        if block.claims and block.known is None and cache is not None:
            block = replace(block, known=cache.read(block.key))
        if block.known is not None or not block.claims:
            yield block, None
        else:
            yield from ((block, claim) for claim in block.claims)


def _placed(block: Block) -> tuple[Verdict, ...]:
    """What is known of a block, where it stands now."""
    place = {"document": block.document, "id": block.id, "line": block.line, "source": _source(block)}
    return tuple(Verdict(**vars(verdict) | place) for verdict in block.known or ())


def _source(block: Block) -> dict[str, Any] | None:
    """The formula that a claim was read from; a remembered verdict may have stood elsewhere."""
    return None if block.read_from is None else asdict(block.read_from)
