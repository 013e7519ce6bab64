"""The report as a tree, from documents and their verdicts: what is wrong first, then the statements, an index of the
claims, and the rules with their proofs.

Law: a pure function of the documents and the verdict records. What an author wrote and what was found stand side by
side; nothing is judged here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from derivations.formulas.claims import Claim
from derivations.judgement.results import Results
from derivations.judgement.verdict import Verdict
from derivations.language.block import Block
from derivations.language.document import Document
from derivations.language.errors import InputError, InputErrors
from derivations.language.remarks import Remark
from derivations.show.lines import GLYPHS
from derivations.show.report import nodes as n
from derivations.show.report.bibliography import bibliography_of, named
from derivations.show.report.breaking import LINE, width
from derivations.show.report.citations import Bibliography, Citations
from derivations.show.report.markup import BLOCK, Source, parse, plain, without_private
from derivations.show.report.mentions import defined_in, used_by
from derivations.show.report.pictures import footprints
from derivations.show.report.repairs import repair_to_latex
from derivations.show.report.rules import Rules
from derivations.show.report.statements import (
    as_blocks,
    broken_text,
    claim_blocks,
    context_text,
    escaped,
    readings_text,
    region_text,
    remark_text,
    witness_text,
)
from derivations.show.report.table import LEGEND, markdown_table
from derivations.typeset.integers import counted_from

COLOURS = {
    "proved": "proved",
    "holds where": "region",
    "refuted": "refuted",
    "false": "refuted",
    "undecided": "undecided",
}
SIGNS = {**GLYPHS, "open": "○"}
_GRAVEST = ("undecided", "false", "refuted", "holds where", "proved")
_LABELS = {"proved": "proved for all sizes", "holds where": "true on a region", "refuted": "true at no size"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
FRONT = re.compile(r"\A---[ \t]*\n(?P<body>.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
CITES = frozenset({"bibliography", "references"})  # fields of front matter
TITLE = "Derivations, judged"
LINE_OF_WORDS = LINE / 2  # a true formula that is longer stands in a line of its own
LONGEST_FIELD = 500  # letters of a title; more is no title


@dataclass
class Front:
    """What stands above a document: its title, authors, date and language, as plain words, and what else it says."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: str = ""
    language: str = "en"
    text: str = ""
    cites: bool = False


@dataclass
class Chapter:
    """A document, or a part of the report: its title, its place and its blocks."""

    title: n.Inlines
    id: str
    blocks: n.Blocks


@dataclass
class Report:
    """The whole: front matter, chapters, and what was reported while it was made, or makes it no report."""

    front: Front
    chapters: list[Chapter] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)


class Judged:
    """The verdicts of a run, found by claim; what they say about readings, by document."""

    def __init__(self, results: Results) -> None:
        self._verdicts: dict[tuple[Any, ...], list[Verdict]] = {}
        self.compared = {found.document: found for found in results.readings}
        for verdict in results.verdicts:
            key = (verdict.document, verdict.id, tuple(verdict.reading.items()))
            self._verdicts.setdefault(key, []).append(verdict)

    def readings(self, block: Block) -> list[tuple[Claim, list[Verdict]]]:
        """The readings of a claim block that were judged (an interrupted run leaves some out)."""
        found = []
        for claim in block.claims:
            verdicts = self._verdicts.get((claim.document, claim.id, tuple(claim.reading.items())), [])
            if len(verdicts) == len(claim.links):
                found.append((claim, verdicts))
        return found


def verdict_mark(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """The gravest word of a claim's verdicts and the words for its head: one verdict, or how many of each."""
    kinds = {verdict.verdict: sum(v.verdict == verdict.verdict for v in verdicts) for verdict in verdicts}
    gravest = next((word for word in _GRAVEST if word in kinds), "undecided")
    if len(kinds) == 1:
        label = _LABELS.get(*kinds, *kinds)
    else:
        label = ", ".join(
            f"{count} {'true on a region' if word == 'holds where' else word}" for word, count in kinds.items()
        )
    if not all(verdict.as_expected for verdict in verdicts):
        return gravest, f"{label} (not as expected)"
    return gravest, label


# -- front matter ----------------------------------------------------------------------------------------------------


def front_matter(text: str, problems: list[str], name: str) -> tuple[Front, str]:
    """What stands above a document between lines of dashes, and the document with empty lines there; as it was where
    it is not understood."""
    match = FRONT.match(text)
    if match is None:
        return Front(), text
    import yaml

    try:
        found = yaml.safe_load(match["body"])
    except (yaml.YAMLError, RecursionError) as error:
        problems.append(f"{name}:1: the front matter is not understood: {str(error).splitlines()[0]}; shown as text")
        return Front(), text
    if not isinstance(found, dict):
        return Front(), text
    authors = found.get("author", found.get("authors", ()))
    language = _field(found.get("lang", "en"))
    front = Front(
        _field(found.get("title", "")),
        tuple(map(_field, authors if isinstance(authors, list) else [authors] if authors else [])),
        _field(found.get("date", "")),
        language if _LANGUAGE.fullmatch(language) else "en",
        match["body"],
        not CITES.isdisjoint(found),
    )
    return front, "\n" * match[0].count("\n") + text[match.end() :]


def _field(value: Any) -> str:
    """One field as words; of what has parts, the name."""
    if isinstance(value, dict):
        value = value.get("name", "")
    if isinstance(value, dict | list):  # what YAML's aliases hold can be as large as they like
        return ""
    return without_private(" ".join(str(value).split()))[:LONGEST_FIELD]


# -- the whole -------------------------------------------------------------------------------------------------------


def report_tree(documents: Sequence[Document], results: Results) -> Report:
    """The tree of the whole report; raises InputErrors where a document cites what is not there."""
    judged = Judged(results)
    rules = Rules(results)
    report = Report(Front())
    chapters, fronts = [], []
    for number, document in enumerate(documents, 1):
        front, blocks = _document(document, judged, rules, number, report)
        fronts.append(front)
        title, blocks = _titled(front, blocks, PurePath(document.name).name, len(documents) > 1)
        chapters.append(Chapter(title, f"document-{number}", blocks))
    if report.errors:
        raise InputErrors(report.errors)
    report.front = fronts[0] if len(fronts) == 1 else Front()
    report.front.title = report.front.title or TITLE
    wrong = tuple(_wrong(documents, judged, results, report.problems))
    heading = "What is wrong with this document" if len(documents) == 1 else "What is wrong with these documents"
    report.chapters.append(Chapter((n.Text(heading),), "what-is-wrong", wrong))
    report.chapters += chapters
    report.chapters.append(Chapter((n.Text("Index of the claims"),), "index-of-claims", _index(documents, judged)))
    if rules.lemmas:
        report.chapters.append(Chapter((n.Text("The rules of the derivations"),), "rules", rules.blocks()))
    return report


def check_citations(documents: Sequence[Document]) -> None:
    """Raises InputErrors where a document cites what its bibliography does not have, before anything is judged."""
    nothing = Results()
    report = Report(Front())
    for number, document in enumerate(documents, 1):
        front, _ = front_matter("\n".join(_without_blocks(document)), [], document.name)
        if front.cites:
            _document(document, Judged(nothing), Rules(nothing), number, report)
    if report.errors:
        raise InputErrors(report.errors)


def _titled(front: Front, blocks: n.Blocks, name: str, several: bool) -> tuple[n.Inlines, n.Blocks]:
    """A chapter's title and blocks: of several documents each has the title of its front matter, else that of its
    first heading, else its name; the name of its file stands below. One document needs a title only where it does
    not begin with a heading."""
    head = blocks[0] if blocks else None
    if not several:
        untitled = not front.title and not isinstance(head, n.Heading)
        return ((n.Text(front.title or name),) if front.title or untitled else ()), blocks
    file = n.Paragraph((n.Code(name),))
    if front.title:
        return (n.Text(front.title),), (file, *blocks)
    if isinstance(head, n.Heading) and head.level == 1:
        return head.inside, (file, *blocks[1:])
    return (n.Text(name),), blocks


def _document(document: Document, judged: Judged, rules: Rules, number: int, report: Report) -> tuple[Front, n.Blocks]:
    """The front matter and the blocks of a document; its notes, links and labels reach over its blocks."""
    path = Path(document.name)
    folder = path.parent if path.suffix else None
    lines = _without_blocks(document)
    front, text = front_matter("\n".join(lines), report.problems, document.name)
    citations = Citations(number, document.name, _lines(document))
    if front.cites:
        citations.bibliography = _bibliography(front, citations, folder)
    source = Source(document.name, folder, number, report.problems, citations=citations)
    source.number_labels("\n".join(_labelled(document)))
    for at, block in enumerate(document.blocks):
        if block.kind != "prose":
            source.blocks[at] = _block(block, judged, rules, number, source)
    blocks = parse(text, source)
    found = judged.compared.get(document.name)
    said = parse(readings_text(found)) if found else ()
    report.errors += citations.errors
    return front, (*_with_references(blocks, citations), *said)


def _labelled(document: Document) -> Iterator[str]:
    """The texts of a document in which an equation may have a label: its prose and its remarks."""
    for block in document.blocks:
        if block.kind in ("prose", "remark"):
            yield without_private(block.source)


def _lines(document: Document) -> list[str]:
    """The lines of a document as they stand in it."""
    lines: list[str] = []
    for block in document.blocks:
        lines += [""] * (block.first - 1 - len(lines))
        lines += without_private(block.source).split("\n")
    return lines


def _without_blocks(document: Document) -> list[str]:
    """The lines of a document with a fence of our own for each of our blocks."""
    lines: list[str] = []
    for at, block in enumerate(document.blocks):
        lines += [""] * (block.first - 1 - len(lines))
        if block.kind == "prose":
            lines += without_private(block.source).split("\n")
            continue
        first = without_private(block.source.split("\n")[0])
        before = re.match(r"[\s>]*(?:(?:[-+*]|\d+[.)])\s+)?", first)
        indent = before[0] if before else ""
        rest = re.sub(r"[^\s>]", " ", indent)
        lines += [f"{indent}```{BLOCK}{at}", *[rest.rstrip()] * (block.last - block.first - 1), f"{rest}```"]
    return lines


def _bibliography(front: Front, citations: Citations, folder: Path | None) -> Bibliography:
    """What the front matter names; where that is wrong, an error and nothing."""
    try:
        found = named(front.text, citations.name, citations.lines)
        return bibliography_of(found, folder, citations.mentioned())
    except InputError as error:
        citations.errors.append(error)
        return Bibliography(None, {})


def _with_references(blocks: n.Blocks, citations: Citations) -> n.Blocks:
    """The blocks, and below them what they cite; under the document's last heading where nothing stands there."""
    listed = citations.listed()
    if listed is None:
        return blocks
    notes = blocks[-1:] if blocks and isinstance(blocks[-1], n.Footnotes) else ()
    before = blocks[: len(blocks) - len(notes)]
    heading = n.Heading(1, (n.Text("References"),), f"_references-{citations.number}")
    own = before[-1:] and isinstance(before[-1], n.Heading)
    return (*before, *(() if own else (heading,)), listed, *notes)


def claim_id(number: int, name: str) -> str:
    """The place of a claim of document number `number`."""
    return name if number == 1 else f"{number}-{name}"


def _block(block: Block, judged: Judged, rules: Rules, number: int, source: Source) -> n.Blocks:
    """One of our blocks of a document that `source` describes."""
    problems = source.problems
    place = claim_id(number, block.id)
    if block.kind == "given":
        text = parse(context_text(block.contexts), Source(problems=problems))
        drawn = (
            n.Figure(drawing, words) for drawing, words in (footprints(block.contexts[0][1]) if block.contexts else ())
        )
        names = ", ".join(block.contexts[0][1].names) if block.contexts else ""
        place = f"context-{number}-{block.first}"
        continues = block.given is not None and block.given.before is not None
        defines = defined_in(block.contexts)
        return (n.Box("given", place, (), (*text, *drawn), f"line {block.first}: {names}", defines, continues),)
    if block.kind == "notation":
        return (n.Listing(block.text),)
    if block.kind == "remark":
        label = "misprint" if block.remark and block.remark.misprint else "open"
        inside = _remark(block.remark, block, source) if block.remark else ()
        return (n.Box("open", place, _head(block.id, "open", label), inside, block.id),)
    if block.kind == "broken":
        place = place if block.id else f"line-{number}-{block.first}"
        name = block.id or f"Line {block.first}"
        inside = parse(without_private(broken_text(block)), Source(problems=problems))
        return (n.Box("refuted", place, _head(name, "refuted", "not judged"), inside, name),)
    readings = judged.readings(block)
    if not readings:
        return (n.Box("open", place, _head(block.id, "open", "not judged"), (n.Listing(block.text),), block.id),)
    word, label = verdict_mark([v for _, verdicts in readings for v in verdicts])
    inside = claim_blocks(readings, rules.places, problems)
    uses = used_by(block.claims)
    return (n.Box(word, place, _head(block.id, word, label), inside, block.id, uses=uses),)


def _remark(remark: Remark, block: Block, source: Source) -> n.Blocks:
    """The words of a remark; they begin where its block has no more empty lines."""
    above = block.text[: len(block.text) - len(block.text.lstrip())].count("\n")
    return parse(without_private(remark_text(remark)), source.within(block.first + 1 + above))


def _head(name: str, verdict: str, label: str) -> n.Inlines:
    return n.Text(name), n.Badge(verdict, label)


# -- what is wrong ---------------------------------------------------------------------------------------------------


def _wrong(documents: Sequence[Document], judged: Judged, results: Results, problems: list[str]) -> Iterator[n.Block]:
    """What the reader must know first: whether the run is complete, and each claim that is not proved."""
    for error in results.errors:
        yield _paragraph("refuted", f"Not judged: {str(error).splitlines()[0]}")
    if results.interrupted:
        yield _paragraph("refuted", "This run was interrupted; claims without a verdict were not judged.")
    if results.contradictions:
        names = ", ".join(verdict.id for verdict in results.contradictions)
        yield _paragraph("refuted", f"The evidence contradicts itself: {names}.")
    entries = [
        (number, claim, verdicts)
        for number, document in enumerate(documents, 1)
        for block in document.blocks
        for claim, verdicts in judged.readings(block)
        if any(v.verdict != "proved" or not v.as_expected for v in verdicts)
    ]
    if not entries:
        count = len(results.verdicts)
        said = "Nothing was found: every claim is proved." if count else "There is no claim that was judged."
        yield n.Paragraph((n.Text(said),))
    for group, head in ((True, "Not as expected"), (False, "Not true as it stands, as its author says")):
        chosen = (entry for entry in entries if group is not all(v.as_expected for v in entry[2]))
        items = [_item(entry, problems) for entry in _merged(chosen)]
        if items:
            yield n.Paragraph((n.Marked("strong", (n.Text(f"{head} ({len(items)})"),)),))
            yield n.Items(tuple(items))
    yield n.Heading(1, (n.Text("Counts"),), "counts")
    yield from parse(markdown_table(results))
    yield from parse(LEGEND)


def _paragraph(kind: str, words: str) -> n.Block:
    return n.Paragraph((n.Badge(kind, ""), n.Text(" " + without_private(words))))


@dataclass
class _Entry:
    """What is said of a claim that is not proved, under those of its readings of which the same is said."""

    number: int
    claim: Claim
    step: int
    verdict: str
    said: str
    repair: tuple[str, str] | str = ""
    readings: list[str] = field(default_factory=list)


def _merged(found: Iterable[tuple[int, Claim, Sequence[Verdict]]]) -> Iterator[_Entry]:
    """One entry for neighbouring readings of a claim of which the same is said."""
    last: _Entry | None = None
    for number, claim, verdicts in found:
        entry = _entry(number, claim, verdicts)
        if (
            last is not None
            and replace(entry, claim=last.claim, readings=last.readings) == last
            and (entry.claim.id == last.claim.id)
        ):
            last.readings += entry.readings
            continue
        if last is not None:
            yield last
        last = entry
    if last is not None:
        yield last


def _entry(number: int, claim: Claim, verdicts: Sequence[Verdict]) -> _Entry:
    """One claim that is not proved: its verdict, the counterexample's sizes and values, a true formula."""
    verdict = next((v for v in verdicts if not v.as_expected), None) or next(
        (v for v in verdicts if v.verdict != "proved"), verdicts[0]
    )
    said = [f"True exactly where {region_text(verdict)}."] if verdict.verdict == "holds where" else []
    link = claim.links[verdict.link - 1]
    with counted_from(claim.context.origin, {part.index for each in claim.links for part in each.free}):
        if verdict.witness is not None:
            said.append(witness_text(verdict.witness, with_data=False))
        elif verdict.reason:
            said.append(f"{escaped(verdict.reason)}.")
        repair: tuple[str, str] | str = ""
        if verdict.repair:
            repair = repair_to_latex(claim, link, verdict.repair[0]) or verdict.repair[0]
    reading = ", ".join(f"{key} = {value}" for key, value in claim.reading.items())
    step = verdict.link if len(verdicts) > 1 else 0
    return _Entry(number, claim, step, verdict.verdict, " ".join(said), repair, [reading] if reading else [])


def _item(entry: _Entry, problems: list[str]) -> n.Blocks:
    """An entry of the list; a true formula that is too long for a line stands below it."""
    claim = entry.claim
    step = f", step {entry.step}" if entry.step else ""
    readings = f" ({' or '.join(entry.readings)})" if entry.readings else ""
    head: list[n.Inline] = [
        n.Badge(entry.verdict, _LABELS.get(entry.verdict, entry.verdict)),
        n.Text(" "),
        n.Link(f"#{claim_id(entry.number, claim.id)}", (n.Text(f"{claim.id}{step}"),)),
        n.Text(f"{readings}, line {claim.line}. "),
    ]
    for block in as_blocks([entry.said], problems, claim.document):
        if isinstance(block, n.Paragraph):
            head += block.inside
    if not entry.repair:
        return (n.Paragraph(tuple(head)),)
    if isinstance(entry.repair, str):
        return (n.Paragraph((*head, n.Text(" True is "), n.Code(entry.repair), n.Text("."))),)
    if sum(map(width, entry.repair)) < LINE_OF_WORDS:
        formula = n.Mathematics(" = ".join(entry.repair))
        return (n.Paragraph((*head, n.Text(" True is "), formula, n.Text("."))),)
    return n.Paragraph((*head, n.Text(" True is"))), n.Equations((n.Row(*entry.repair),))


# -- the index -------------------------------------------------------------------------------------------------------


def _index(documents: Sequence[Document], judged: Judged) -> n.Blocks:
    """Every claim and remark with its verdict and line, each a link."""
    rows: list[tuple[n.Inlines, ...]] = [((n.Text("claim"),), (n.Text("verdict"),), (n.Text("line"),))]
    for number, document in enumerate(documents, 1):
        if len(documents) > 1:
            rows.append(((n.Marked("emphasis", (n.Text(PurePath(document.name).name),)),), (), ()))
        for block in document.blocks:
            if not block.id:
                continue
            readings = judged.readings(block)
            verdicts = [v for _, found in readings for v in found]
            word, label = verdict_mark(verdicts) if verdicts else ("open", "open" if block.remark else "not judged")
            link = n.Link(f"#{claim_id(number, block.id)}", (n.Text(block.id),))
            line = block.claims[0].line if block.claims else block.first
            rows.append(((link,), (n.Badge(word, label),), (n.Text(str(line)),)))
    return (n.Table(tuple(rows), ("left", "left", "right")),)


def words_of(title: n.Inlines) -> str:
    """A title's words alone, for bookmarks."""
    return plain(title)
